-- release: delete the lock where it is mine.
--
-- KEYS  1 lock   2 tombstone of this token   3 queue of who waits (left out where nobody
--                                             is to be told)
-- ARGV  1 token  2 TTL in ms  3 '1' to leave a tombstone in any case
--       4 entry in the queue that is not to be told (left out with the queue)
--
-- Returns 1 where it was mine and is deleted, 2 where somebody was told so besides, 0
-- where it was gone, {'refused', PTTL, 0} where it is another's. Where it was not mine an
-- acquire request of this token may still be on its way; the tombstone makes it come to
-- nothing.

local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'table' then
  return owner
end
local mine = owner == ARGV[1]
-- A deletion first, if only of an old tombstone: a node that is full refuses a script
-- whose first write needs memory, and lets one go on that has begun to free it.
redis.call('DEL', mine and KEYS[1] or KEYS[2])
if not mine or ARGV[3] == '1' then
  redis.call('SET', KEYS[2], '', 'PX', ARGV[2])
end
-- Nearly always nobody waits; to be told so by EXISTS costs less than an empty list.
if mine and KEYS[3] and (ARGV[4] ~= '' or redis.pcall('EXISTS', KEYS[3]) ~= 0) then
  return 1 + tell({KEYS[1], KEYS[3]}, {ARGV[4], ARGV[1]})
end
if mine then
  return 1
end
if owner then
  return {'refused', redis.call('PTTL', KEYS[1]), 0}
end
return 0

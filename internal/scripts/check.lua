-- check: look at a lock without touching it.
--
-- KEYS  1 lock   2 fencing counter
-- ARGV  none
--
-- Returns {owner's token or '', PTTL of the lock, fencing counter}; a PTTL of -1
-- is a lock that never expires, -2 no lock.

local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'table' then
  return owner
end
local counter = redis.pcall('GET', KEYS[2])
if type(counter) == 'table' then
  return counter
end
return {owner or '', redis.call('PTTL', KEYS[1]), tonumber(counter or '0') or 0}

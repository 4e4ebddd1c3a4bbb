-- extend: make the lock last at least the TTL from now. Never sets it, never
-- shortens it.
--
-- KEYS  1 lock   2 fencing counter (left out without fencing)
-- ARGV  1 token  2 TTL in ms
--
-- Returns 1 where it is mine, 0 where it is gone, {'refused', PTTL, 0} where it
-- is another's.

local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'table' then
  return owner
end
if not owner then
  return 0
end
if owner ~= ARGV[1] then
  return {'refused', redis.call('PTTL', KEYS[1]), 0}
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
if KEYS[2] then
  local life = math.max(604800000, 2 * ARGV[2])
  if redis.call('PTTL', KEYS[2]) < life then
    redis.call('PEXPIRE', KEYS[2], life) -- the counter outlives the lock
  end
end
return 1

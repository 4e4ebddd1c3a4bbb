-- accept: the second phase of fencing, where the nodes granted unlike counters.
--
-- KEYS  1 lock   2 fencing counter
-- ARGV  1 token  2 the fencing token proposed  3 TTL in ms
--
-- Returns 1 where accepted: the lock is mine and the counter is not above the
-- proposal, which it then becomes. Else {'refused', PTTL of the lock, counter}.
-- Both tests are needed: without either, two holders can get one token.

local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'table' then
  return owner
end
local counter = redis.pcall('GET', KEYS[2])
if type(counter) == 'table' then
  return counter
end
counter = tonumber(counter or '0')
if not counter then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds no fencing counter: delete it')
end
if owner ~= ARGV[1] or counter > tonumber(ARGV[2]) then
  return {'refused', redis.call('PTTL', KEYS[1]), counter}
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', math.max(604800000, 2 * ARGV[3]))
return 1

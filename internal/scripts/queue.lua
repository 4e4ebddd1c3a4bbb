-- queue: wait in the queue for the lock, or have the next in it told if it is free.
--
-- KEYS  1 lock   2 queue of who waits, by since when
-- ARGV  1 entry of who waits, see tell.lua; '' for nobody   2 what it has waited in µs
--       3 how long the queue is to be kept, in ms
--
-- Returns the PTTL of the lock: -2 where it is free. Where nobody is to wait the next in
-- the queue has been told so then. The queue decides nothing: it is who gets a hint.

if ARGV[1] ~= '' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[2], string.format('%.0f', time[1] * 1000000 + time[2] - ARGV[2]), ARGV[1])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[2], ARGV[3])
  end
elseif redis.call('EXISTS', KEYS[1]) == 0 then
  tell(KEYS, {'', ''})
end
return redis.call('PTTL', KEYS[1])

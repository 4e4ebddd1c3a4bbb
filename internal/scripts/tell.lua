-- tell: a part of other scripts. Tells the first who waits for the lock elsewhere that it
-- is free. Whoever is told leaves the queue, and comes back with what it has waited if
-- the lock is not his then; one whose connection is gone leaves it for good.
--
-- KEYS  1 lock   2 queue of who waits, by since when
-- ARGV  1 entry that is not to be told, and leaves, or ''   2 token that was released
--
-- An entry is a channel behind 'p' (PUBLISH) or 's' (SPUBLISH). The message is the token
-- and the lock's key. Returns 1 where somebody was told, else 0. No error of the queue or
-- of publishing, of which users may have no right, is one of the release: pcall.

if ARGV[1] ~= '' then
  redis.pcall('ZREM', KEYS[2], ARGV[1])
end
for _, entry in ipairs(redis.pcall('ZRANGE', KEYS[2], '0', '15')) do
  redis.pcall('ZREM', KEYS[2], entry)
  local publish = string.sub(entry, 1, 1) == 's' and 'SPUBLISH' or 'PUBLISH'
  local heard = redis.pcall(publish, string.sub(entry, 2), ARGV[2] .. ' ' .. KEYS[1])
  if type(heard) == 'number' and heard > 0 then
    return 1
  end
end
return 0

-- acquire: set the lock where it is free, and raise the fencing counter.
--
-- KEYS  1 lock   2 tombstone of this token   3 fencing counter (left out without fencing)
-- ARGV  1 token  2 TTL in ms                 3 lower bound of the fencing token, in plain
--                                            digits, as it may be stored; 0 without
--       4 run_id known to vote, or ''        5 uptime in s from which an unknown run votes,
--       (4 and 5 left out without a restart guard)               or '' where none does
--
-- Returns the counter (0 without fencing) where granted, else an array:
--   {'refused', PTTL of the owner, counter}   another owner has it
--   {'released'}                              this token was given up before it came here
--   {'abstained', run_id, uptime in s}        this node may have forgotten a lease
-- With a guard a grant is an array too: {'granted', counter, run_id, uptime in s}.
-- Running it twice with one token is as running it once.

local run, uptime
if ARGV[4] then
  local info = redis.call('INFO', 'server')
  run = string.match(info, 'run_id:(%w+)')
  uptime = tonumber(string.match(info, 'uptime_in_seconds:(%-?%d+)'))
  local old = ARGV[5] ~= '' and uptime >= tonumber(ARGV[5])
  if run ~= ARGV[4] and not old then
    return {'abstained', run, uptime}
  end
end

-- pcall, so that Redis's own error (WRONGTYPE) reaches the client as it is.
local owner = redis.pcall('GET', KEYS[1])
if type(owner) == 'table' then
  return owner
end

local counter = false
if KEYS[3] then
  local stored = redis.pcall('GET', KEYS[3])
  if type(stored) == 'table' then
    return stored
  end
  counter = 0
  if stored then
    counter = tonumber(stored)
    -- Sixteen digits may pass 2^53, where Lua's numbers get holes.
    if not string.match(stored, '^%d+$') or counter >= 9007199254740991 then
      return redis.error_reply('WRONGTYPE ' .. KEYS[3] .. ' holds no fencing counter below 2^53-1: delete it')
    end
  end
end

if owner and owner ~= ARGV[1] then
  return {'refused', redis.call('PTTL', KEYS[1]), counter or 0}
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return {'released'}
end

-- Raised unless this is the same grant again: while the key is mine, nobody else
-- can have raised it. Numbers are left in the notation they came in where they can be:
-- to parse and print them takes Redis longer than to store them.
if counter and not (owner and counter > 0) then
  local bound, text = tonumber(ARGV[3]), ARGV[3]
  -- A small step does no harm, whatever clock it is from.
  if bound > counter + 60000000 or bound > 9007199254740991 then
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    if bound > now + 3600000000 then
      bound, text = now, nil -- a client's clock is broken; it must not spoil the counter
    end
  end
  if bound <= counter then
    bound, text = counter + 1, nil
  end
  counter = bound
  local life = '604800000'
  if #ARGV[2] > 8 then
    life = math.max(604800000, 2 * ARGV[2])
  end
  -- %.0f: tostring would round to fourteen digits. Kept for a week after use, and set
  -- before the lock, so that no lock stands without it.
  redis.call('SET', KEYS[3], text or string.format('%.0f', counter), 'PX', life)
end

if not owner then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2]) -- a late copy must not shorten an extended lease
end
if run then
  return {'granted', counter or 0, run, uptime}
end
return counter or 0

-- handover: release the lock and acquire it for another token of the same process, in
-- one step that nothing can come between. The two halves are the scripts themselves,
-- release.lua and acquire.lua, put around these lines.
--
-- KEYS  1 lock   2 tombstone of the token released   3 tombstone of the token acquired
--       4 fencing counter (left out without fencing)
-- ARGV  1 to 3 those of release   4 and on those of acquire
--
-- Returns an array of what release and acquire return. Running it twice is as running
-- it once: the second time the lock is not the one's any more, and is the other's.

local released = release({KEYS[1], KEYS[2]}, {ARGV[1], ARGV[2], ARGV[3]})
if type(released) == 'table' and released.err then
  return released
end
return {released, acquire({KEYS[1], KEYS[3], KEYS[4]}, {unpack(ARGV, 4)})}

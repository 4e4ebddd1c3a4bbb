package main

const (
	acquireLua = "internal/scripts/acquire.lua"
	acceptLua  = "internal/scripts/accept.lua"
	extendLua  = "internal/scripts/extend.lua"
	releaseLua = "internal/scripts/release.lua"
	checkLua   = "internal/scripts/check.lua"
)

// inScripts are bugs in what is said to Redis.
var inScripts = []Mutant{
	{
		Name: "release-bare-delete", File: releaseLua,
		Old:    "local mine = owner == ARGV[1]",
		New:    "local mine = owner ~= false",
		Breaks: "a release changes nothing where the key is another's",
		By:     "simulation",
	},
	{
		Name: "release-without-tombstone", File: releaseLua,
		Old:    "if not mine or ARGV[3] == '1' then",
		New:    "if false then",
		Breaks: "a request still on its way sets no key once its token was given up",
		By:     "scripts/TestALockIsHandedOnAndOn/miniredis",
	},
	{
		Name: "release-tombstone-for-ever", File: releaseLua,
		Old:    "redis.call('SET', KEYS[2], '', 'PX', ARGV[2])",
		New:    "redis.call('SET', KEYS[2], '')",
		Breaks: "no key is written without an expiry",
		By:     "simulation",
	},
	{
		Name: "acquire-ignores-tombstone", File: acquireLua,
		Old:    "if redis.call('EXISTS', KEYS[2]) == 1 then",
		New:    "if false then",
		Breaks: "a request still on its way sets no key once its token was given up",
		By:     "scripts/TestALockIsHandedOnAndOn/miniredis",
	},
	{
		Name: "acquire-takes-over", File: acquireLua,
		Old:    "if owner and owner ~= ARGV[1] then",
		New:    "if false then",
		Breaks: "a lock that another owner has is not granted",
		By:     "simulation",
	},
	{
		Name: "acquire-compares-a-prefix", File: acquireLua,
		Old:    "if owner and owner ~= ARGV[1] then",
		New:    "if owner and string.sub(owner, 1, #ARGV[1]) ~= ARGV[1] then",
		Breaks: "tokens are compared in full: worker-1 has nothing of worker-12",
		By:     "scripts/TestScripts",
	},
	{
		Name: "acquire-without-expiry", File: acquireLua,
		Old:    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
		New:    "redis.call('SET', KEYS[1], ARGV[1])",
		Breaks: "no key is written without an expiry",
		By:     "simulation",
	},
	{
		Name: "acquire-late-copy-shortens", File: acquireLua,
		Old:    "elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then",
		New:    "else",
		Breaks: "a late copy of an acquire request does not shorten a lease extended since",
		By:     "scripts/TestScripts",
	},
	{
		Name: "acquire-wrong-type-is-held", File: acquireLua,
		Old:    "local owner = redis.pcall('GET', KEYS[1])\nif type(owner) == 'table' then\n  return owner\nend",
		New:    "local owner = redis.pcall('GET', KEYS[1])\nif type(owner) == 'table' then\n  return {'refused', redis.call('PTTL', KEYS[1]), 0}\nend",
		Breaks: "a key of another type is an error, not an owner",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-not-raised", File: acquireLua,
		Old:    "if bound <= counter then\n    bound, text = counter + 1, nil",
		New:    "if bound <= counter then\n    bound, text = counter, nil",
		Breaks: "fencing tokens rise from holder to holder",
		By:     "scripts/TestALockIsHandedOnAndOn/miniredis",
	},
	{
		Name: "counter-ignores-hint", File: acquireLua,
		Old:    "if bound <= counter then",
		New:    "if true then",
		Breaks: "a node that lost its counter does not hand out old fencing tokens",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-believes-any-hint", File: acquireLua,
		Old:    "if bound > now + 3600000000 then",
		New:    "if false then",
		Breaks: "one client with a broken clock does not spoil a counter",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-asks-no-clock", File: acquireLua,
		Old:    "if bound > counter + 60000000 or",
		New:    "if bound > counter + 60000000000 or",
		Breaks: "one client with a broken clock does not spoil a counter",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-beyond-what-lua-can-count", File: acquireLua,
		Old:    " or bound > 9007199254740991 then",
		New:    " then",
		Breaks: "a counter stays below 2^53, and is stored as it was granted",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-dies-before-a-long-lease", File: acquireLua,
		Old:    "if #ARGV[2] > 8 then",
		New:    "if #ARGV[2] > 9 then",
		Breaks: "the counter outlives the lock",
		By:     "scripts/TestScripts",
	},
	{
		Name: "counter-by-tostring", File: acquireLua,
		Old:    "string.format('%.0f', counter)",
		New:    "string.format('%.14g', counter)", // what tostring does
		Breaks: "a counter is stored to its last digit",
		By:     "simulation",
	},
	{
		Name: "counter-for-ever", File: acquireLua,
		Old:    "redis.call('SET', KEYS[3], text or string.format('%.0f', counter), 'PX', life)",
		New:    "redis.call('SET', KEYS[3], text or string.format('%.0f', counter))",
		Breaks: "no key is written without an expiry",
		By:     "simulation",
	},
	{
		Name: "counter-dies-before-its-lock", File: extendLua,
		Old:    "if redis.call('PTTL', KEYS[2]) < life then",
		New:    "if false then",
		Breaks: "the counter outlives the lock, however often that is extended",
		By:     "scripts/TestScripts",
	},
	{
		Name: "accept-any-owner", File: acceptLua,
		Old:    "if owner ~= ARGV[1] or counter > tonumber(ARGV[2]) then",
		New:    "if counter > tonumber(ARGV[2]) then",
		Breaks: "a fencing token is accepted only where the lock is still its proposer's",
		By:     "scripts/TestScripts",
	},
	{
		Name: "accept-any-counter", File: acceptLua,
		Old:    "if owner ~= ARGV[1] or counter > tonumber(ARGV[2]) then",
		New:    "if owner ~= ARGV[1] then",
		Breaks: "a fencing token is accepted only where the counter is not above it",
		By:     "scripts/TestScripts",
	},
	{
		Name: "accept-writes-nothing", File: acceptLua,
		Old:    "redis.call('SET', KEYS[2], ARGV[2], 'PX', math.max(604800000, 2 * ARGV[3]))",
		New:    "if false then redis.call('SET', KEYS[2], ARGV[2]) end",
		Breaks: "a fencing token accepted is written back",
		By:     "scripts/TestScripts",
	},
	{
		Name: "extend-sets-again", File: extendLua,
		Old:    "if not owner then\n  return 0\nend",
		New:    "if not owner then\n  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n  return 1\nend",
		Breaks: "an extension never revives a lock that is gone",
		By:     "scripts/TestScripts",
	},
	{
		Name: "extend-shortens", File: extendLua,
		Old:    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then",
		New:    "if true then",
		Breaks: "an extension never shortens a lease",
		By:     "scripts/TestScripts",
	},
	{
		Name: "extend-any-owner", File: extendLua,
		Old:    "if owner ~= ARGV[1] then",
		New:    "if false then",
		Breaks: "an extension touches nothing of another owner's",
		By:     "scripts/TestScripts",
	},
	{
		Name: "guard-left-out-of-the-script", File: acquireLua,
		Old:    "if run ~= ARGV[4] and not old then",
		New:    "if false then",
		Breaks: "a node that may have forgotten a lease does not vote",
		By:     "scripts/TestScripts",
	},
	{
		Name: "check-swallows-an-error", File: checkLua,
		Old:    "local owner = redis.pcall('GET', KEYS[1])\nif type(owner) == 'table' then\n  return owner\nend",
		New:    "local owner = redis.pcall('GET', KEYS[1])\nif type(owner) == 'table' then\n  owner = false\nend",
		Breaks: "a node's error is told, and never taken for a free lock",
		By:     "scripts/TestScripts",
	},
}

package twin_test

import "github.com/lilith/distlock/internal/scripts"

// corners are programs that random bytes seldom write.
var corners = [][]step{
	{ // a hint out of bounds by the node's clock, but just above the counter, and by all
		plain("set", "job:fence", "9007199254740988"),
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "9007199254740993"),
		plain("get", "job:fence"),
		plain("del", "job"),
		plain("set", "job:fence", "9007199254740989"),
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "9007199254740991"),
		run(scripts.Check, 2, "job", "job:fence"),
	},
	{ // the counter of an extended lock is gone
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "7"),
		plain("del", "job:fence"),
		run(scripts.Extend, 2, "job", "job:fence", "me", "250000"),
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "7"),
		run(scripts.Accept, 2, "job", "job:fence", "me", "7", "150000"),
		run(scripts.Accept, 2, "job", "job:fence", "me", "6", "150000"),
	},
	{ // nobody's lock, where the token is empty
		run(scripts.Accept, 2, "job", "job:fence", "", "7", "150000"),
		run(scripts.Extend, 2, "job", "job:fence", "", "150000"),
		run(scripts.Release, 2, "job", "job:dead", "", "150000", "0"),
	},
	{ // the lock is handed on, again by a late copy, and once more to one who has given up
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "7"),
		run(scripts.HandOver, 4, "job", "job:dead", "job:dead2", "job:fence", "me", "150000", "0", "you", "250000", "0"),
		run(scripts.HandOver, 4, "job", "job:dead", "job:dead2", "job:fence", "me", "150000", "0", "you", "250000", "0"),
		plain("set", "job:dead3", "", "px", "450000"),
		run(scripts.HandOver, 3, "job", "job:dead2", "job:dead3", "you", "150000", "1", "they", "250000", "0"),
		run(scripts.Check, 2, "job", "job:fence"),
	},
	{ // a counter that is none is an error of one half of a hand-over
		plain("set", "job", "me"),
		plain("hset", "job:fence", "f", "v"),
		run(scripts.HandOver, 4, "job", "job:dead", "job:dead2", "job:fence", "me", "150000", "0", "you", "250000", "0"),
		plain("get", "job"),
	},
	{ // each who waits is told once, the first first, and who is gone is passed over
		run(scripts.Queue, 2, "job", "job:queue", "pgone", "5000000000", "450000"),
		run(scripts.Queue, 2, "job", "job:queue", "pear:one", "0", "150000"),
		run(scripts.Queue, 2, "job", "job:queue", "pear:two", "1000000000", "150000"),
		plain("zrange", "job:queue", 0, -1),
		plain("set", "job", "me"),
		run(scripts.Queue, 2, "job", "job:queue", "", "0", "0"),
		run(scripts.Release, 3, "job", "job:dead", "job:queue", "me", "150000", "0", "pear:two"),
		run(scripts.Release, 3, "job", "job:dead", "job:queue", "me", "150000", "0", "pear:two"),
		plain("exists", "job:queue"),
		plain("zadd", "job:queue", "1", "pear:two"),
		run(scripts.Queue, 2, "job", "job:queue", "", "0", "0"),
	},
	{ // a queue of the wrong type is nobody's business but theirs who wait
		plain("set", "job", "me"),
		plain("hset", "job:queue", "f", "v"),
		run(scripts.Release, 3, "job", "job:dead", "job:queue", "me", "150000", "0", "pear:two"),
		run(scripts.Queue, 2, "job", "job:queue", "", "0", "0"),
		run(scripts.Queue, 2, "job", "job:queue", "pear:two", "0", "150000"),
	},
	{ // a tombstone of the wrong type is one as well
		plain("hset", "job:dead", "f", "v"),
		run(scripts.Acquire, 2, "job", "job:dead", "me", "150000", "0"),
		run(scripts.Release, 2, "job", "job:dead", "me", "150000", "0"),
		plain("get", "job:dead"),
	},
}

// run is a step that runs a script by its source.
func run(s *scripts.Script, keys int, words ...any) step {
	return step{args: append([]any{"EVAL", s.Source, keys}, words...)}
}

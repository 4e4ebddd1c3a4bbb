package twin

import (
	"errors"
	"slices"
	"strings"
)

// An Error is an error that the node answers, told apart by its first word. It is a
// redis.Error: what go-redis makes of an error reply.
type Error string

func (e Error) Error() string { return string(e) }

// RedisError implements redis.Error.
func (Error) RedisError() {}

// ErrDown is returned by a node that has crashed: nobody answers.
var ErrDown = errors.New("twin: the node is down")

const (
	errNoScript  Error = "NOSCRIPT No matching script. Please use EVAL."
	errWrongType Error = "WRONGTYPE Operation against a key holding the wrong kind of value"
	errNoInteger Error = "ERR value is not an integer or out of range"
	errSyntax    Error = "ERR syntax error"
)

// A Failure is an error that a node answers to some of what it is asked, in the
// words of Redis 7.0.
type Failure struct {
	// Text is what Redis says. {command} in it stands for the command's name.
	Text  string
	Stops Stops

	// Long, where not empty, is what Redis says to a command of more than ten words.
	Long string

	// Commands are the commands stopped, in lower case; nil for all. A command
	// stopped so is not looked at: an unknown script is not told as such.
	Commands []string
}

// Stops says which commands a [Failure] stops.
type Stops uint8

// Within a script, Writes and Growth stop the call of the command and leave what
// was done before.
const (
	ByName Stops = iota // those of Failure.Commands, before anything is done
	Writes              // a command that writes, also where it would change nothing
	Growth              // SET, HSET and ZADD; in a script only where no write came before
)

// The failures that a Redis is known for. Under Misconfigured Redis refuses PING as
// well, and answers INFO and TIME while it is Loading; a Node does not.
var (
	Loading         = &Failure{Text: "LOADING Redis is loading the dataset in memory"}
	Unauthenticated = &Failure{
		Text: "NOAUTH Authentication required.",
		Long: "ERR Protocol error: unauthenticated multibulk length",
	}
	NoPermission = &Failure{
		Text:     "NOPERM this user has no permissions to run the '{command}' command",
		Commands: []string{"eval", "evalsha"},
	}
	NoKeyPermission = &Failure{
		Text:     "NOPERM this user has no permissions to access one of the keys used as arguments",
		Commands: []string{"eval", "evalsha", "get", "set", "del", "exists", "pttl", "pexpire", "hset", "type", "zadd", "zrange", "zrem"},
	}
	ReadOnly      = &Failure{Text: "READONLY You can't write against a read only replica.", Stops: Writes}
	Misconfigured = &Failure{
		Text: "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
			"Commands that may modify the data set are disabled, because this instance is configured to report errors " +
			"during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
			"Please check the Redis logs for details about the RDB error.",
		Stops: Writes,
	}
	OutOfMemory = &Failure{Text: "OOM command not allowed when used memory > 'maxmemory'.", Stops: Growth}
)

// Fail makes the node answer with f from now on; nil ends that. A restart does not.
func (n *Node) Fail(f *Failure) { n.failure = f }

// FailWith is Fail with an error of the caller's own words, for the commands named,
// or for every command where none is.
func (n *Node) FailWith(text string, commands ...string) {
	n.failure = &Failure{Text: text, Commands: commands}
}

// A demand is what a command wants of its node.
type demand uint8

const (
	reads  demand = iota
	writes        // and frees memory, or takes none
	grows         // writes, and takes memory
)

// refuses returns the error that stops a command, and "" where nothing does.
func (f *Failure) refuses(command string, d demand, freed bool) string {
	var stopped bool
	switch {
	case f == nil:
	case f.Stops == Writes:
		stopped = d != reads
	case f.Stops == Growth:
		stopped = d == grows && !freed
	default:
		stopped = f.Commands == nil || slices.Contains(f.Commands, command)
	}
	if !stopped {
		return ""
	}
	return strings.ReplaceAll(f.Text, "{command}", command)
}

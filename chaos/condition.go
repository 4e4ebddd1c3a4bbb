package chaos

import "strings"

// What Redis 7.0 says.
const (
	readOnlyText = "READONLY You can't write against a read only replica."
	loadingText  = "LOADING Redis is loading the dataset in memory"
	oomText      = "OOM command not allowed when used memory > 'maxmemory'."
	misconfText  = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
		"Commands that may modify the data set are disabled, because this instance is configured to report errors " +
		"during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). " +
		"Please check the Redis logs for details about the RDB error."
	noAuthText    = "NOAUTH Authentication required."
	noAuthHello   = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
	wrongPassText = "WRONGPASS invalid username-password pair or user is disabled."
	noPermText    = "NOPERM this user has no permissions to run the '%s' command"
)

// writeCommands change data; true are those that take memory.
var writeCommands = func() map[string]bool {
	all := make(map[string]bool)
	for name := range strings.FieldsSeq("APPEND BITFIELD BITOP COPY DECR DECRBY GEOADD GEORADIUS GEOSEARCHSTORE " +
		"GETSET HINCRBY HINCRBYFLOAT HMSET HSET HSETEX HSETNX INCR INCRBY INCRBYFLOAT LINSERT LMOVE LPUSH LPUSHX LSET " +
		"MSET MSETEX MSETNX PFADD PFMERGE PSETEX RESTORE RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SET SETBIT SETEX " +
		"SETNX SETRANGE SINTERSTORE SORT SUNIONSTORE XADD XCLAIM XAUTOCLAIM XGROUP ZADD ZINCRBY ZINTERSTORE " +
		"ZDIFFSTORE ZRANGESTORE ZUNIONSTORE BLMOVE BRPOPLPUSH") {
		all[name] = true
	}
	for name := range strings.FieldsSeq("BLPOP BRPOP BLMPOP BZPOPMAX BZPOPMIN BZMPOP DEL EXPIRE EXPIREAT FLUSHALL " +
		"FLUSHDB GETDEL GETEX HDEL HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST HGETDEL LMPOP LPOP LREM LTRIM " +
		"MIGRATE MOVE PERSIST PEXPIRE PEXPIREAT RENAME RENAMENX RPOP SMOVE SPOP SREM SWAPDB UNLINK XACK XDEL XTRIM " +
		"XREADGROUP XSETID ZMPOP ZPOPMAX ZPOPMIN ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE") {
		all[name] = false
	}
	return all
}()

// refusesWrites returns what a server in the condition says to a command that
// changes data, in a script or not; "" where it carries it out.
func refusesWrites(c Condition, name string) string {
	takesMemory, isWrite := writeCommands[name]
	switch {
	case c == IsReadOnly && isWrite:
		return readOnlyText
	case c == HasMisconf && isWrite:
		return misconfText
	case c == IsFull && isWrite && takesMemory:
		return oomText
	}
	return ""
}

func isScript(name string) bool {
	switch name {
	case "EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO":
		return true
	}
	return false
}

// answers returns what a proxy answers in the place of a server in the condition. It
// cannot see which scripts write: while writeCommands are refused it refuses each.
func answers(c Condition) func(command string) string {
	if c == Healthy || c == BadCertificate {
		return nil
	}
	return func(name string) string {
		if text := answer(c, name); text != "" {
			return "-" + text + "\r\n"
		}
		return ""
	}
}

func answer(c Condition, name string) string {
	switch c {
	case IsLoading:
		if !isHandshake(name) {
			return loadingText
		}
	case WantsPassword:
		switch name {
		case "QUIT":
			return ""
		case "HELLO":
			return noAuthHello
		case "AUTH":
			return wrongPassText
		}
		return noAuthText
	case ForbidsScripts:
		if isScript(name) || name == "SCRIPT" {
			return strings.Replace(noPermText, "%s", strings.ToLower(name), 1)
		}
	case IsReadOnly, IsFull, HasMisconf:
		if isScript(name) {
			name = "SET"
		}
		return refusesWrites(c, name)
	case Healthy, BadCertificate:
	}
	return ""
}

package node_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// answering returns a node whose server answers every script as told.
func answering(t *testing.T, answer func(c *server.Peer, args []string)) *node.Node {
	s, err := server.NewServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	require.NoError(t, s.Register("EVALSHA", func(c *server.Peer, _ string, args []string) { answer(c, args) }))
	return newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: s.Addr().String()})))
}

func TestErrorsAsOlderServersPutThemAreUnderstood(t *testing.T) {
	for text, rejected := range map[string]bool{
		// Redis 6 puts words of its own before the error of a command in a script.
		"ERR Error running script (call to f_0c1): @user_script:26: -NOPERM this user has no permissions":                           true,
		"ERR Error running script (call to f_0c1): @user_script:26: WRONGTYPE Operation against a key":                              true,
		"ERR Error running script (call to f_0c1): @user_script:26: @user_script: 26: -READONLY You can't write against a replica.": false,
		"ERR Error running script (call to f_0c1): @user_script:26: @user_script: 26: -OOM command not allowed":                     false,
		"ERR The user executing the script can't run this command or subcommand script: 0c1, on @user_script:26.":                   true,
		"ERR Protocol error: unauthenticated multibulk length":                                                                      true,
		"ERR Protocol error: unauthenticated bulk length":                                                                           true,
		"ERR AUTH <password> called without any password configured for the default user.":                                          true,
		"WRONGPASS invalid username-password pair or user is disabled.":                                                             true,
		"BUSY Redis is busy running a script.":                                                                                      false,
		"TRYAGAIN Multiple keys request during rehashing of slot":                                                                   false,
		"ERR max number of clients reached":                                                                                         false,
		"ERR a key named WRONGTYPE":                                                                                                 false,
	} {
		n := answering(t, func(c *server.Peer, _ []string) { c.WriteError(text) })
		requireFailed(t, ask(n, request("mine"), node.Acquire), rejected, text)
	}
}

func TestAnAnswerThatNoScriptGivesIsNoVote(t *testing.T) {
	list := func(items ...any) func(*server.Peer, []string) {
		return func(c *server.Peer, _ []string) {
			c.WriteLen(len(items))
			for _, item := range items {
				switch v := item.(type) {
				case int:
					c.WriteInt(v)
				case string:
					c.WriteBulk(v)
				}
			}
		}
	}
	answers := map[string]func(*server.Peer, []string){
		"a string":                   func(c *server.Peer, _ []string) { c.WriteBulk("granted") },
		"a status":                   func(c *server.Peer, _ []string) { c.WriteOK() },
		"an empty list":              list(),
		"a list of a number":         list(1),
		"an unknown word":            list("maybe", 1),
		"a grant without a counter":  list("granted"),
		"a grant of a word":          list("granted", "1"),
		"a refusal without a PTTL":   list("refused"),
		"a refusal without a number": list("refused", 5, "x"),
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			n := answering(t, answer)
			for call, newCall := range calls {
				r := ask(n, request("mine"), newCall)
				require.Equal(t, distlock.Unreachable, r.Outcome, call)
				require.False(t, r.Rejected, call)
				require.ErrorContains(t, r.Err, "unexpected answer", call)
			}
		})
	}
	t.Run("no value", func(t *testing.T) {
		n := answering(t, func(c *server.Peer, _ []string) { c.WriteNull() })
		r := ask(n, request("mine"), node.Acquire)
		require.Equal(t, distlock.Unreachable, r.Outcome)
		require.Error(t, r.Err)
	})
	t.Run("a number that only acquire gives", func(t *testing.T) {
		n := answering(t, func(c *server.Peer, _ []string) { c.WriteInt(2) })
		for call, newCall := range calls {
			if call == "acquire" {
				continue
			}
			require.ErrorContains(t, ask(n, request("mine"), newCall).Err, "unexpected answer", call)
		}
	})
}

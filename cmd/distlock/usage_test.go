package main

import (
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

func TestUsageErrorsNameTheFlag(t *testing.T) {
	const node = "redis://127.0.0.1:1"
	good := []string{"run", "--node", node, "--key", "k"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no command of distlock":    {nil, "name a command"},
		"an unknown one":            {[]string{"steal"}, `no command "steal"`},
		"an unknown flag":           {[]string{"--steal"}, "--steal"},
		"an unknown flag of run":    {args(good, "--steal", "--", "true"), "--steal"},
		"no node":                   {[]string{"run", "--key", "k", "--", "true"}, "--node"},
		"no key":                    {[]string{"run", "--node", node, "--", "true"}, "--key"},
		"an empty key":              {[]string{"run", "--node", node, "--key", "", "--", "true"}, "--key"},
		"no command to run":         {good, "after --"},
		"none after the separator":  {args(good, "--"), "after --"},
		"no separator":              {args(good, "true"), `"true"`},
		"a TTL that is none":        {args(good, "--ttl", "soon", "--", "true"), "--ttl"},
		"a TTL of 0":                {args(good, "--ttl", "0s", "--", "true"), "--ttl"},
		"a negative TTL":            {args(good, "--ttl", "-1s", "--", "true"), "--ttl"},
		"a TTL too short":           {args(good, "--ttl", "9ms", "--", "true"), "--ttl"},
		"a TTL without a value":     {args(good, "--ttl"), "--ttl"},
		"a negative wait":           {args(good, "--wait", "-1s", "--", "true"), "--wait"},
		"a wait that is none":       {args(good, "--wait", "long", "--", "true"), "--wait"},
		"a negative grace":          {args(good, "--grace", "-1s", "--", "true"), "--grace"},
		"a node timeout of 0":       {args(good, "--node-timeout", "0s", "--", "true"), "--node-timeout"},
		"one above the TTL":         {args(good, "--node-timeout", "31s", "--", "true"), "--node-timeout"},
		"a node that is no URL":     {[]string{"run", "--node", "127.0.0.1:6379", "--key", "k", "--", "true"}, "--node"},
		"a scheme not known":        {[]string{"run", "--node", "http://h", "--key", "k", "--", "true"}, "--node"},
		"a database that is none":   {[]string{"run", "--node", "redis://h/x", "--key", "k", "--", "true"}, "--node"},
		"a node named twice":        {args(good, "--node", node+"/2", "--", "true"), "--node"},
		"no node for status":        {[]string{"status", "--key", "k"}, "--node"},
		"no key for status":         {[]string{"status", "--node", node}, "--key"},
		"an argument for status":    {[]string{"status", "--node", node, "--key", "k", "l"}, `"l"`},
		"an argument for demo":      {[]string{"demo", "now"}, "demo"},
		"an unknown flag of status": {[]string{"status", "--yaml"}, "--yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := inProcess(c.args...)
			require.Equal(t, exitUsage, code, stderr)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.want)
			require.Contains(t, stderr, "distlock: ")
		})
	}
}

func TestABadNodeOfTheEnvironmentIsSaidToComeFromThere(t *testing.T) {
	t.Setenv(nodesEnv, "redis://127.0.0.1:1, ftp://127.0.0.1:2")
	code, _, stderr := inProcess("status", "--key", "k")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "DISTLOCK_NODES, number 2 of 2")
}

func TestACommandThatIsNotThereNeedsNoLock(t *testing.T) {
	code, _, stderr := inProcess("run", "--node", "redis://127.0.0.1:1", "--key", "k", "--", "no-such-command-anywhere")
	require.Equal(t, exitNotFound, code)
	require.Contains(t, stderr, "no-such-command-anywhere")
}

func TestPasswordsAreNeverPrinted(t *testing.T) {
	locked := miniredis.RunT(t)
	locked.RequireAuth("correct-horse")
	for name, url := range map[string]string{
		"a wrong one":                   "redis://:hunter2@" + locked.Addr(),
		"a wrong one with a user":       "redis://battery:hunter2@" + locked.Addr(),
		"a right one of a node down":    "redis://:hunter2@127.0.0.1:1",
		"with a slash":                  "redis://:hunter2/hunter2@h:6379",
		"with a slash, after digits":    "redis://:12/hunter2@h:6379",
		"with a number sign":            "redis://:12#hunter2@h:6379",
		"with a question mark":          "redis://:12?hunter2@h:6379",
		"with a question mark, a value": "redis://:12?pool_size=hunter2@h:6379",
		"with a percent sign":           "redis://:hunter2%zz@h:6379",
		"with a space":                  "redis://:hunter2 hunter2@h:6379",
		"with a control character":      "redis://:hunter2\x01@h:6379",
		"of an unknown scheme":          "http://:hunter2@h:6379",
		"without a scheme":              "user:hunter2@h:6379",
		"with a database that is none":  "redis://:hunter2@h:6379/x",
		"with an unknown option":        "redis://:hunter2@h:6379?x=1",
	} {
		t.Run(name, func(t *testing.T) {
			for _, a := range [][]string{
				{"run", "--node", url, "--key", "k", "--", "go"},
				{"run", "--node", "redis://127.0.0.1:1", "--node", url, "--key", "k", "--", "go"},
				{"run", "--key", "k", "--ttl", url, "--", "go"}, // in the wrong place
				{"run", "--key", "k", "--nodes", url, "--", "go"},
				{"run", "--key", "k", "--nodes=" + url, "--", "go"},
				{"status", "--node", url, "--key", "k"},
				{"status", "--node", url, "--key", "k", "--json"},
			} {
				code, stdout, stderr := inProcess(a...)
				require.Contains(t, []int{exitUsage, exitUnavailable}, code, "%q", a)
				require.NotContains(t, stdout+stderr, "hunter2", "%q", a)
				require.NotEmpty(t, stderr)
			}
		})
	}
}

func TestAMessageThatQuotesAURLLosesItsCredentials(t *testing.T) {
	var out strings.Builder
	say(&out, `parse "redis://user:hun@ter2@h:6379": oh`)
	require.Equal(t, "distlock: parse \"redis://***@h:6379\": oh\n", out.String())
}

func TestAPasswordMayHaveACommaOnTheCommandLine(t *testing.T) {
	node := miniredis.RunT(t)
	node.RequireAuth("a,b")
	code, stdout, stderr := inProcess("status", "--node", "redis://:a,b@"+node.Addr(), "--key", "k")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "free")
}

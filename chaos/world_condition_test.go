package chaos_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/single"
)

// texts are what the conditions' errors begin with.
var texts = map[chaos.Condition]string{
	chaos.IsReadOnly:     "READONLY You can't write against a read only replica.",
	chaos.IsLoading:      "LOADING Redis is loading the dataset in memory",
	chaos.IsFull:         "OOM command not allowed when used memory > 'maxmemory'.",
	chaos.HasMisconf:     "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
	chaos.WantsPassword:  "NOAUTH Authentication required.",
	chaos.ForbidsScripts: "NOPERM",
}

const writeScript = "return redis.call('SET', KEYS[1], ARGV[1])"

func TestAConditionIsAnErrorUntilItIsHealed(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, ctx := c.Nodes()[0], t.Context()
		open := asker(t, n)
		for condition, text := range texts {
			require.NoError(t, open.Eval(ctx, writeScript, []string{"k"}, "before").Err())
			require.NoError(t, n.Suffer(ctx, condition))
			require.NoError(t, n.Suffer(ctx, condition))
			for range 2 {
				err := asker(t, n).Eval(ctx, writeScript, []string{"k"}, "during").Err()
				require.ErrorContains(t, err, text, "on a new connection")
			}
			err := open.Eval(ctx, writeScript, []string{"k"}, "during").Err()
			if condition == chaos.WantsPassword && err != nil { // the connection was reset
				err = open.Eval(ctx, writeScript, []string{"k"}, "during").Err()
			}
			require.ErrorContains(t, err, text, "on a connection that was open")
			require.NoError(t, n.Suffer(ctx, chaos.Healthy))
			require.NoError(t, n.Suffer(ctx, chaos.Healthy))
			require.Equal(t, "before", open.Get(ctx, "k").Val())
		}
		require.NoError(t, asker(t, n).Set(ctx, "k", "after", 0).Err())
	})
}

func TestOneConditionReplacesAnother(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, ctx := c.Nodes()[0], t.Context()
		for first := range texts {
			for second, text := range texts {
				require.NoError(t, n.Suffer(ctx, first))
				require.NoError(t, n.Suffer(ctx, second))
				err := asker(t, n).Eval(ctx, writeScript, []string{"k"}, "v").Err()
				require.ErrorContains(t, err, text, "after %v", first)
			}
		}
	})
}

func TestWhileWritesAreRefusedReadsAreNot(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, ctx := c.Nodes()[0], t.Context()
		do(t, n, "SET", "k", "1")
		for _, condition := range []chaos.Condition{chaos.IsReadOnly, chaos.IsFull, chaos.HasMisconf} {
			require.NoError(t, n.Suffer(ctx, condition))
			client := asker(t, n)
			require.Equal(t, "1", client.Get(ctx, "k").Val())
			require.ErrorContains(t, client.Set(ctx, "k", "2", 0).Err(), texts[condition])
			if condition == chaos.IsFull {
				require.NoError(t, client.Del(ctx, "other").Err(), "it takes no memory")
			}
		}
	})
}

func TestAConditionLastsThroughACrash(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, ctx := c.Nodes()[0], t.Context()
		for condition, text := range texts {
			require.NoError(t, n.Suffer(ctx, condition))
			restart(t, n, chaos.Kept)
			err := asker(t, n).Eval(ctx, writeScript, []string{"k"}, "v").Err()
			require.ErrorContains(t, err, text)
		}
		require.NoError(t, n.Crash(ctx))
		require.ErrorContains(t, n.Suffer(ctx, chaos.IsFull), "down")
		require.NoError(t, n.Suffer(ctx, chaos.Healthy), "it will start so")
		require.NoError(t, n.Start(ctx, chaos.Kept))
		require.NoError(t, asker(t, n).Set(ctx, "k", "1", 0).Err())
	})
}

func TestALockIsToldTheConditionOfItsNode(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		locker, err := single.New(c.Dial()[0], distlock.Config{MaxRetries: distlock.NoRetries})
		require.NoError(t, err)
		defer locker.Close()
		for condition, text := range texts {
			require.NoError(t, c.Nodes()[0].Suffer(t.Context(), condition))
			_, err = locker.TryAcquire(t.Context(), "k")
			require.ErrorContains(t, err, text[:5])
			require.ErrorContains(t, err, c.Nodes()[0].Name())
			require.NotErrorIs(t, err, distlock.ErrHeld)
		}
		heal(t, c)
		h, err := locker.WaitForLock(t.Context(), "k", patient)
		require.NoError(t, err)
		require.NoError(t, h.Release(t.Context()))
	})
}

func TestNodesSpeakTLS(t *testing.T) {
	for name, start := range map[string]func() (*chaos.Cluster, error){
		"embedded":  func() (*chaos.Cluster, error) { return chaos.StartEmbedded(1, chaos.ClusterOptions{TLS: true}) },
		"processes": func() (*chaos.Cluster, error) { return chaos.StartProcesses(1, chaos.ClusterOptions{TLS: true}) },
		"servers": func() (*chaos.Cluster, error) {
			return chaos.Connect(chaos.Embedded(t, 1).URLs(), chaos.ClusterOptions{TLS: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "processes" {
				chaos.Processes(t, 1) // or it is skipped
			}
			c, err := start()
			require.NoError(t, err)
			defer func() { require.NoError(t, c.Close()) }()
			n, ctx := c.Nodes()[0], t.Context()
			client := c.Dial()[0]
			require.NoError(t, client.Set(ctx, "k", "1", 0).Err())

			require.NoError(t, n.Suffer(ctx, chaos.BadCertificate))
			require.ErrorContains(t, client.Get(ctx, "k").Err(), "certificate")
			require.NoError(t, n.Suffer(ctx, chaos.Healthy))
			require.Equal(t, "1", client.Get(ctx, "k").Val())

			other, err := redis.ParseURL(c.URLs()[0])
			require.NoError(t, err)
			other.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
			require.True(t, other.TLSConfig.RootCAs.AppendCertsFromPEM(c.CA()))
			process := redis.NewClient(other)
			defer process.Close()
			require.Equal(t, "1", process.Get(ctx, "k").Val())
		})
	}
}

func TestWithoutTLSThereIsNoBadCertificate(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		require.ErrorIs(t, c.Nodes()[0].Suffer(t.Context(), chaos.BadCertificate), chaos.ErrUnsupported)
		require.Nil(t, c.CA())
		require.NoError(t, asker(t, c.Nodes()[0]).Ping(t.Context()).Err())
	})
}

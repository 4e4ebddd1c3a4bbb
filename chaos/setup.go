package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lilith/distlock"
)

// ServerPrefix is what the keys begin with that Run locks on servers of the user's own.
const ServerPrefix = "distlock-chaos:"

// complete fills in what o leaves to Run, or tells what is wrong with it.
func (o *Options) complete() error {
	if os.Getenv(workerVariable) != "" {
		return errors.New("chaos: this process is a worker: have the program call chaos.Worker first thing")
	}
	if o.Processes && len(o.URLs) > 0 {
		return errors.New("chaos: Options.Processes and Options.URLs exclude each other")
	}
	if len(o.URLs) > 0 {
		o.Nodes = len(o.URLs)
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()>>32 | 1 // short enough to be typed in
	}
	orDefault(&o.Duration, 25*time.Second)
	orDefault(&o.Nodes, 5)
	orDefault(&o.Clients, 6)
	orDefault(&o.Keys, 2)
	orDefault(&o.TTL, 800*time.Millisecond)
	orDefault(&o.Command, "distlock chaos")
	orDefault(&o.epoch, epochLength)
	for what, n := range map[string]int{"Nodes": o.Nodes, "Clients": o.Clients, "Keys": o.Keys} {
		if n < 1 || n > 64 {
			return fmt.Errorf("chaos: Options.%s is %d: it must be from 1 to 64", what, n)
		}
	}
	if o.TTL < 100*time.Millisecond || o.Duration < 0 {
		return fmt.Errorf("chaos: a run with leases of %v for %v: leases must last 100ms at least, and no time may be negative", o.TTL, o.Duration)
	}
	switch {
	case o.Guard == 0:
		o.Guard = longest(o.TTL)
	case o.Guard > 0 && o.Guard < longest(o.TTL):
		return fmt.Errorf("chaos: Options.Guard is %v: clients use leases of up to %v, which it must not be shorter than", o.Guard, longest(o.TTL))
	}
	if o.locker == nil {
		o.locker = theLibrary
	}
	return nil
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// layer is what the run's nodes are.
func (o *Options) layer() string {
	switch {
	case o.Processes:
		return "processes"
	case len(o.URLs) > 0:
		return "servers"
	default:
		return "embedded"
	}
}

// prefix is what the keys of the run begin with: on servers that outlive it something
// that no other run uses.
func (o *Options) prefix() string {
	if len(o.URLs) > 0 {
		return fmt.Sprintf("%s%d:", ServerPrefix, o.Seed)
	}
	return "chaos:"
}

// cluster starts the world's nodes. Those of our own speak TLS, so that it can fail.
func (o *Options) cluster() (*Cluster, error) {
	switch {
	case o.Processes:
		return StartProcesses(o.Nodes, ClusterOptions{TLS: true})
	case len(o.URLs) > 0:
		return Connect(o.URLs, ClusterOptions{Prefix: o.prefix(), AllowDestructive: o.AllowDestructive})
	default:
		return StartEmbedded(o.Nodes, ClusterOptions{TLS: true})
	}
}

// kinds are the faults to choose from.
func (o *Options) kinds() []Kind {
	kinds := o.Kinds
	if kinds == nil {
		kinds = Kinds()
	}
	if len(o.URLs) > 0 && !o.AllowDestructive {
		kinds = Harmless(kinds)
	}
	return kinds
}

// library is the configuration of the clients' Lockers: impatient, so that much happens
// in a short time.
func (o *Options) library() (distlock.Config, error) {
	c := o.Config
	c.TTL, c.KeyPrefix, c.RestartGuard, c.Trace = o.TTL, o.prefix(), max(o.Guard, 0), nil
	orDefault(&c.NodeTimeout, min(250*time.Millisecond, o.TTL/4))
	orDefault(&c.RetryDelay, o.TTL/80)
	orDefault(&c.MaxRetryDelay, o.TTL/10)
	orDefault(&c.MaxRetries, 5)
	return c.Validate()
}

// keys are the names to lock in an epoch: ever new ones, so that each epoch is a
// history of its own.
func (o *Options) keys(epoch int) []string {
	keys := make([]string, o.Keys)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%d", i+1)
		if epoch > 0 {
			keys[i] += fmt.Sprintf(".%d", epoch+1)
		}
	}
	return keys
}

// limits are what the run is held to.
func (o *Options) limits(c distlock.Config) Limits {
	l := Limits{
		Slack: slack, Guarded: o.Guard > 0, Guard: max(o.Guard, 0), LongestTTL: longest(o.TTL),
		DriftFactor: c.DriftFactor, Unfenced: c.NoFencing,
	}
	// The longest lease, as long again on a clock at half its rate, and what a clock set
	// back adds; then the guard, which counts in whole seconds; and some attempts.
	l.LiveWithin = 2*l.LongestTTL + o.TTL*3/2 + l.Guard + time.Second + 5*c.MaxRetryDelay
	return l
}

const (
	slack  = 250 * time.Millisecond // threads come late; see stallMeter for busier machines
	margin = time.Second            // operations too: those that hang take five
)

// command is the command line that repeats the run.
func (o *Options) command() string {
	words := []string{o.Command, fmt.Sprintf("--seed %d --duration %v --clients %d", o.Seed, o.Duration, o.Clients)}
	switch {
	case o.Processes:
		words = append(words, "--processes")
		fallthrough
	case len(o.URLs) == 0:
		words = append(words, fmt.Sprintf("--nodes %d", o.Nodes))
	}
	for _, u := range o.URLs {
		words = append(words, "--node "+redacted(u))
	}
	if o.AllowDestructive {
		words = append(words, "--allow-destructive")
	}
	if o.Kinds != nil {
		var names []string
		for _, k := range o.Kinds {
			if name := k.Row.String(); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		words = append(words, "--faults "+strings.Join(names, ","))
	}
	return strings.Join(words, " ")
}

// redacted is a URL without its password.
func redacted(u string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		return "URL"
	}
	return parsed.Redacted()
}

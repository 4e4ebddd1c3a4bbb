package chaos

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/lilith/distlock"
)

// workerVariable is set in the environment of a process that is a worker.
const workerVariable = "DISTLOCK_CHAOS_WORKER"

// Worker makes this process a client of a chaos run, where a run has started it as one,
// and does not return then. Else it returns at once. A program that calls Run with
// Options.Processes, and a TestMain, call it before they do anything else.
//
// The worker is told what to do on its standard input, and tells what it does on its
// standard output. It ends when its input does, so that none outlives a run.
func Worker() {
	if os.Getenv(workerVariable) == "" {
		return
	}
	logging.Disable() // nodes that cannot be reached are the point
	if err := beWorker(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "distlock: chaos worker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A workerOrder is the first line that a worker reads.
type workerOrder struct {
	Habits   habits
	Settings settings
	URLs     []string
	CA       []byte        // PEM; nil without TLS
	Began    time.Duration // machineTime when the history began
}

// A workerLine is what a worker says, in one line of JSON: an operation's beginning or
// end, or a question about the resources, which is answered before it goes on.
type workerLine struct {
	Begin, End *Op    `json:",omitempty"`
	Ask        string `json:",omitempty"` // "open", "write", "read", "put"
	Worker     int    `json:",omitempty"` // who asks
	Key, Owner string `json:",omitempty"`
	Fencing    int64  `json:",omitempty"`
	Value      int64  `json:",omitempty"`
}

// A workerReply is every line after the first that a worker reads.
type workerReply struct {
	Worker int      `json:",omitempty"` // who asked
	Value  int64    `json:",omitempty"` // the answer's
	OK     bool     `json:",omitempty"`
	Keys   []string `json:",omitempty"` // no answer: those to lock from now on
	Stop   bool     `json:",omitempty"` // no answer: end in good order
}

// A workerStage is a worker's end of the pipes.
type workerStage struct {
	began   time.Duration
	answers []chan workerReply // for each of the workers

	mu   sync.Mutex
	out  *json.Encoder
	keys []string
}

func beWorker(in io.Reader, out io.Writer) error {
	lines := json.NewDecoder(bufio.NewReader(in))
	var order workerOrder
	if err := lines.Decode(&order); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	order.Habits.Config = order.Settings.config()
	clients, err := dialURLs(order.URLs, order.CA)
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range clients {
			_ = c.Close() // nothing is left to be told
		}
	}()
	s := &workerStage{
		began: order.Began, out: json.NewEncoder(out), keys: order.Habits.Keys,
	}
	for range order.Habits.Workers + 1 {
		s.answers = append(s.answers, make(chan workerReply))
	}
	t, err := newTeam(order.Habits, s, func(cfg distlock.Config) (*distlock.Locker, error) {
		return theLibrary(clients, cfg)
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.listen(lines, cancel) // ends with the process
	t.live(ctx)
	return nil
}

// listen takes in what the run says. When it says no more, the run is gone, and the
// process goes too.
func (s *workerStage) listen(lines *json.Decoder, stop func()) {
	for {
		var r workerReply
		if err := lines.Decode(&r); err != nil {
			os.Exit(1)
		}
		switch {
		case r.Stop:
			stop()
		case r.Keys != nil:
			s.mu.Lock()
			s.keys = r.Keys
			s.mu.Unlock()
		default:
			s.answers[r.Worker] <- r
		}
	}
}

func (s *workerStage) now() time.Duration { return machineTime() - s.began }

func (s *workerStage) gate() {} // paused, the whole process stands still

func (s *workerStage) lockKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

func (s *workerStage) say(l workerLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.out.Encode(l); err != nil {
		os.Exit(1) // the run is gone
	}
}

func (s *workerStage) begin(o Op) { s.say(workerLine{Begin: &o}) }
func (s *workerStage) end(o Op)   { s.say(workerLine{End: &o}) }

// ask is called on the goroutine of the worker who asks.
func (s *workerStage) ask(l workerLine) workerReply {
	s.say(l)
	return <-s.answers[l.Worker]
}

func (s *workerStage) open(worker int, key, owner string, fencing int64) (int64, bool) {
	r := s.ask(workerLine{Ask: "open", Worker: worker, Key: key, Owner: owner, Fencing: fencing})
	return r.Value, r.OK
}

func (s *workerStage) write(worker int, key, owner string, fencing, value int64) bool {
	return s.ask(workerLine{Ask: "write", Worker: worker, Key: key, Owner: owner, Fencing: fencing, Value: value}).OK
}

func (s *workerStage) read(worker int, key string) {
	s.ask(workerLine{Ask: "read", Worker: worker, Key: key})
}

func (s *workerStage) put(worker int, key string, value int64) {
	s.ask(workerLine{Ask: "put", Worker: worker, Key: key, Value: value})
}

// dialURLs returns a client in default settings for each URL, which trusts the
// authority whose certificate is ca.
func dialURLs(urls []string, ca []byte) ([]redis.UniversalClient, error) {
	var roots *x509.CertPool
	if ca != nil {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ca) {
			return nil, errors.New("the authority's certificate cannot be read")
		}
	}
	clients := make([]redis.UniversalClient, len(urls))
	for i, u := range urls {
		o, err := redis.ParseURL(u)
		if err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
		if o.TLSConfig != nil && roots != nil {
			o.TLSConfig = &tls.Config{RootCAs: roots, ServerName: o.TLSConfig.ServerName, MinVersion: tls.VersionTLS12}
		}
		clients[i] = redis.NewClient(o)
	}
	return clients, nil
}

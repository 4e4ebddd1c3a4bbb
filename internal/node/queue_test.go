package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// A departure is what left for the node at one time: one command, or a pipeline. It
// comes back when the test says how.
type departure struct {
	cmds []redis.Cmder
	back chan func(cmd redis.Cmder)
}

func (d *departure) words() (all []string) {
	for _, cmd := range d.cmds {
		all = append(all, fmt.Sprint(cmd.Args()...))
	}
	return all
}

// A platform is a go-redis client without a connection: it shows what leaves.
type platform struct {
	mu    sync.Mutex
	left  []*departure
	alone int // of them those without a pipeline
}

func (p *platform) lone() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alone
}

func (p *platform) departures() []*departure {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// see has the commands wait until the test answers, or for as long as ctx.
func (p *platform) see(ctx context.Context, cmds []redis.Cmder) error {
	d := &departure{cmds: cmds, back: make(chan func(redis.Cmder), 1)}
	p.mu.Lock()
	p.left = append(p.left, d)
	p.mu.Unlock()
	deadline, _ := ctx.Deadline()
	var err error
	select {
	case answer := <-d.back:
		for _, cmd := range cmds {
			answer(cmd)
		}
	case <-time.After(time.Until(deadline)):
		for _, cmd := range cmds {
			cmd.SetErr(os.ErrDeadlineExceeded)
		}
	}
	for _, cmd := range cmds {
		if err == nil {
			err = cmd.Err()
		}
	}
	return err
}

func (p *platform) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *platform) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p.mu.Lock()
		p.alone++
		p.mu.Unlock()
		return p.see(ctx, []redis.Cmder{cmd})
	}
}

func (p *platform) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return p.see
}

// onPlatform runs a test on virtual time.
func onPlatform(t *testing.T, test func(t *testing.T, p *platform, n *node.Node)) {
	t.Helper()
	onPlatformWith(t, func(*redis.Options) {}, test)
}

func onPlatformWith(t *testing.T, change func(*redis.Options), test func(t *testing.T, p *platform, n *node.Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := &redis.Options{
			Addr: "node", MaxRetries: -1, ContextTimeoutEnabled: true,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}
		change(o)
		c := redis.NewClient(o)
		p := new(platform)
		c.AddHook(p)
		n := node.New(c, 0)
		defer func() {
			require.NoError(t, n.Close())
			require.NoError(t, c.Close())
		}()
		test(t, p, n)
	})
}

// granted answers as the acquire script does; the commands have been read, as a
// connection would.
func granted(cmd redis.Cmder) {
	_ = cmd.Args()
	cmd.(interface{ SetVal(any) }).SetVal(int64(7))
}

func failing(err error) func(redis.Cmder) {
	return func(cmd redis.Cmder) {
		_ = cmd.Args()
		cmd.SetErr(err)
	}
}

// asking has each of many goroutines ask for a lock; the replies are there once all
// have ended.
func asking(n *node.Node, many int, change func(*distlock.Request, *node.Call)) (replies []node.Reply, all *sync.WaitGroup) {
	replies, all = make([]node.Reply, many), new(sync.WaitGroup)
	for i := range many {
		all.Go(func() {
			req := impatient(fmt.Sprintf("token-%d", i))
			call := node.Acquire(req)
			if change != nil {
				change(req, call)
			}
			replies[i] = n.AskInTime(context.Background(), call)
		})
		synctest.Wait() // in their order
	}
	return replies, all
}

// direct is how many requests leave by themselves, on their own goroutines.
const direct = 4

// occupy has so many under way. Further ones have to queue until free answers the
// first, and done the others.
func occupy(p *platform, n *node.Node) (free, done func()) {
	_, all := asking(n, direct, nil)
	free = func() {
		p.departures()[0].back <- granted
		synctest.Wait()
	}
	return free, func() {
		for _, d := range p.departures()[1:direct] {
			d.back <- granted
		}
		all.Wait()
	}
}

func TestFewRequestsLeaveByThemselves(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		require.Len(t, p.departures(), direct)
		for _, d := range p.departures() {
			require.Len(t, d.cmds, 1, "none waits for another")
		}
		free()
		done()
	})
}

// TestOneConnectionIsStoodInLineForInTheQueue, where those who wait leave together, and
// not in go-redis's pool, or are failed there.
func TestOneConnectionIsStoodInLineForInTheQueue(t *testing.T) {
	for name, few := range map[string]func(*redis.Options){
		"of the pool":  func(o *redis.Options) { o.PoolSize = 1 },
		"of the limit": func(o *redis.Options) { o.MaxActiveConns = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			onPlatformWith(t, func(o *redis.Options) {
				few(o)
				o.PipelinePoolSize = -1
			}, func(t *testing.T, p *platform, n *node.Node) {
				replies, all := asking(n, 3, nil)
				time.Sleep(nodeTimeout / 2) // a departure's time
				synctest.Wait()
				require.Len(t, p.departures(), 1)
				p.departures()[0].back <- granted
				synctest.Wait()
				require.Len(t, p.departures(), 2)
				require.Len(t, p.departures()[1].cmds, 2)
				p.departures()[1].back <- granted
				all.Wait()
				for _, r := range replies {
					require.Equal(t, distlock.Granted, r.Outcome)
				}
			})
		})
	}
}

// TestWhoHasOneConnectionIsNotHeldUpByARequestThatHangs: pipelines have connections of
// their own, which a single request takes too then.
func TestWhoHasOneConnectionIsNotHeldUpByARequestThatHangs(t *testing.T) {
	for name, few := range map[string]func(*redis.Options){
		"in the pool": func(o *redis.Options) { o.PoolSize = 1 },
		"at all":      func(o *redis.Options) { o.MaxActiveConns = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			onPlatformWith(t, few, func(t *testing.T, p *platform, n *node.Node) {
				_, hung := asking(n, 1, nil)
				time.Sleep(nodeTimeout / 4) // a departure's time
				for later := 1; later <= 2; later++ {
					replies, all := asking(n, 1, nil)
					time.Sleep(nodeTimeout / 100)
					synctest.Wait()
					require.Len(t, p.departures(), 1+later)
					require.Equal(t, 1, p.lone(), "there is no connection for another")
					p.departures()[later].back <- granted
					all.Wait()
					require.Equal(t, distlock.Granted, replies[0].Outcome)
				}
				hung.Wait()
			})
		})
	}
}

func TestNobodyOvertakesWhoWaitsInTheQueue(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		_, all := asking(n, 1, nil)
		ctx, cancel := context.WithTimeout(t.Context(), nodeTimeout)
		defer cancel()
		answers := make(told, 1)
		n.Post(ctx, &node.Request{Call: node.Acquire(impatient("posted")), To: answers}, time.Now())
		_, later := asking(n, 1, nil)
		require.Len(t, p.departures(), 1)
		p.departures()[0].back <- granted
		synctest.Wait()
		require.Len(t, p.departures(), 2)
		require.Len(t, p.departures()[1].cmds, 2)
		p.departures()[1].back <- granted
		<-answers
		all.Wait()
		later.Wait()
	})
}

func TestRequestsThatComeWhileOthersAreUnderWayLeaveTogether(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		replies, all := asking(n, 9, nil)
		require.Len(t, p.departures(), direct)
		free()
		require.Len(t, p.departures(), direct+1)
		require.Len(t, p.departures()[direct].cmds, 9)
		for i, words := range p.departures()[direct].words() {
			require.Contains(t, words, fmt.Sprintf("token-%d", i), "in the order in which they came")
		}
		p.departures()[direct].back <- granted
		all.Wait()
		done()
		for _, r := range replies {
			require.Equal(t, distlock.Granted, r.Outcome)
			require.EqualValues(t, 7, r.Counter)
		}
	})
}

func TestHungConnectionsDoNotHoldUpTheNodesOtherRequests(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		start := time.Now()
		replies, all := asking(n, 10, nil)
		time.Sleep(5 * time.Millisecond)
		require.Len(t, p.departures(), direct+1)
		p.departures()[direct].back <- granted
		all.Wait()
		require.Equal(t, nodeTimeout, time.Since(start), "the hung ones' own time")
		for _, r := range replies[:direct] {
			require.Equal(t, distlock.Unreachable, r.Outcome)
		}
		for _, r := range replies[direct:] {
			require.Equal(t, distlock.Granted, r.Outcome)
			require.LessOrEqual(t, r.Latency, 5*time.Millisecond)
		}
	})
}

// Whoever comes behind a request that has just begun to hang may wait until that shows;
// nobody who comes later waits for more than twice the quarter of a millisecond (the watch
// counts it from a request's coming), though those who left past it come back quickly.
func TestAHungConnectionHoldsUpOneRequestAndNotEachAfterIt(t *testing.T) {
	for _, past := range []string{"posted", "asked"} { // on a worker, on the caller's goroutine
		t.Run(past, func(t *testing.T) {
			onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
				ctx, cancel := context.WithTimeout(t.Context(), nodeTimeout)
				defer cancel()
				answers := make(told, 2)
				post := func(token string) {
					n.Post(ctx, &node.Request{Call: node.Acquire(impatient(token)), To: answers}, time.Now())
					synctest.Wait()
				}
				left := func(departures int) (waited time.Duration) {
					start := time.Now()
					for len(p.departures()) < departures && time.Since(start) < nodeTimeout/10 {
						time.Sleep(50 * time.Microsecond)
						synctest.Wait()
					}
					return time.Since(start)
				}
				back := func(departure int) {
					p.departures()[departure].back <- granted
					require.Equal(t, distlock.Granted, (<-answers).Outcome)
					synctest.Wait()
				}
				post("quick")
				back(0)
				post("hangs")
				if past == "posted" {
					post("held up")
					time.Sleep(time.Millisecond)
					post("with it") // both leave now, and the watch goes on that the first has set
					require.Len(t, p.departures(), 3)
					p.departures()[2].back <- granted
					<-answers
					<-answers
				} else {
					_, asked := asking(n, 1, nil)
					require.Len(t, p.departures(), 3)
					p.departures()[2].back <- granted
					asked.Wait()
				}
				synctest.Wait()
				for i := 3; i < 20; i++ {
					time.Sleep(50 * time.Microsecond)
					post(fmt.Sprintf("token-%d", i))
					require.LessOrEqual(t, left(i+1), 500*time.Microsecond, "request %d", i)
					back(i)
				}
				require.Equal(t, distlock.Unreachable, (<-answers).Outcome)
			})
		})
	}
}

func TestS28AHungNodeHasFewRequestsUnderWayAndTheOthersEndInTimeUnsent(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		start := time.Now()
		var all sync.WaitGroup
		unsent := make(chan node.Reply, 1000)
		for i := range 1000 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Microsecond)
				began := time.Now()
				r := n.AskInTime(context.Background(), node.Acquire(impatient(fmt.Sprintf("token-%d", i))))
				if took := time.Since(began); took > nodeTimeout+nodeTimeout/4 {
					t.Errorf("a request took %v", took)
				}
				if r.Outcome != distlock.Unreachable {
					t.Errorf("a hung node answered: %v", r.Outcome)
				}
				if !r.MaySet {
					unsent <- r
				}
			})
		}
		time.Sleep(nodeTimeout - time.Millisecond)
		require.LessOrEqual(t, len(p.departures()), 8)
		all.Wait()
		require.NotEmpty(t, unsent)
		require.Less(t, time.Since(start), time.Second)
	})
}

func TestARequestWhoseContextEndsLeavesTheQueue(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		var r node.Reply
		all.Go(func() { r = n.AskInTime(ctx, node.Acquire(impatient("given up"))) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.ErrorIs(t, r.Err, context.Canceled)
		require.False(t, r.MaySet)
		free()
		all.Wait()
		done()
		require.Len(t, p.departures(), direct)
	})
}

func TestRequestsWithLittleTimeLeftDoNotShortenThatOfOthers(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		start := time.Now()
		asking(n, direct, nil) // others have to queue
		replies, all := asking(n, 3, nil)
		var short node.Reply
		all.Go(func() {
			req := impatient("short")
			req.NodeTimeout = 10 * time.Millisecond
			short = n.AskInTime(context.Background(), node.Acquire(req))
			if took := time.Since(start); took > 20*time.Millisecond {
				t.Errorf("it took %v", took)
			}
		})
		time.Sleep(100 * time.Millisecond)
		for _, d := range p.departures() {
			select {
			case d.back <- granted:
			default:
			}
		}
		all.Wait()
		require.Equal(t, distlock.Unreachable, short.Outcome)
		for _, r := range replies {
			require.Equal(t, distlock.Granted, r.Outcome)
		}
	})
}

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

func TestAPipelineToANodeThatForgotItsScriptsTakesOneMoreTrip(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		replies, all := asking(n, 3, nil)
		free()
		p.departures()[direct].back <- func(cmd redis.Cmder) {
			if strings.Contains(fmt.Sprint(cmd.Args()...), "token-0") {
				granted(cmd)
			} else {
				failing(redisError("NOSCRIPT No matching script."))(cmd)
			}
		}
		synctest.Wait()
		require.Len(t, p.departures(), direct+2)
		require.Len(t, p.departures()[direct+1].cmds, 2, "of those affected")
		for _, cmd := range p.departures()[direct+1].cmds {
			require.Equal(t, "eval", cmd.Name())
		}
		p.departures()[direct+1].back <- granted
		all.Wait()
		done()
		for _, r := range replies {
			require.Equal(t, distlock.Granted, r.Outcome)
			require.False(t, r.MaySet)
		}
	})
}

func TestAPipelineThatBreaksIsSentAgainForWhoStillWantsIt(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		replies, all := asking(n, 3, func(req *distlock.Request, call *node.Call) {
			call.Wanted = func() bool { return req.Token != "token-1" }
		})
		free()
		p.departures()[direct].back <- func(cmd redis.Cmder) {
			if strings.Contains(fmt.Sprint(cmd.Args()...), "token-0") {
				granted(cmd) // and then the connection broke, of which go-redis tells all
			}
			failing(io.EOF)(cmd)
		}
		synctest.Wait()
		require.Len(t, p.departures(), direct+2)
		require.Len(t, p.departures()[direct+1].cmds, 1)
		require.Contains(t, p.departures()[direct+1].words()[0], "token-2")
		p.departures()[direct+1].back <- granted
		all.Wait()
		done()
		require.Equal(t, distlock.Granted, replies[0].Outcome)
		require.False(t, replies[0].MaySet)
		require.Equal(t, distlock.Unreachable, replies[1].Outcome)
		require.True(t, replies[1].MaySet, "it was sent")
		require.Equal(t, distlock.Granted, replies[2].Outcome)
		require.True(t, replies[2].MaySet, "twice")
	})
}

func TestAPipelineThatNeverLeftSetsNothing(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		free, done := occupy(p, n)
		replies, all := asking(n, 2, nil)
		free()
		p.departures()[direct].back <- func(cmd redis.Cmder) { cmd.SetErr(errors.New("connection refused")) }
		all.Wait()
		done()
		for _, r := range replies {
			require.Equal(t, distlock.Unreachable, r.Outcome)
			require.False(t, r.MaySet)
		}
	})
}

// told is an Asker that keeps what it is told.
type told chan node.Reply

func (c told) Answered(_ int, r node.Reply) { c <- r }

func TestARequestThatNobodyWaitsForEndsInTimeUnsentToo(t *testing.T) {
	onPlatform(t, func(t *testing.T, p *platform, n *node.Node) {
		hung, cancel := context.WithTimeout(context.Background(), 10*nodeTimeout)
		defer cancel()
		answers := make(told, 9)
		for i := range 8 { // all that may be under way
			req := request(fmt.Sprintf("token-%d", i))
			n.Post(hung, &node.Request{Call: node.Acquire(req), To: answers}, time.Now())
			time.Sleep(time.Millisecond)
		}
		require.Len(t, p.departures(), 8)
		ctx, cancel := context.WithTimeout(context.Background(), nodeTimeout)
		defer cancel()
		start := time.Now()
		n.Post(ctx, &node.Request{Call: node.Acquire(impatient("waits")), To: answers}, start)
		r := <-answers
		require.LessOrEqual(t, time.Since(start), nodeTimeout+10*time.Millisecond)
		require.ErrorContains(t, r.Err, "not sent")
		require.False(t, r.MaySet)
		for _, d := range p.departures() {
			d.back <- granted
		}
		for range 8 {
			<-answers
		}
	})
}

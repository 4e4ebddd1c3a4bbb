package chaos

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
)

// An embedded server is a miniredis. What it lacks for a lock is put in here: a
// run_id and an uptime in INFO, also within scripts, and a clock of its own.
type embedded struct {
	mu     sync.Mutex // guards what follows; short
	m      *miniredis.Miniredis
	addr   string
	client *redis.Client

	runID     string
	began     time.Time
	skew      time.Duration // of its clock
	beganSkew time.Duration // of its clock, when it began
	condition Condition

	remembered []memory // what it holds is not changed
}

func (e *embedded) dial(ctx context.Context) (net.Conn, error) {
	e.mu.Lock()
	addr := e.addr
	e.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (e *embedded) admin() *redis.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.client
}

func (e *embedded) crash(context.Context) error {
	e.mu.Lock()
	m, client := e.m, e.client
	e.mu.Unlock()
	err := client.Close()
	m.Close()
	return err
}

func (e *embedded) start(ctx context.Context, with Memory) error {
	e.mu.Lock()
	m, remembered := e.m, e.remembered
	e.mu.Unlock()
	switch {
	case with == Older && remembered == nil:
		return errNothingRemembered
	case m == nil || with != Kept:
		m = miniredis.NewMiniRedis()
		m.ClockTTL(true)
	default: // keys stay in it, and time passes for them
		m.Ctx, m.CtxCancel = context.WithCancel(context.Background())
	}
	if with == Older {
		for _, k := range remembered {
			if err := k.restore(m); err != nil {
				return err
			}
		}
	}
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return err
	}
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails
	m.Server().SetPreHook(e.hook)
	client := redis.NewClient(adminOptions(&redis.Options{Addr: m.Addr()}))
	e.mu.Lock()
	e.m, e.addr, e.client = m, m.Addr(), client
	e.runID, e.began, e.beganSkew = hex.EncodeToString(id), time.Now(), e.skew
	e.mu.Unlock()
	if err := client.ScriptFlush(ctx).Err(); err != nil { // a process would have forgotten them
		return errors.Join(err, e.crash(ctx))
	}
	return nil
}

// nowLocked returns the time by the server's clock.
func (e *embedded) nowLocked() time.Time { return time.Now().Add(e.skew) }

// hook answers before miniredis does, also what a script asks.
func (e *embedded) hook(c *server.Peer, name string, args ...string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case name == "INFO" && (len(args) == 0 || strings.EqualFold(args[0], "server")):
		c.WriteBulk(e.infoLocked())
	case name == "TIME":
		now := e.nowLocked()
		c.WriteStrings([]string{strconv.FormatInt(now.Unix(), 10), strconv.Itoa(now.Nanosecond() / 1000)})
	default:
		text := refusesWrites(e.condition, name)
		if text != "" {
			c.WriteError(text)
		}
		return text != ""
	}
	return true
}

// infoLocked counts the uptime as Redis does: by the wall clock's whole seconds, so
// that it may be one ahead.
func (e *embedded) infoLocked() string {
	return fmt.Sprintf("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:%s\r\nuptime_in_seconds:%d\r\n",
		e.runID, e.nowLocked().Unix()-e.began.Add(e.beganSkew).Unix())
}

func (e *embedded) remember(ctx context.Context) error {
	keys, err := recall(ctx, e.admin())
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.remembered = keys
	e.mu.Unlock()
	return nil
}

// jump moves the server's clock: TIME and INFO too, as the machine's clock would.
func (e *embedded) jump(_ context.Context, by time.Duration) error {
	e.mu.Lock()
	e.skew += by
	m := e.m
	e.mu.Unlock()
	m.FastForward(by)
	return nil
}

func (e *embedded) setClock() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.skew, e.beganSkew = 0, 0
}

func (e *embedded) suffer(_ context.Context, c Condition) (func(string) string, error) {
	refuses := c
	switch c {
	case IsReadOnly, IsFull, HasMisconf:
	default:
		refuses = Healthy
	}
	e.mu.Lock()
	m := e.m
	e.mu.Unlock()
	m.Lock() // no script is under way: it does all, or nothing
	e.mu.Lock()
	e.condition = refuses
	e.mu.Unlock()
	m.Unlock()
	if refuses != Healthy {
		return nil, nil // the script's writes are refused, as a server does
	}
	return answers(c), nil
}

func (e *embedded) permits([]any) error { return nil }

func (e *embedded) close(context.Context) error {
	e.mu.Lock()
	m, client := e.m, e.client
	e.mu.Unlock()
	if m == nil {
		return nil
	}
	err := client.Close()
	m.Close()
	if errors.Is(err, redis.ErrClosed) { // it has crashed
		return nil
	}
	return err
}

package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Client returns a go-redis client without a connection: handle is given each
// command, on the goroutine of the caller, with the caller's context, and fills in
// the answer with [Answer]. What handle returns is the command's error.
//
// The client heeds contexts (ContextTimeoutEnabled), so that a Locker asks it as it
// stands; it never retries, and dials for subscriptions alone: each gets a connection by
// dial, such as a [Wire], or, where dial is nil, a panic. Its address, which a Locker
// takes for the node's name, is name. It has no goroutine; Close is not needed, and
// costs little.
func Client(
	name string, handle func(ctx context.Context, cmd redis.Cmder) error, dial func(ctx context.Context) (net.Conn, error),
) *redis.Client {
	c := redis.NewClient(&redis.Options{
		Addr:                     name,
		PoolSize:                 1,
		MaxRetries:               -1,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Protocol:                 2,
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if dial == nil {
				panic("twin: a client without connections was to dial " + name)
			}
			return dial(ctx)
		},
	})
	c.AddHook(hook(handle))
	return c
}

// A hook answers every command itself.
type hook func(ctx context.Context, cmd redis.Cmder) error

// DialHook implements redis.Hook.
func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook. HELLO, which go-redis says over a connection that it
// has just made, comes here too: a node that does not know it is spoken to in RESP2.
func (h hook) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hello" {
			cmd.SetErr(Error("ERR unknown command 'hello'"))
			return cmd.Err()
		}
		return h(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook. The commands of a pipeline are on their
// way at one time: each is handled on a goroutine of its own, all of which have ended
// when it returns.
func (h hook) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		var under sync.WaitGroup
		for _, cmd := range cmds {
			under.Go(func() { cmd.SetErr(h(ctx, cmd)) })
		}
		under.Wait()
		for _, cmd := range cmds {
			if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
		}
		return nil
	}
}

// Answer puts the answer of [Node.Do] into the command that asked, in the command's
// own type, and returns its error. An answer that this type of command does not
// take, or one not known here, is an error.
func Answer(cmd redis.Cmder, value any, err error) error {
	if c, ok := cmd.(*redis.BoolCmd); ok && errors.Is(err, redis.Nil) { // SET with NX
		c.SetVal(false)
		return nil
	}
	if err == nil {
		err = fill(cmd, value)
	}
	cmd.SetErr(err)
	return err
}

func fill(cmd redis.Cmder, value any) error {
	ok := true
	switch c := cmd.(type) {
	case interface{ SetVal(val any) }: // *redis.Cmd, and what embeds one
		c.SetVal(value)
	case interface{ SetVal(val string) }: // *redis.StringCmd, *redis.StatusCmd
		ok = setAs(c.SetVal, value)
	case *redis.IntCmd:
		ok = setAs(c.SetVal, value)
	case *redis.DurationCmd:
		ok = fillDuration(c, value)
	case *redis.BoolCmd:
		switch v := value.(type) {
		case int64:
			c.SetVal(v == 1)
		case string:
			c.SetVal(v == "OK")
		default:
			ok = false
		}
	case *redis.StringSliceCmd:
		var list []string
		list, ok = stringsOf(value)
		c.SetVal(list)
	case *redis.TimeCmd:
		ok = fillTime(c, value)
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("twin: %s answers with a %T, for which a %T is no place", cmd.Name(), value, cmd)
	}
	return nil
}

func setAs[T any](setVal func(T), value any) bool {
	v, ok := value.(T)
	if ok {
		setVal(v)
	}
	return ok
}

// fillDuration is PTTL, whose -1 and -2 go-redis takes for nanoseconds.
func fillDuration(c *redis.DurationCmd, value any) bool {
	ms, ok := value.(int64)
	if ms < 0 {
		c.SetVal(time.Duration(ms))
	} else {
		c.SetVal(time.Duration(ms) * time.Millisecond)
	}
	return ok
}

func stringsOf(value any) ([]string, bool) {
	values, ok := value.([]any)
	list := make([]string, len(values))
	for i := range values {
		s, isString := values[i].(string)
		list[i], ok = s, ok && isString
	}
	return list, ok
}

func fillTime(c *redis.TimeCmd, value any) bool {
	list, ok := stringsOf(value)
	if !ok || len(list) != 2 {
		return false
	}
	s, errSeconds := strconv.ParseInt(list[0], 10, 64)
	us, errMicros := strconv.ParseInt(list[1], 10, 64)
	c.SetVal(time.Unix(s, us*1000))
	return errSeconds == nil && errMicros == nil
}

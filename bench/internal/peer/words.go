package peer

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/internal/scripts"
)

// Words are what a floor says to one node. take reports whether the key is the
// token's now, drop deletes it if it is.
type words struct {
	take func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error)
	drop func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error)
}

// A commander is a go-redis client, or its auto-pipelining face.
type commander interface {
	redis.Scripter
	SetNX(ctx context.Context, key string, value any, expiration time.Duration) *redis.BoolCmd
}

// compareAndDelete is the release of every lock with no more than a key.
var compareAndDelete = redis.NewScript(
	`if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`)

// plainWords are the least there is: SET NX PX, and compare-and-delete by EVALSHA.
var plainWords = words{
	take: func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error) {
		return c.SetNX(ctx, key, token, ttl).Result()
	},
	drop: func(ctx context.Context, c commander, key, token string, _ time.Duration) (bool, error) {
		n, err := compareAndDelete.Run(ctx, c, []string{key}, token).Int()
		return n == 1, err
	},
}

var (
	acquireScript = redis.NewScript(scripts.Acquire.Source)
	releaseScript = redis.NewScript(scripts.Release.Source)
)

// ownWords are the library's two scripts, fencing token included, as it calls them
// itself; unfencedWords are the same without one.
var (
	ownWords = words{
		take: func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error) {
			return takeOwn(ctx, c, ttl, strconv.FormatInt(time.Now().UnixMicro(), 10), token,
				key, scripts.TombstoneKey(key, token), scripts.FenceKey(key))
		},
		drop: dropOwn,
	}
	unfencedWords = words{
		take: func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error) {
			return takeOwn(ctx, c, ttl, "0", token, key, scripts.TombstoneKey(key, token))
		},
		drop: dropOwn,
	}
)

func takeOwn(ctx context.Context, c commander, ttl time.Duration, hint, token string, keys ...string) (bool, error) {
	v, err := acquireScript.Run(ctx, c, keys, token, ttl.Milliseconds(), hint).Result()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	_, granted := v.(int64)
	return granted, err
}

func dropOwn(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error) {
	v, err := releaseScript.Run(ctx, c,
		[]string{key, scripts.TombstoneKey(key, token), scripts.QueueKey(key)},
		token, ttl.Milliseconds(), "0", "").Result()
	return v == int64(1), err
}

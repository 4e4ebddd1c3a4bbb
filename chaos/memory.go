package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

var errNothingRemembered = errors.New("nothing was remembered to go back to")

// A memory is one key as an embedded server had it.
type memory struct {
	db        int
	key, kind string
	expires   time.Time // zero is never
	values    []string
}

// recallScript tells all keys of all databases at one moment. Streams and
// HyperLogLogs it leaves out: no lock is made of them.
const recallScript = `
local all = {}
for db = 0, 15 do
  redis.call('SELECT', db)
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key)['ok']
    local values
    if kind == 'string' then values = {redis.call('GET', key)}
    elseif kind == 'list' then values = redis.call('LRANGE', key, 0, -1)
    elseif kind == 'set' then values = redis.call('SMEMBERS', key)
    elseif kind == 'hash' then values = redis.call('HGETALL', key)
    elseif kind == 'zset' then values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    end
    local left = redis.call('PTTL', key)
    if values and values[1] and left ~= -2 then -- else it has expired since KEYS
      all[#all+1] = {db, key, kind, left, values}
    end
  end
end
return all`

// recall returns what an embedded server holds.
func recall(ctx context.Context, client *redis.Client) ([]memory, error) {
	now := time.Now()
	rows, err := client.Eval(ctx, recallScript, nil).Slice()
	if err != nil {
		return nil, err
	}
	keys := make([]memory, 0, len(rows))
	for _, row := range rows {
		r, ok := row.([]any)
		if !ok || len(r) != 5 {
			return nil, fmt.Errorf("a key was told as %v", row)
		}
		k := memory{db: int(r[0].(int64)), key: r[1].(string), kind: r[2].(string)}
		if ms := r[3].(int64); ms >= 0 {
			k.expires = now.Add(time.Duration(ms) * time.Millisecond)
		}
		for _, v := range r[4].([]any) {
			text, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("a value of key %q was told as %v", k.key, v)
			}
			k.values = append(k.values, text)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// restore puts the key into a server that is empty, unless it has expired since.
func (k *memory) restore(m *miniredis.Miniredis) error {
	left := time.Until(k.expires)
	if !k.expires.IsZero() && left <= 0 {
		return nil
	}
	db := m.DB(k.db)
	var err error
	switch k.kind {
	case "string":
		err = db.Set(k.key, k.values[0])
	case "list":
		_, err = db.Push(k.key, k.values...)
	case "set":
		_, err = db.SetAdd(k.key, k.values...)
	case "hash":
		db.HSet(k.key, k.values...)
	case "zset":
		for i := 0; i+1 < len(k.values) && err == nil; i += 2 {
			var score float64
			if score, err = strconv.ParseFloat(k.values[i+1], 64); err == nil {
				_, err = db.ZAdd(k.key, score, k.values[i])
			}
		}
	}
	if err == nil && !k.expires.IsZero() {
		db.SetTTL(k.key, left)
	}
	return err
}

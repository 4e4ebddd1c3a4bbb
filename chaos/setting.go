package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// healthySettings undo every condition that suffer brings about.
var healthySettings = [][]any{
	{"CONFIG", "SET", "maxmemory", "0"},
	{"CONFIG", "SET", "save", ""},
	{"CONFIG", "SET", "requirepass", ""},
	{"ACL", "SETUSER", "default", "on", "nopass", "+@all"},
	{"REPLICAOF", "NO", "ONE"},
}

// suffer has the server itself be what the condition says.
func (p *process) suffer(ctx context.Context, c Condition) (func(string) string, error) {
	client := p.admin()
	settings := healthySettings
	switch c {
	case IsReadOnly: // of a master that is not there
		settings = append(settings[:len(settings)-1:len(settings)-1], []any{"REPLICAOF", "127.0.0.1", "1"})
	case IsFull:
		settings = append(settings[:len(settings):len(settings)], []any{"CONFIG", "SET", "maxmemory", "1"})
	case HasMisconf: // a snapshot fails, and there should be one some day
		settings = append(settings[:len(settings):len(settings)], []any{"CONFIG", "SET", "save", "86400 1000000000"})
	case WantsPassword:
		settings = append(settings[:len(settings):len(settings)], []any{"CONFIG", "SET", "requirepass", "not yours"})
	case ForbidsScripts:
		settings = append(settings[:len(settings):len(settings)],
			[]any{"ACL", "SETUSER", "default", "-eval", "-evalsha", "-script"})
	case Healthy, IsLoading, BadCertificate:
	}
	for _, command := range settings {
		if err := client.Do(ctx, command...).Err(); err != nil {
			return nil, fmt.Errorf("%v: %w", command, err)
		}
	}
	if c == HasMisconf {
		return nil, failSnapshot(ctx, client)
	}
	return nil, nil
}

// failSnapshot has the server try a snapshot, and waits until it has failed.
func failSnapshot(ctx context.Context, client *redis.Client) error {
	for {
		info, err := client.Info(ctx, "persistence").Result()
		switch {
		case err != nil:
			return err
		case strings.Contains(info, "rdb_last_bgsave_status:err"):
			return nil
		case strings.Contains(info, "rdb_bgsave_in_progress:0"):
			// Refused while the append-only file is rewritten: then it is tried again.
			_ = client.Do(ctx, "BGSAVE").Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// jumpScript takes ARGV[1] milliseconds off what each key has to live, as a clock that
// jumps so far does; negative ones add. ARGV[2] is what keys must begin with, ARGV[3]
// how many databases there are to look at; 0 is the connection's.
const jumpScript = `
local by, prefix, dbs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local function begins(text) return string.sub(text, 1, #prefix) == prefix end
local function touched(key)
  if begins(key) then return true end
  local braced = string.match(key, '^{(.*)$')
  return braced and (begins(braced) or begins(string.match(braced, '^[^}]*}(.*)$') or ''))
end
local function jump()
  local seen, cursor = {}, '0' -- SCAN may tell a key twice
  repeat
    local page = redis.call('SCAN', cursor, 'COUNT', 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do
      if not seen[key] and touched(key) then
        seen[key] = true
        local left = redis.call('PTTL', key)
        if left >= 0 then
          if left > by then redis.call('PEXPIRE', key, string.format('%.0f', left - by))
          else redis.call('DEL', key) end
        end
      end
    end
  until cursor == '0'
end
if dbs == 0 then jump() end
for db = 1, dbs do
  redis.call('SELECT', db - 1)
  jump()
end`

// jumpKeys has keys of a real server expire as though its clock had jumped.
func jumpKeys(ctx context.Context, client *redis.Client, by time.Duration, prefix string, dbs int) error {
	err := client.Eval(ctx, jumpScript, nil, by.Milliseconds(), prefix, dbs).Err()
	if errors.Is(err, redis.Nil) { // the script says nothing
		return nil
	}
	return err
}

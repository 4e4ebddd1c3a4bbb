package chaos

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sightings returns the keys that begin with prefix, with those that the library
// keeps beside them, on every node that is up, past the proxies. at is when, and is
// put into each.
func (c *Cluster) Sightings(ctx context.Context, prefix string, at time.Duration) ([]Sighting, error) {
	var all []Sighting
	for _, n := range c.nodes {
		found, err := n.sightings(ctx, prefix, at)
		if err != nil {
			return all, n.err("sightings", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func (n *node) sightings(ctx context.Context, prefix string, at time.Duration) ([]Sighting, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.upLocked() != nil {
		return nil, nil
	}
	client := n.s.admin()
	seen := make(map[string]bool) // SCAN may tell a key twice
	var all []Sighting
	for scan := client.Scan(ctx, 0, "*"+globQuote(prefix)+"*", 1000).Iterator(); ; {
		if !scan.Next(ctx) {
			return all, scan.Err()
		}
		key := scan.Val()
		if seen[key] || !isOf(prefix, key) {
			continue
		}
		seen[key] = true
		s, err := sight(ctx, client, key)
		if err != nil {
			return all, err
		}
		if s != nil {
			s.Node, s.At = n.name, at
			all = append(all, *s)
		}
	}
}

// sight looks at one key; nil where it is gone.
func sight(ctx context.Context, client *redis.Client, key string) (*Sighting, error) {
	ms, err := client.Do(ctx, "PTTL", key).Int64()
	if err != nil || ms == -2 {
		return nil, err
	}
	s := &Sighting{Key: key, TTL: time.Duration(ms) * time.Millisecond}
	s.Value, err = client.Get(ctx, key).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE"):
		return s, nil
	}
	return s, err
}

// isOf reports whether key begins with prefix, or is of the library's beside one that
// does: {key}:fence, or {tag}key:fence.
func isOf(prefix, key string) bool {
	if strings.HasPrefix(key, prefix) {
		return true
	}
	braced, ok := strings.CutPrefix(key, "{")
	if !ok {
		return false
	}
	_, tagged, _ := strings.Cut(braced, "}")
	return strings.HasPrefix(braced, prefix) || strings.HasPrefix(tagged, prefix)
}

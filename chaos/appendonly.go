package chaos

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// recall puts the data directory in the state that a start begins with.
func (p *process) recall(with Memory) error {
	switch with {
	case Empty:
		return removeAll(p.data())
	case Older:
		if _, err := os.Stat(p.older()); err != nil {
			return errNothingRemembered
		}
		if err := removeAll(p.data()); err != nil {
			return err
		}
		return os.CopyFS(p.data(), os.DirFS(p.older()))
	}
	return nil
}

// remember copies the append-only files while the server writes them. A command that
// is cut in half, or a transaction, the server leaves out when it loads them.
func (p *process) remember(ctx context.Context) error {
	for {
		err := p.copyData()
		if !errors.Is(err, errRewritten) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var errRewritten = errors.New("the append-only files were rewritten meanwhile")

// copyData copies the data directory to older, which it leaves alone where it fails.
func (p *process) copyData() error {
	before := p.manifest()
	fresh := p.older() + ".new"
	if err := removeAll(fresh); err != nil {
		return err
	}
	err := os.CopyFS(fresh, os.DirFS(p.data()))
	if errors.Is(err, os.ErrNotExist) || !bytes.Equal(before, p.manifest()) {
		return errRewritten
	}
	if err != nil {
		return err
	}
	if err := removeAll(p.older()); err != nil {
		return err
	}
	return os.Rename(fresh, p.older())
}

// manifest returns what tells the append-only files that count, from Redis 7; before,
// there is one file, which a rewrite replaces.
func (p *process) manifest() []byte {
	if text, err := os.ReadFile(filepath.Join(p.data(), "appendonlydir", "appendonly.aof.manifest")); err == nil {
		return text
	}
	return nil
}

// removeAll removes a directory in which the child of a killed server may still
// write for a moment.
func removeAll(dir string) error {
	var err error
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

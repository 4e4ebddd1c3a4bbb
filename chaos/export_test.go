package chaos

import (
	"time"

	"github.com/lilith/distlock"
)

// SetLocker has clients make their Lockers with f.
func (o *Options) SetLocker(f newLocker) { o.locker = f }

// SetEpoch has the run turn to new keys so often.
func (o *Options) SetEpoch(d time.Duration) { o.epoch = d }

// DyingClient is a client that is dead and has its connections yet, until they are closed.
func DyingClient() (begin func(Op), closeAll func()) {
	l := &residentLife{dead: true, gone: make(chan struct{})}
	return l.begin, func() { close(l.gone) }
}

// AsToldToAWorker is a Config as it comes to a worker process.
func AsToldToAWorker(c distlock.Config) distlock.Config { return settingsOf(c).config() }

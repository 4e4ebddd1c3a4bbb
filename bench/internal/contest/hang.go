package contest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// mostHangs is how often one may hang for a whole limit. Then it is left out of the
// rounds to come, or the run would last for as long as it hangs.
const mostHangs = 2

// A hangError cancels what takes longer than it may.
type hangError struct {
	limit time.Duration
}

func (e *hangError) Error() string { return fmt.Sprintf("cut off: it hung for %v", e.limit) }

// bounded cancels what takes longer. The context has no deadline: contestants would
// behave otherwise than without one.
func bounded(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(limit, func() { cancel(&hangError{limit}) })
	defer timer.Stop()
	err := do(ctx)
	if h := (*hangError)(nil); errors.As(context.Cause(ctx), &h) {
		err = errors.Join(h, err)
	}
	return err
}

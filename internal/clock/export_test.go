package clock

import "time"

// Watch is a watch of a test's own.
type Watch struct{ w watch }

func NewWatch() *Watch { return new(Watch) }

func (w *Watch) Due(wall int64, elapsed time.Duration) bool { return w.w.due(wall, elapsed) }
func (w *Watch) Asked(wall int64, elapsed time.Duration)    { w.w.asked(wall, elapsed) }

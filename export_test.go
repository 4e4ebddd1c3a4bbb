package distlock

// Waiting returns how many wait in l.
func Waiting(l *Locker) int { return int(l.queues.waiting.Load()) }

package main

// inEngine are bugs in how a lease is won: attempts, waits, settings.
var inEngine = []Mutant{
	{
		Name: "validity-not-checked", File: tryGo,
		Old:    "case !now.Before(until):",
		New:    "case false:",
		Breaks: "a lock granted after its lease is over is no lease",
	},
	{
		Name: "validity-ignores-drift", File: "config.go",
		Old:    "return ttl - time.Duration(float64(ttl)*c.DriftFactor) - driftMargin",
		New:    "return ttl",
		Breaks: "the holder lets go before any node's clock, within the drift allowed for, ends the lease",
	},
	{
		Name: "validity-from-the-reply", File: tryGo,
		Old:    "until := t.try.start.Add(validity)",
		New:    "until := now.Add(validity)",
		Breaks: "a lease counts from before its first request",
	},
	{
		Name: "late-grant-kept", File: tryGo,
		Old:    "case !now.Before(until):\n\t\ta.abandon(ctx, t.try.req)",
		New:    "case !now.Before(until):",
		Breaks: "a failed acquisition leaves no key behind",
	},
	{
		Name: "grant-after-the-end-kept", File: tryGo,
		Old:    "case ctx.Err() != nil:\n\t\ta.abandon(ctx, t.try.req)",
		New:    "case ctx.Err() != nil:",
		Breaks: "a grant that comes after the caller's context has ended is given back",
	},
	{
		Name: "clean-up-on-the-callers-context", File: tryGo,
		Old:    "context.WithTimeout(context.WithoutCancel(ctx), abandonWait)",
		New:    "context.WithTimeout(ctx, abandonWait)",
		Breaks: "cleaning up outlives the caller's context",
	},
	{
		Name: "token-of-the-key", File: tryGo,
		Old:    "token := uuid.New()",
		New:    "token := uuid.NewSHA1(uuid.NameSpaceURL, []byte(a.wire))",
		Breaks: "each attempt has a token of its own",
	},
	{
		Name: "retries-one-too-many", File: waitGo,
		Old:    "a.attempts > a.retries",
		New:    "a.attempts-1 > a.retries",
		Breaks: "Acquire makes exactly 1 + MaxRetries attempts",
	},
	{
		Name: "retries-not-for-ever", File: "config.go",
		Old:    "case RetryForever:\n\t\treturn math.MaxInt",
		New:    "case RetryForever:\n\t\treturn math.MaxInt8 / 64",
		Breaks: "RetryForever tries until the context ends",
	},
	{
		Name: "retries-what-cannot-be-mended", File: waitGo,
		Old:    "a.last.Verdict == Rejected ||",
		New:    "",
		Breaks: "permanent errors fail at once",
	},
	{
		Name: "wait-beyond-the-owners-lease", File: waitGo,
		Old:    "delay = min(delay, free+time.Millisecond)",
		New:    "delay = max(delay, free+time.Millisecond)",
		Breaks: "a waiter sleeps no longer than the owner's lease",
	},
	{
		Name: "wait-in-lockstep", File: waitGo,
		Old:    "max(nominal-time.Duration(part), backoffFloor)",
		New:    "max(nominal-time.Duration(part&1), backoffFloor)",
		Breaks: "waiters that were refused together do not come back together",
	},
	{
		Name: "waiter-outlives-its-context", File: vigilGo,
		Old:    "v.leave = context.AfterFunc(v.ctx, v.w.wake)",
		New:    "v.leave = context.AfterFunc(v.ctx, func() {})",
		Breaks: "a waiter whose context ends waits no more",
	},
	{
		Name: "waiter-never-woken-by-close", File: vigilGo,
		Old:    "v.ctx.Err() != nil || v.a.l.isClosed()",
		New:    "v.ctx.Err() != nil",
		Breaks: "who waits is told when the Locker is closed",
	},
	{
		Name: "close-wakes-nobody", File: "locker.go",
		Old:    "\t\tl.queues.wakeAll()\n",
		New:    "",
		Breaks: "who waits is told when the Locker is closed",
	},
	{
		Name: "ttl-rounded-down", File: "config.go",
		Old:    "return (d + time.Millisecond - 1).Truncate(time.Millisecond)",
		New:    "return d.Truncate(time.Millisecond)",
		Breaks: "no lease is shorter than asked for",
	},
	{
		Name: "ttl-above-the-guard", File: "config.go",
		Old:    "case c.RestartGuard > 0 && ttl > c.RestartGuard:",
		New:    "case c.RestartGuard > 0 && ttl > 2*c.RestartGuard:",
		Breaks: "a lease longer than the restart guard is refused",
	},
	{
		Name: "hint-spoiled-by-one-key", File: tryGo,
		Old:    "if token > time.Now().Add(plausible).UnixMicro() {",
		New:    "if false {",
		Breaks: "a spoiled counter of one key does not spoil all others",
	},
	{
		Name: "do-leaves-the-context-open", File: "locker.go",
		Old:    "return fn(held)",
		New:    "_ = held\n\treturn fn(ctx)",
		Breaks: "the context of Do ends the moment the lease is lost",
	},
	{
		Name: "do-replaces-the-users-error", File: "locker.go",
		Old:    "err = errors.Join(err, released)",
		New:    "err = errors.Join(released)",
		Breaks: "the release's error stands beside the function's, never in its place",
	},
	{
		Name: "do-swallows-the-loss", File: "locker.go",
		Old:    "released := h.Release(ctx); released != nil {",
		New:    "released := h.Release(ctx); released != nil && err != nil {",
		Breaks: "Do tells of a lease that was lost though the function ignored it",
	},
}

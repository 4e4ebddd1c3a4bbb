package main

const (
	queueGo     = "queue.go"
	lookGo      = "look.go"
	turnGo      = "handon.go"
	waitGo      = "wait.go"
	vigilGo     = "vigil.go"
	tryGo       = "attempt.go"
	inboxGo     = "internal/node/subscription.go"
	handOverGo  = "internal/node/handover.go"
	handOverLua = "internal/scripts/handover.lua"
	queueLua    = "internal/scripts/queue.lua"
	tellLua     = "internal/scripts/tell.lua"
)

// inWaiting are bugs in how a lock is waited for, and handed on to who waits.
var inWaiting = []Mutant{
	{
		Name: "waiter-never-woken", File: queueGo,
		Old:    "case q.first != nil && wasFirst:\n\t\tq.promote()",
		New:    "case q.first != nil && wasFirst:",
		Breaks: "who comes to be the first of a queue looks for all",
		By:     "engine/TestWhoLeavesTheQueueLeavesItToTheNext",
	},
	{
		Name: "waiters-served-from-behind", File: turnGo,
		Old:    "for w := q.first; w != nil; w = w.next {\n\t\tif w.place == waiting {\n\t\t\tqs.remove(w)",
		New:    "for w := q.last; w != nil; w = w.prev {\n\t\tif w.place == waiting {\n\t\t\tqs.remove(w)",
		Breaks: "who waits in a process is served first come, first served",
		By:     "engine/TestWaitersOfAProcessAreServedInTheOrderInWhichTheyCame",
	},
	{
		Name: "look-of-others-not-counted", File: lookGo,
		Old:    "if v.a.bounded() || rejected {",
		New:    "if rejected {",
		Breaks: "Acquire makes exactly 1 + MaxRetries attempts, those included that the first makes for it",
		By:     "engine/TestManyWhoseAttemptsAreCountedMakeThemTogether",
	},
	{
		Name: "handed-nothing-is-last", File: turnGo,
		Old:    "q.looks, clock.Now()\n\tqs.insert(q, w, nil)",
		New:    "q.looks, clock.Now()\n\tqs.insert(q, w, q.last)",
		Breaks: "who was handed nothing is the first again",
		By:     "engine/TestWhoIsHandedNothingIsFirstAgain",
	},
	{
		Name: "notification-ignored", File: turnGo,
		Old:    "q.woken = true\n",
		New:    "",
		Breaks: "who is told that a lock is free looks at once",
		By:     "engine/TestALockIsHandedOnOnlySoManyTimesInARow",
	},
	{
		Name: "handover-from-the-reply", File: tryGo,
		Old:    "until := t.try.start.Add(validity)",
		New:    "until := t.try.start.Add(validity)\n\tif t.inARow > 0 {\n\t\tuntil = now.Add(validity)\n\t}",
		Breaks: "a lease that was handed over counts from before the hand-over was sent",
		By:     "simulation",
	},
	{
		Name: "handover-without-end", File: "release.go",
		Old:    "if !lost && !repeated && h.inARow < maxInARow {",
		New:    "if !lost && !repeated {",
		Breaks: "who waits elsewhere gets a turn, however many wait in one process",
		By:     "engine/TestALockIsHandedOnOnlySoManyTimesInARow",
	},
	{
		Name: "handover-to-the-gone-kept", File: "release.go",
		Old:    "if res.Verdict == Agreed { // he has gone",
		New:    "if false { // he has gone",
		Breaks: "what is handed to one who has gone is given back",
		By:     "engine/TestWhatIsHandedToOneWhoHasGoneIsGivenBack",
	},
	{
		Name: "leaver-keeps-what-he-was-handed", File: vigilGo,
		Old:    "if t.result.Verdict == Agreed {",
		New:    "if false {",
		Breaks: "what is handed over in the last moment is given back",
		By:     "engine/TestWhatIsHandedToOneWhoLeavesIsGivenBack",
	},
	{
		Name: "handover-not-cleaned-up", File: handOnGo,
		Old:    "grant.late = a.takeLate",
		New:    "grant.late = func(int, node.Reply) {}",
		Breaks: "what a lost hand-over was granted after its verdict is given back",
		By:     "quorum/TestALostHandOverLeavesNoKeyOnANodeThatAnswersLater",
	},
	{
		Name: "single-handover-forgets-the-silent", File: singleGo,
		Old:    "if acquired.MaySet {",
		New:    "if false {",
		Breaks: "what went unanswered leaves no key either",
		By:     "quorum/TestAHandOverThatWentUnansweredLeavesNoKey",
	},
	{
		Name: "handover-without-a-guard", File: "internal/node/call.go",
		Old:    "c.guard, c.sets = next.RestartGuard, true",
		New:    "c.sets = true",
		Breaks: "a node that may have forgotten a lease does not vote, in a hand-over either",
		By:     "node/TestTheHalvesOfAHandOverAreToldApart",
	},
	{
		Name: "handover-forgets-doubts", File: handOverGo,
		Old:    "n.doubts.has(old)",
		New:    "n.doubts.has(old) && false",
		Breaks: "a lock that was asked for twice leaves a tombstone when it is handed on",
		By:     "node/TestTheHalvesOfAHandOverAreToldApart",
	},
	{
		Name: "handover-swallows-half-an-error", File: handOverGo,
		Old:    "return released, failed(err, tripOnce, c.timeout)",
		New:    "_ = err\n\t\treturn released, parseTagged([]any{\"refused\", int64(0), int64(0)})",
		Breaks: "an error is never taken for an owner",
		By:     "node/TestTheHalvesOfAHandOverAreToldApart",
	},
	{
		Name: "handover-ignores-tombstone", File: handOverLua,
		Old:    "acquire({KEYS[1], KEYS[3], KEYS[4]}",
		New:    "acquire({KEYS[1], KEYS[2] .. 'x', KEYS[4]}",
		Breaks: "a late hand-over sets no key once its token was given up",
		By:     "scripts/TestALockIsHandedOnAndOn/miniredis",
	},
	{
		Name: "handover-releases-nothing", File: handOverLua,
		Old:    "local released = release({KEYS[1], KEYS[2]}, {ARGV[1], ARGV[2], ARGV[3]})",
		New:    "local released = 1",
		Breaks: "a hand-over releases the lock",
		By:     "scripts/TestALockIsHandedOnAndOn/miniredis",
	},
	{
		Name: "told-and-still-queued", File: tellLua,
		Old:    "  redis.pcall('ZREM', KEYS[2], entry)\n",
		New:    "",
		Breaks: "who was told leaves the queue, so that the next is told next",
		By:     "scripts/TestScripts",
	},
	{
		Name: "releaser-tells-itself", File: tellLua,
		Old:    "redis.pcall('ZREM', KEYS[2], ARGV[1])\n",
		New:    "",
		Breaks: "a process does not tell itself of its own release",
		By:     "scripts/TestScripts",
	},
	{
		Name: "telling-an-error-fails-the-release", File: tellLua,
		Old:    "in ipairs(redis.pcall('ZRANGE', KEYS[2], '0', '15')) do",
		New:    "in ipairs(redis.call('ZRANGE', KEYS[2], '0', '15')) do",
		Breaks: "no error of the queue is one of the release",
		By:     "scripts/TestScripts",
	},
	{
		Name: "queue-for-ever", File: queueLua,
		Old:    "    redis.call('PEXPIRE', KEYS[2], ARGV[3])\n",
		New:    "",
		Breaks: "no key is written without an expiry",
		By:     "scripts/TestScripts",
		NotBy:  "simulation", // its nodes know the script by that line
	},
	{
		Name: "queue-forgets-the-waiting", File: queueLua,
		Old:    "time[1] * 1000000 + time[2] - ARGV[2])",
		New:    "time[1] * 1000000 + time[2])",
		Breaks: "who has waited for longest is told first, whenever he came to a node",
		By:     "scripts/TestWhoWaitsStandsByTheServersClockLessWhatHeHasWaited/miniredis",
	},
	{
		Name: "queue-tells-of-a-held-lock", File: queueLua,
		Old:    "elseif redis.call('EXISTS', KEYS[1]) == 0 then",
		New:    "else",
		Breaks: "nobody is told of a lock that is not free",
		By:     "scripts/TestScripts",
	},
	{
		Name: "release-tells-nobody", File: releaseLua,
		Old:    "if mine and KEYS[3] and (",
		New:    "if false and (",
		Breaks: "who waits elsewhere is told when the lock is free",
		By:     "scripts/TestScripts",
	},
	{
		Name: "wake-up-not-passed-on", File: inboxGo,
		Old:    "} else if key != \"\" {",
		New:    "} else if false {",
		Breaks: "what one who waits no more is told is passed on to the next",
		By:     "node/TestAReleaseIsToldToTheFirstInTheQueueAlone/a_plain_server",
	},
}

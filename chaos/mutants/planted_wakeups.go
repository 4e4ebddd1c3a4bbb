package main

// inWakeUps are bugs in who is woken when a lock may be free: it stands idle then beside
// those who wait, until the first of them polls.
var inWakeUps = []Mutant{
	{
		Name: "wake-up-ends-with-the-first", File: queueGo,
		Old:    "q.looked, q.woken = clock.Now(), !granted",
		New:    "q.looked, q.woken = clock.Now(), false && granted",
		Breaks: "who came while the first attempt was made looks if that gave no lease",
		By:     "engine/TestWhoComesFirstAndGoesWakesThoseWhoCameMeanwhile",
	},
	{
		Name: "wake-up-ends-with-the-woken", File: vigilGo,
		Old:    "if h == nil {\n\t\t\tv.a.l.queues.mayBeFree",
		New:    "if false {\n\t\t\tv.a.l.queues.mayBeFree",
		Breaks: "one who was woken and goes wakes the next",
		By:     "engine/TestWhoIsWokenAndGoesWakesTheNext",
	},
	{
		Name: "failed-handover-wakes-nobody", File: vigilGo,
		Old:    "defer v.a.l.queues.mayBeFree(v.a.wire)",
		New:    "",
		Breaks: "a hand-over that gave no lease has the next one look",
		By:     "engine/TestAFailedHandOverToOneWhoseAttemptsAreUsedUpWakesTheNext",
	},
	{
		Name: "release-misses-who-comes", File: turnGo,
		Old:    "qs.entered.Load() == 0 && qs.waiting.Load() == 0",
		New:    "qs.waiting.Load() == 0",
		Breaks: "a release reaches one who has been refused and does not stand in the queue yet",
		By:     "engine/TestAReleaseWakesWhoIsOnTheWayToTheQueue",
	},
	{
		Name: "notifications-end-at-once", File: turnGo,
		Old:    "q.stop, stop = stop, q.stop",
		New:    "",
		Breaks: "who comes to be the first of a queue is told what its first would be",
		By:     "engine/TestWhoComesToBeTheFirstIsToldToo",
	},
	{
		Name: "notifications-in-any-order", File: turnGo,
		Old:    "qs.ears.Lock()\n\tdefer qs.ears.Unlock()",
		New:    "",
		Breaks: "of two who await a key the later is heard of later",
		By:     "engine/TestWhoAwaitsLaterIsNotSilencedByWhoAwaitedBefore",
	},
	{
		Name: "notifications-outlive-the-queue", File: queueGo,
		Old:    "qs.deaf = q.stop",
		New:    "",
		Breaks: "notifications end when nobody waits any more",
		By:     "engine/TestWhoComesToBeTheFirstIsToldToo",
	},
	{
		Name: "try-gives-back-in-silence", File: waitGo,
		Old:    "if !entered && a.returned {",
		New:    "if false {",
		Breaks: "one attempt that is granted and given back wakes whom it was refused to",
		By:     "engine/TestATryThatIsGrantedAndGivesBackWakesWhoWaits",
	},
	{
		Name: "way-given-until-the-poll", File: lookGo,
		Old:    "return q.yield //",
		New:    "return max(at, q.yield) //",
		Breaks: "who gives way to another process holds back for a moment",
		By:     "engine/TestWhoGivesWayHoldsBackForAMomentAlone",
	},
	{
		Name: "moved-slot-is-a-confirmation", File: inboxGo,
		Old:    "if m.Count == 0 {",
		New:    "if false {",
		Breaks: "a subscription follows its key to another shard of a Cluster",
		By:     "node/TestASubscriptionFollowsASlotThatMoved",
	},
	{
		Name: "context-kept-has-no-end", File: limitGo,
		Old:    "if l.over.Load() {\n\t\treturn context.Canceled\n\t}",
		New:    "",
		Breaks: "a context that is kept beyond its request has ended",
		By:     "node/TestALimitThatIsKeptBeyondItsRequestIsEnded",
	},
	{
		Name: "recycled-context-is-shown", File: lineGo,
		Old:    "!o.ContextTimeoutEnabled && o.OnConnect == nil && o.CredentialsProviderContext == nil",
		New:    "!o.ContextTimeoutEnabled",
		Breaks: "the user's code is shown no context that another request will have",
		By:     "node/TestTheUsersCodeHasAContextOfItsOwn",
	},
}

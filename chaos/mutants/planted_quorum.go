package main

const (
	quorumGo  = "redlock/quorum.go"
	pollGo    = "redlock/poll.go"
	attemptGo = "redlock/acquire.go"
	redlockGo = "redlock/redlock.go"
	handOnGo  = "redlock/release.go"
	singleGo  = "single/single.go"
)

// inQuorum are bugs in how nodes are asked together, and their votes counted.
var inQuorum = []Mutant{
	{
		Name: "majority-of-even-off-by-one", File: quorumGo,
		Old:    "return n/2 + 1",
		New:    "return (n + 1) / 2",
		Breaks: "any two majorities share a node, of even numbers too",
		By:     "simulation",
	},
	{
		Name: "node-votes-twice", File: redlockGo,
		Old:    "first := indexOf(clients[:i], client); first >= 0 {",
		New:    "first := indexOf(clients[:i], client); first >= i {",
		Breaks: "no node votes twice",
		By:     "quorum/TestNewRefusesWhatIsNoQuorum",
	},
	{
		Name: "abstention-counts-as-grant", File: pollGo,
		Old:    "return abstained",
		New:    "return yes",
		Breaks: "a node that abstains does not vote",
		By:     "simulation",
	},
	{
		Name: "abstention-counts-as-refusal", File: pollGo,
		Old:    "return abstained",
		New:    "return no",
		Breaks: "a node that abstains does not vote",
		By:     "simulation",
	},
	{
		Name: "silence-counts-as-refusal", File: pollGo,
		Old:    "return unreachable",
		New:    "return no",
		Breaks: "an error is never taken for an owner",
		By:     "quorum/TestS18AHungMajorityCostsTheNodeTimeoutAndKeepsNoKey",
	},
	{
		Name: "silence-counts-as-grant", File: pollGo,
		Old:    "return unreachable",
		New:    "return yes",
		Breaks: "unknown is never held",
		By:     "simulation",
	},
	{
		Name: "rejection-counts-as-silence", File: pollGo,
		Old:    "return rejecting",
		New:    "return unreachable",
		Breaks: "permanent errors fail at once",
		By:     "quorum/TestACounterThatIsNoneIsRejectedAndNamed/garbage",
	},
	{
		Name: "silence-loses-the-lease", File: quorumGo,
		Old:    "answered, enough = t.got[no], t.size-q+1",
		New:    "answered, enough = t.got[no]+t.got[unreachable], t.size-q+1",
		Breaks: "a lease is lost by refusals alone: a silent node may well have it",
		By:     "quorum/TestALeaseIsDeniedByRefusalsAlone",
	},
	{
		Name: "defeat-seen-too-early", File: quorumGo,
		Old:    "lost := t.got[yes]+left < q",
		New:    "lost := t.got[yes]+left <= q",
		Breaks: "a verdict is given only when no vote to come could change it",
		By:     "quorum/TestTheVerdictIsCertainAsSoonAsNoBallotCanChangeIt",
	},
	{
		Name: "waits-for-the-slowest", File: pollGo,
		Old:    "if certain || last {",
		New:    "if certain && last || last {",
		Breaks: "a hung minority is not waited for",
		By:     "quorum/TestTheEndOfTheCallersContextEndsNoRequest",
	},
	{
		Name: "requests-on-the-callers-context", File: pollGo,
		Old:    "\tif ctx.Done() != nil {\n\t\tp.ctx = context.WithoutCancel(ctx)\n\t}\n\tif s.bare {",
		New:    "\tif false {\n\t\tp.ctx = context.WithoutCancel(ctx)\n\t}\n\tif false {",
		Breaks: "the end of the caller's context leaves no node unasked",
		By:     "quorum/TestTheEndOfTheCallersContextEndsNoRequest",
	},
	{
		Name: "caller-cannot-leave", File: pollGo,
		Old:    "case <-ctx.Done():\n",
		New:    "case <-context.WithoutCancel(ctx).Done():\n",
		Breaks: "a quorum returns at once when the caller's context ends",
		By:     "quorum/TestS19ACancelledAcquisitionReturnsAndLeavesNothing",
	},
	{
		Name: "clean-up-only-while-wanted", File: attemptGo,
		Old:    "a.cleanUp(ctx, grant)",
		New:    "if ctx.Err() == nil {\n\t\ta.cleanUp(ctx, grant)\n\t}",
		Breaks: "cleaning up outlives the caller's context",
		By:     "quorum/TestS19ACancelledAcquisitionReturnsAndLeavesNothing",
	},
	{
		Name: "clean-up-skips-the-silent", File: attemptGo,
		Old:    "if r.MaySet {\n\t\tn.Abandon",
		New:    "if false {\n\t\tn.Abandon",
		Breaks: "what went unanswered leaves no key either",
		By:     "quorum/TestS13AStoppedNodeGoesOnWithoutAGhostKey",
	},
	{
		Name: "clean-up-skips-the-granted", File: attemptGo,
		Old:    "if r.Outcome == distlock.Granted {\n\t\treq := *a.req",
		New:    "if false {\n\t\treq := *a.req",
		Breaks: "a failed acquisition leaves no key on a node that answers",
		By:     "simulation",
	},
	{
		Name: "late-grant-not-released", File: attemptGo,
		Old:    "case fate == lost:",
		New:    "case false:",
		Breaks: "a grant that comes after the verdict is given back",
		By:     "simulation",
	},
	{
		Name: "token-is-the-largest-granted", File: attemptGo,
		Old:    "verdict == distlock.Agreed && !same {",
		New:    "verdict == distlock.Agreed && !same && len(grant.replies) == 0 {",
		Breaks: "a fencing token on which nodes differ is written back to a majority",
		By:     "quorum/TestUnlikeCountersAreSettledByASecondRoundTrip/2",
	},
	{
		Name: "token-accepted-unasked", File: attemptGo,
		Old:    "case r.Outcome == distlock.Granted:\n\t\t\taccept.ask(i, time.Now())",
		New:    "case r.Outcome == distlock.Granted:\n\t\t\taccept.carryOver(i, r)",
		Breaks: "a fencing token on which nodes differ is written back to a majority",
		By:     "quorum/TestUnlikeCountersAreSettledByASecondRoundTrip/2",
	},
	{
		Name: "repair-without-a-quorum", File: redlockGo,
		Old:    "if p.askAll(ctx) == distlock.Agreed {",
		New:    "if p.askAll(ctx) != distlock.Denied {",
		Breaks: "a lost key is set again only while a majority says mine, in the same extension",
		By:     "quorum/TestASilentMajorityRepairsNothing",
	},
	{
		Name: "repair-after-the-lease", File: redlockGo,
		Old:    "if !req.Held() {\n\t\t\treturn\n\t\t}",
		New:    "req.Held = func() bool { return true }",
		Breaks: "nothing is set for a lease that has ended",
		By:     "quorum/TestANodeThatTellsAfterTheLeaseThatItForgotIsNotRepaired",
	},
	{
		Name: "repair-left-out", File: redlockGo,
		Old:    "repair := func(i int) {\n",
		New:    "repair := func(i int) {\n\t\treturn\n",
		Breaks: "a minority that forgot has the key again within a renewal period",
		By:     "quorum/TestARepairedKeyLastsAsLongAsTheLease",
	},
	{
		Name: "release-forgets-the-silent", File: handOnGo,
		Old:    "if r.Outcome == distlock.Unreachable {",
		New:    "if false {",
		Breaks: "a node that missed the release gets it when it answers",
		By:     "quorum/TestS17ThousandsOfLocksBesideAHungNodeLeaveNoKeyOnIt",
	},
	{
		Name: "owner-of-a-minority", File: "redlock/inspect.go",
		Old:    "if len(left) < q {",
		New:    "if len(left) < q-1 {",
		Breaks: "a lock is held where a majority says so",
		By:     "quorum/TestAKeyOnAMinorityIsNobodysLock",
	},
	{
		Name: "single-forgets-the-silent", File: singleGo,
		Old:    "if r.MaySet {",
		New:    "if false {",
		Breaks: "what went unanswered leaves no key either",
		By:     "quorum/TestS19ACancelledAcquisitionReturnsAndLeavesNothing",
	},
	{
		Name: "single-swallows-an-error", File: singleGo,
		Old:    "default:\n\t\treturn distlock.Unanswered",
		New:    "default:\n\t\treturn distlock.Denied",
		Breaks: "an error is never taken for an owner",
		By:     "quorum/TestS22AReleaseWhoseReplyWasLostSucceeds",
	},
}

package main

const (
	lineGo     = "internal/node/line.go"
	requestGo  = "internal/node/request.go"
	laneGo     = "internal/node/queue.go"
	lookoutGo  = "internal/node/lookout.go"
	pipelineGo = "internal/node/pipeline.go"
	guardGo    = "internal/node/guard.go"
	limitGo    = "internal/node/limit.go"
	sweepGo    = "internal/node/sweep.go"
)

// inNode are bugs in how one node is asked.
var inNode = []Mutant{
	{
		Name: "forgotten-script-is-an-error", File: lineGo,
		Old:    `if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {`,
		New:    "if false {",
		Breaks: "a node that lost its script cache answers all the same",
		By:     "simulation",
	},
	{
		Name: "node-without-a-timeout", File: "internal/node/clone.go",
		Old:    "if client.Options().ContextTimeoutEnabled {",
		New:    "if true {",
		Breaks: "each request ends within the node timeout, whatever the client's settings",
		By:     "node/TestAHungNodeIsLeftInTime/over_an_idle_connection/acquire",
	},
	{
		Name: "client-sends-again-by-itself", File: lineGo,
		Old:    "func (*once) NoRetry() bool { return true }",
		New:    "func (*once) NoRetry() bool { return false }",
		Breaks: "a request is sent once, or it is known that it was sent again",
		By:     "node/TestAnAcquireWhoseReplyIsLostIsSentAgainAndGrantedOnce/dropped",
	},
	{
		Name: "second-copy-unasked", File: lineGo,
		Old:    "ctx.Err() == nil && again():",
		New:    "ctx.Err() == nil:",
		Breaks: "no second copy is sent once the lock may have been released",
		By:     "node/TestASecondCopysErrorDoesNotSpeakForTheFirst",
	},
	{
		Name: "no-second-copy", File: lineGo,
		Old:    "r.ctx.Err() == nil && again():",
		New:    "false:",
		Breaks: "a request whose connection broke is sent again: the node may have restarted since it was last used",
		By:     "node/TestAnAcquireWhoseReplyIsLostIsSentAgainAndGrantedOnce/dropped",
	},
	{
		Name: "error-is-a-refusal", File: requestGo,
		Old:    "reply = failed(r.err, r.trip, c.timeout)",
		New:    "reply = failed(r.err, r.trip, c.timeout)\n\t\treply.Outcome = 2 // Refused",
		Breaks: "an error is never taken for an owner",
		By:     "node/TestErrorsAsOlderServersPutThemAreUnderstood",
	},
	{
		Name: "unanswered-sets-nothing", File: "internal/node/failure.go",
		Old:    "r.MaySet = t == tripTwice || t == tripOnce && !answered(err)",
		New:    "r.MaySet = t == tripTwice",
		Breaks: "a request that went unanswered may set its key yet",
		By:     "node/TestAHungNodeIsLeftInTimeByAClientThatHeedsItsContext/over_an_idle_connection",
	},
	{
		Name: "permanent-is-passing", File: "internal/node/failure.go",
		Old:    `[]string{"NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE"}`,
		New:    `[]string{"NOAUTH"}`,
		Breaks: "permanent errors fail at once",
		By:     "node/TestErrorsAsOlderServersPutThemAreUnderstood",
	},
	{
		Name: "guard-by-uptime-alone", File: guardGo,
		Old:    `g.first = g.run == ""`,
		New:    "g.first = true",
		Breaks: "a run_id that changed is timed on the client's own clock",
		By:     "node/TestANewRunIDIsBelievedOnThisProcessesClockAlone",
	},
	{
		Name: "guard-trusts-a-new-run", File: guardGo,
		Old:    "time.Since(g.since) >= length {",
		New:    "time.Since(g.since) >= length/8 {",
		Breaks: "a node that may have forgotten a lease does not vote for the full guard",
		By:     "node/TestANodeVotesOnceItIsUpForAsLongAsTheGuard",
	},
	{
		Name: "guard-a-second-short", File: guardGo,
		Old:    "int64(math.Ceil(length.Seconds())) + 1",
		New:    "int64(math.Ceil(length.Seconds()))",
		Breaks: "the guard is the full time, though an uptime runs up to a second ahead",
		By:     "node/TestANewRunIDIsBelievedOnThisProcessesClockAlone",
	},
	{
		Name: "guard-ignores-a-changed-run", File: guardGo,
		Old:    "if granted {\n\t\t// Granted on",
		New:    "if false {\n\t\t// Granted on",
		Breaks: "a grant of a run_id that changed under way is no vote",
		By:     "node/TestANewRunIDIsBelievedOnThisProcessesClockAlone",
	},
	{
		Name: "sweeper-tries-once", File: sweepGo,
		Old:    "if len(s.debts) < maxDebts {",
		New:    "if false {",
		Breaks: "an abandoned key is deleted as soon as its node answers",
		By:     "node/TestASweepThatFailsIsTriedAgain",
	},
	{
		Name: "sweeper-stops-at-the-first", File: sweepGo,
		Old:    "d := s.debts[0]\n\ts.debts = s.debts[1:]",
		New:    "d := s.debts[0]\n\ts.debts = nil",
		Breaks: "all abandoned keys are seen to",
		By:     "node/TestADebtThatCannotBePaidDoesNotStandBeforeOthers",
	},
	{
		Name: "sweeper-leaves-no-tombstone", File: sweepGo,
		Old:    "Abandon: true,",
		New:    "",
		Breaks: "copies of a request that arrive after the release set nothing",
		By:     "node/TestManyAbandonedKeysAreAllSeenTo",
	},
	{
		Name: "doubts-dropped", File: "internal/node/tokens.go",
		Old:    "return known",
		New:    "return known && false",
		Breaks: "the release of a lock that was asked for twice leaves a tombstone",
		By:     "node/TestTheHalvesOfAHandOverAreToldApart",
	},
	{
		Name: "repair-of-the-unsent-forgotten", File: "internal/node/node.go",
		Old:    "n.unsent.has(token) && !n.doubts.has(token)",
		New:    "n.unsent.has(token)",
		Breaks: "a key that a node may hold is seen to when its release goes unanswered",
		By:     "node/TestARequestThatNeverLeftOwesNothing",
	},
	{
		Name: "deletion-by-hand-is-unknown", File: "internal/node/call.go",
		Old:    "return Reply{Outcome: distlock.Refused, Absent: true}\n\t\t}",
		New:    "return Reply{Err: errUnwanted}\n\t\t}",
		Breaks: "a key deleted by hand is a lost lease, by the next renewal",
		By:     "engine/ExampleHandle_Extend",
	},
	{
		Name: "clean-up-is-shut-in", File: lineGo,
		Old:    "if l.stuck.Add(1) > maxStuck {",
		New:    "if l.stuck.Add(1) > 1<<40 {",
		Breaks: "goroutines that a hung client keeps waiting are bounded",
		By:     "node/TestTheGoroutinesThatAClientKeepsWaitingAreBounded",
	},
	{
		Name: "pipelined-second-copy-unasked", File: pipelineGo,
		Old:    "r.ctx.Err() == nil && n.again(r.Call):",
		New:    "r.ctx.Err() == nil:",
		Breaks: "no second copy is sent once the lock may have been released",
		By:     "node/TestAPipelineThatBreaksIsSentAgainForWhoStillWantsIt",
	},
	{
		Name: "pipelined-forgotten-script-is-an-error", File: pipelineGo,
		Old:    `r.err != nil && redis.HasErrorPrefix(r.err, "NOSCRIPT") {`,
		New:    "false {",
		Breaks: "a node that lost its script cache answers all the same",
		By:     "node/TestAPipelineToANodeThatForgotItsScriptsTakesOneMoreTrip",
	},
	{
		Name: "pipelined-is-never-sent", File: pipelineGo,
		Old:    "case !r.first.read.Load():",
		New:    "default:",
		Breaks: "a request that went unanswered may set its key yet",
		By:     "node/TestAPipelineThatBreaksIsSentAgainForWhoStillWantsIt",
	},
	{
		Name: "few-hand-on-what-each-could-do", File: laneGo,
		Old:    "(q.flights < q.direct || q.flights < q.main && q.mayLeave(r.began))",
		New:    "q.mayLeave(r.began)",
		Breaks: "a request that few others meet leaves at once",
		By:     "node/TestFewRequestsLeaveByThemselves",
	},
	{
		Name: "newcomers-overtake", File: laneGo,
		Old:    "if q.head == nil && (q.flights < q.direct || q.flights < q.main && q.mayLeave(r.began)) {",
		New:    "if q.flights < q.direct || q.head == nil && q.mayLeave(r.began) {",
		Breaks: "requests leave in the order in which they came",
		By:     "node/TestNobodyOvertakesWhoWaitsInTheQueue",
	},
	{
		Name: "few-connections-are-stood-in-line-for", File: laneGo,
		Old:    "q.main = o.PoolSize",
		New:    "q.main = maxFlights",
		Breaks: "requests that wait for a connection share its next pipeline",
		By:     "node/TestOneConnectionIsStoodInLineForInTheQueue/of_the_pool",
	},
	{
		Name: "few-connections-are-asked-for-more", File: laneGo,
		Old:    "q.main = min(q.main, o.MaxActiveConns)",
		New:    "_ = o.MaxActiveConns",
		Breaks: "no request fails because the client may have no further connection",
		By:     "node/TestOneConnectionIsStoodInLineForInTheQueue/of_the_limit",
	},
	{
		Name: "few-connections-and-no-pipeline", File: "internal/node/worker.go",
		Old:    "w.piped = q.flights > q.main",
		New:    "w.piped = false",
		Breaks: "a connection that hangs does not hold up the other requests to its node, though it be the only one",
		By:     "node/TestWhoHasOneConnectionIsNotHeldUpByARequestThatHangs",
	},
	{
		Name: "queue-without-a-second-pipeline", File: laneGo,
		Old:    "q.flights < q.most && now.Sub(q.left) >= q.headway()",
		New:    "false",
		Breaks: "a connection that hangs does not hold up the other requests to its node",
		By:     "node/TestHungConnectionsDoNotHoldUpTheNodesOtherRequests",
	},
	{
		Name: "near-beside-what-hangs", File: laneGo,
		Old:    "q.near = near && q.flights == 1",
		New:    "q.near = near",
		Breaks: "a connection that hangs does not hold up one request after the other",
		By:     "node/TestAHungConnectionHoldsUpOneRequestAndNotEachAfterIt/asked",
	},
	{
		Name: "watch-never-sooner", File: lookoutGo,
		Old:    "if q.watching && !rings.Before(q.rings) {",
		New:    "if q.watching {",
		Breaks: "a connection that hangs does not hold up one request after the other",
		By:     "node/TestAHungConnectionHoldsUpOneRequestAndNotEachAfterIt/posted",
	},
	{
		Name: "queue-without-an-end", File: lookoutGo,
		Old:    "if !bounded || now.Before(deadline) {",
		New:    "if true || bounded || now.Before(deadline) {",
		Breaks: "a request waits for its turn no longer than for its answer",
		By:     "node/TestARequestThatNobodyWaitsForEndsInTimeUnsentToo",
	},
	{
		Name: "pipelines-without-end", File: laneGo,
		Old:    "q.flights < q.most && now",
		New:    "now",
		Breaks: "goroutines that a hung node keeps waiting are bounded",
		By:     "node/TestS28AHungNodeHasFewRequestsUnderWayAndTheOthersEndInTimeUnsent",
	},
}

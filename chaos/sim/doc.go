// Package sim runs the real library on virtual time, against simulated nodes and a
// simulated network, from one seed: some simulated minutes in a millisecond, and the
// same history, to the byte, each time the seed is run.
//
// What is real is everything from the Locker down to the go-redis client; below
// that, where go-redis would use a socket, a request is an event of one seeded
// queue. A node is a twin of Redis in plain Go (internal/twin, held to the Lua
// scripts by a differential test), or miniredis, which runs the scripts themselves
// and is slower. Each node has a clock of its own, with an offset and a rate; the
// clients' machine may be suspended, clients paused and killed.
//
//	config.go        what a seed stands for
//	network.go       the queue of events, and who runs when
//	node.go          a node: its clock, its state, its trouble
//	subscription.go  the connections on which nodes tell that a lock is free
//	client.go        a client: its Locker, its end, what it records
//	worker.go        what a client's workers do, who may share its Locker
//	run.go           one run, from the seed to the verdict
//	hunt.go          many runs, and what a failing one is reduced to
//	bubble.go        virtual time outside of a test
//
// Limits: the order in which goroutines run at one instant is Go's, not the seed's;
// requests that leave at one instant are put in order before they are let out, and
// one event is over before the next begins. A kernel that takes the processor away in the
// middle of an instant can still change it. Only one simulation runs in a process
// at a time.
package sim

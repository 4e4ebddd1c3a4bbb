package sim

import (
	"context"
	"errors"
	"time"

	"github.com/lilith/distlock/chaos"
)

// broken is what is to be healed: the faults that are on.
type broken map[int]func()

// plan has every fault of the plan come at its time, and go.
func (r *run) plan() broken {
	on := make(broken)
	for i := range r.config.Plan {
		p := r.config.Plan[i]
		r.net.at(p.At, func() { r.inject(i, p, on) })
	}
	return on
}

func (r *run) inject(i int, p chaos.Planned, on broken) {
	ctx := context.Background()
	in := chaos.Injection{Row: p.Fault.Row(), Fault: p.Fault.String(), Breaks: p.Fault.Breaks(), Start: r.net.now()}
	in.Node, in.Client = p.Fault.Target(r)
	if wide, ok := p.Fault.(chaos.Wide); ok {
		for _, n := range wide.On().List() {
			in.Nodes = append(in.Nodes, r.nodes[n].name)
		}
	}
	heal, err := p.Fault.Inject(ctx, r)
	if errors.Is(err, chaos.ErrUnsupported) {
		return // it met nothing
	}
	if err != nil {
		in.Err = err.Error()
		r.recorder.Injection(in)()
		return
	}
	healed := r.recorder.Injection(in)
	on[i] = func() {
		if _, still := on[i]; !still {
			return
		}
		if heal(ctx) != nil { // tried again, and at the end at the latest
			r.net.at(10*time.Millisecond, on[i])
			return
		}
		delete(on, i)
		healed()
	}
	r.net.at(p.For, on[i])
}

// heal ends what is still on, and the storm.
func (r *run) heal(on broken) error {
	r.net.storm = 0
	for try := 0; len(on) > 0; try++ {
		if try == 100 {
			return errUnhealed
		}
		for i := range r.config.Plan {
			if end := on[i]; end != nil {
				end()
			}
		}
		r.net.run(r.config.Duration + time.Duration(try+1)*20*time.Millisecond)
	}
	r.recorder.Amend(func(h *chaos.History) { h.Healed = r.net.now() })
	return nil
}

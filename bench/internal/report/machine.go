package report

import (
	"context"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/lilith/distlock/bench/internal/server"
)

// A Machine is what the figures were measured on and with.
type Machine struct {
	CPU      string            `json:"cpu,omitempty"`
	Cores    int               `json:"cores"`
	System   string            `json:"system"`
	Kernel   string            `json:"kernel,omitempty"`
	Load     string            `json:"load,omitempty"` // before the run: of one, five and fifteen minutes
	Go       string            `json:"go"`
	Redis    string            `json:"redis"`
	Revision string            `json:"revision,omitempty"` // of the library
	Modules  map[string]string `json:"modules"`            // versions of clients and peers
}

// peers are the modules whose versions matter.
var peers = []string{
	"github.com/redis/go-redis/v9",
	"github.com/go-redsync/redsync/v4",
	"github.com/bsm/redislock",
	"github.com/redis/rueidis",
}

// ThisMachine looks at where it runs. What it cannot find out is left empty.
func ThisMachine() Machine {
	m := Machine{
		Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Redis: server.Version(), Revision: revision(),
		Modules: make(map[string]string),
	}
	m.CPU, m.Kernel, m.Load = hardware()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			for _, path := range peers {
				if dep.Path == path {
					m.Modules[path] = dep.Version
				}
			}
		}
	}
	return m
}

// revision asks git, as `go run` leaves it out of the build.
func revision() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

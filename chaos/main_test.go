package chaos_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lilith/distlock/chaos"
)

func TestMain(m *testing.M) {
	chaos.Worker() // the clients of runs with processes
	goleak.VerifyTestMain(m)
}

package chaos_test

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/lilith/distlock/chaos"
)

func TestMain(m *testing.M) {
	chaos.Worker()    // the clients of runs with processes
	logging.Disable() // nodes that cannot be reached are the point
	goleak.VerifyTestMain(m)
}

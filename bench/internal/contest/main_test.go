package contest_test

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // of every node that a workload kills
	goleak.VerifyTestMain(m)
}

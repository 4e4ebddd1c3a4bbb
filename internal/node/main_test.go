package node_test

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // nodes that cannot be reached are the point
	goleak.VerifyTestMain(m)
}

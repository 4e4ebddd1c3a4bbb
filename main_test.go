package distlock_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lilith/distlock/internal/clock"
)

func TestMain(m *testing.M) {
	clock.IgnoreSuspends() // most tests here run on virtual time
	goleak.VerifyTestMain(m)
}

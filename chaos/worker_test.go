package chaos_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

func TestAWorkerIsToldAllOfTheConfigButItsHooks(t *testing.T) {
	t.Parallel()
	var c distlock.Config
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int, reflect.Int64:
			field.SetInt(int64(i + 1))
		case reflect.Float64:
			field.SetFloat(float64(i + 1))
		default:
			require.Contains(t, []string{"Trace", "_"}, v.Type().Field(i).Name, "a field that no worker is told")
		}
	}
	require.Equal(t, c, chaos.AsToldToAWorker(c))
}

func TestAProcessThatIsNoWorkerGoesOn(t *testing.T) {
	t.Parallel()
	chaos.Worker() // returns
}

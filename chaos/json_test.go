package chaos_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestAReportIsReadBackFromJSONUnchanged(t *testing.T) {
	full := sampleReport(3, true)
	full.Seed = math.MaxUint64 // more than a float64 holds
	full.Stopped = `interrupted, by </script> and "quotes"`
	full.History.Sightings = []chaos.Sighting{{Node: "node 1", Key: "stock", Value: "x", TTL: -1, At: 5}}
	full.History.Levels = []chaos.Level{{What: "goroutines", Before: 4, After: 5}}
	for name, r := range map[string]*chaos.Report{"full": full, "held": sampleReport(4, false), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			require.NoError(t, r.WriteJSON(&first))
			written := first.String()
			back, err := chaos.ReadReport(&first)
			require.NoError(t, err)
			require.Equal(t, r, back)
			require.NoError(t, back.WriteJSON(&second))
			require.Equal(t, written, second.String())
		})
	}
}

func TestAFaultOfAProgramsOwnRowIsReadBack(t *testing.T) {
	r := &chaos.Report{History: &chaos.History{Injections: []chaos.Injection{{Row: 200, Fault: "a fault of one's own"}}}}
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	back, err := chaos.ReadReport(&b)
	require.NoError(t, err)
	require.Equal(t, r, back)
}

func TestAMatrixIsWrittenByItsNames(t *testing.T) {
	var m chaos.Matrix
	m[chaos.Partition][chaos.RenewalColumn] = 7
	text, err := json.Marshal(m) // a value, as well as a pointer
	require.NoError(t, err)
	var named map[string]map[string]int
	require.NoError(t, json.Unmarshal(text, &named))
	require.Len(t, named, len(chaos.Rows()))
	require.Len(t, named["crash"], len(chaos.Columns()))
	require.Equal(t, 7, named["partition"]["renewal"])
}

func TestAReportThatIsNotOneIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"half":             `{"layer":"embedded","seed":`,
		"two":              `{"seed":1}{"seed":2}`,
		"unknown fault":    `{"matrix":{"earthquake":{"acquire":1}}}`,
		"unknown row":      `{"history":{"injections":[{"row":"row(3)"}]}}`,
		"unknown column":   `{"matrix":{"crash":{"pray":1}}}`,
		"a matrix of rows": `{"matrix":[[1,2,3]]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chaos.ReadReport(strings.NewReader(text))
			require.Error(t, err)
		})
	}
}

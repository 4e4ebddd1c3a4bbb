package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser returns a Chromium, and skips the test where there is none.
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("needs Chromium")
	return ""
}

func TestABrowserDrawsTheTimelineFromAFile(t *testing.T) {
	chromium := browser(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	require.NoError(t, os.WriteFile(file, []byte(pageOf(t, sampleReport(7, true))), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=1000", "--dump-dom", "file://"+file)
	cmd.WaitDelay = time.Second
	page, err := cmd.Output()
	if err != nil {
		t.Skipf("%s does not run here: %v", chromium, err)
	}
	// Only the script says what is in view, after it has drawn it, and shows the chart.
	require.Regexp(t, `<span id="range">0\.\d+ s – 31\.\d+ s of 31\.\d+ s</span>`, string(page))
	require.Regexp(t, `<canvas id="chart"[^>]* width="\d{3,}" height="\d{3,}"`, string(page))
	require.NotRegexp(t, `<canvas[^>]* hidden`, string(page))
	require.Len(t, regexp.MustCompile(`<button[^>]*hidden`).FindAllString(string(page), -1), 0)
}

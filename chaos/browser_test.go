package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

// shownBy returns what becomes of a page in Chromium.
func shownBy(t *testing.T, chromium, page string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=10000", "--dump-dom", "file://"+file)
	cmd.WaitDelay = time.Second
	shown, err := cmd.Output()
	if err != nil {
		t.Skipf("%s does not run here: %v", chromium, err)
	}
	return string(shown)
}

func TestABrowserDrawsTheTimelineFromAFile(t *testing.T) {
	page := shownBy(t, browser(t), pageOf(t, sampleReport(7, true)))
	// Only the script says what is in view, and shows the chart.
	require.Regexp(t, `<span id="range">0\.\d+ s – 31\.\d+ s of 31\.\d+ s</span>`, page)
	require.Regexp(t, `<canvas id="chart"[^>]* width="\d{3,}" height="\d{3,}"`, page)
	require.NotRegexp(t, `<canvas[^>]* hidden`, page)
	require.Len(t, regexp.MustCompile(`<button[^>]*hidden`).FindAllString(page, -1), 0)
}

func TestABrowserZoomsByButtonKeyAndLink(t *testing.T) {
	chromium := browser(t)
	for name, c := range map[string]struct{ script, want string }{
		"button":    {`document.querySelector('[data-do=in]').click()`, `[1-9]\d*\.\d+ s – [12]\d\.\d+ s of 31\.\d+ s`},
		"and back":  {`document.querySelector('[data-do=in]').click();document.querySelector('[data-do=all]').click()`, `0\.\d+ s – 31\.\d+ s of 31\.\d+ s`},
		"key":       {`document.getElementById('chart').dispatchEvent(new KeyboardEvent('keydown', {key: '+'}))`, `[1-9]\d*\.\d+ s – [12]\d\.\d+ s of 31\.\d+ s`},
		"a finding": {`document.querySelector('a.zoom').click()`, `8\.\d+ s – 15\.\d+ s of 31\.\d+ s`},
	} {
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, sampleReport(7, true))
			// The page's own policy lets no script of ours in.
			page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllLiteralString(page, "")
			page = strings.Replace(page, "</body>", "<script>"+c.script+"</script></body>", 1)
			shown := regexp.MustCompile(`<span id="range">([^<]*)</span>`).FindStringSubmatch(shownBy(t, chromium, page))
			require.Len(t, shown, 2)
			require.Regexp(t, "^"+c.want+"$", shown[1])
		})
	}
}

func TestABrowserShowsAPageThatHasNoTimeline(t *testing.T) {
	r := sampleReport(7, false)
	r.Seeds, r.History = 2000, nil
	page := pageOf(t, r)
	requireBalanced(t, page)
	for _, id := range []string{"timeline", "latency"} {
		require.NotContains(t, page, `<section id="`+id+`"`)
		require.NotContains(t, page, `href="#`+id)
	}
	require.Contains(t, page, "2000 seeds from 7 on")
	shown := shownBy(t, browser(t), page)
	require.Len(t, regexp.MustCompile(`<button[^>]*hidden`).FindAllString(shown, -1), 0, "the script ran to its end")
}

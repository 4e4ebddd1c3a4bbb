package server

import (
	"bufio"
	"context"
	"fmt"
	"strings"
)

// Calls counts, by lower-case name, the commands that the server has run since it
// started (INFO commandstats). Commands of scripts are among them: who asks must
// know which are sent by clients.
func (s *Server) Calls(ctx context.Context) (map[string]int, error) {
	info, err := s.admin.Info(ctx, "commandstats").Result()
	if err != nil {
		return nil, err
	}
	return parseCalls(info), nil
}

func parseCalls(info string) map[string]int {
	calls := make(map[string]int)
	for lines := bufio.NewScanner(strings.NewReader(info)); lines.Scan(); {
		name, rest, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "cmdstat_"), ":calls=")
		var n int
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(rest, "%d", &n); err == nil {
			calls[name] = n
		}
	}
	return calls
}

//go:build !unix

package chaos

import "os"

// stopProcess cannot be had here: a process is ended, or runs.
func stopProcess(*os.Process, bool) error { return ErrUnsupported }

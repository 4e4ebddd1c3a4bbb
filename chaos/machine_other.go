//go:build !linux

package chaos

import "time"

// machineTime is a time that all processes of this machine agree on, as long as nobody
// sets its clock meanwhile.
func machineTime() time.Duration { return time.Duration(time.Now().UnixNano()) }

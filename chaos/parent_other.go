//go:build !unix

package chaos

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }

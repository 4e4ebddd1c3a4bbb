//go:build !unix

package server

import "syscall"

func childOf() *syscall.SysProcAttr { return nil }

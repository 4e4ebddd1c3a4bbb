//go:build unix && !linux

package main

import "syscall"

// endWithParent does nothing where the kernel knows no such service.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

// adoptOrphans does nothing there either.
func adoptOrphans() {}

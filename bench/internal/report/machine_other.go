//go:build !linux

package report

func hardware() (cpu, kernel, load string) { return "", "", "" }

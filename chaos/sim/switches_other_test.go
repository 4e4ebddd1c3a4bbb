//go:build !unix

package sim_test

func switches() int64 { return 0 }

//go:build !unix

package main

import "os"

// terminalWidth returns how many columns a terminal has at least.
func terminalWidth(*os.File) int { return usualWidth }

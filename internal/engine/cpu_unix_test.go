//go:build unix

package engine_test

import (
	"syscall"
	"time"
)

// processorTime is what this process has used of all processors.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return time.Since(started)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

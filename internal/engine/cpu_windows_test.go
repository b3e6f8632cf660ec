package engine_test

import "time"

// processorTime is the time that went by: the benchmark is for a machine with nothing else to do.
func processorTime() time.Duration { return time.Since(started) }

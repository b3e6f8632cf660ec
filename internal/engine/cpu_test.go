package engine_test

import "time"

// started stands in for the clock of the processors where there is none.
var started = time.Now()

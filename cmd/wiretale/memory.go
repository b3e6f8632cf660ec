package main

import (
	"os"
	"runtime/debug"
)

// compareGC is how much the heap may grow, in percent of what is in use, before the collector runs once points are compared. What is kept
// of all sources is there at the same time, and most of it is prints, which the collector need not look into: to run often costs little then.
const compareGC = 30

// frugal lets the collector run often until restore is called, unless GOGC says how often.
func frugal() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(compareGC)
	return func() { debug.SetGCPercent(before) }
}

package filter

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// A clock knows the times that the relative ones count from.
type clock struct {
	now, first, previous, shown int64
}

func newClock() clock {
	return clock{now: trace.NoTime, first: trace.NoTime, previous: trace.NoTime, shown: trace.NoTime}
}

// tick moves the clock to the next record.
func (c *clock) tick(t int64) {
	if c.now != trace.NoTime {
		c.previous = c.now
	}
	c.now = t
	if c.first == trace.NoTime {
		c.first = t
	}
}

// show notes that the record is displayed.
func (c *clock) show() {
	if c.now != trace.NoTime {
		c.shown = c.now
	}
}

// since is the time from t to the record, 0 for the first one.
func (c *clock) since(t int64) (field.Value, bool) {
	if c.now == trace.NoTime {
		return field.Value{}, false
	}
	if t == trace.NoTime {
		return field.Value{Type: field.Duration}, true
	}
	return field.Value{Type: field.Duration, U: uint64(c.now - t)}, true
}

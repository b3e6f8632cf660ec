package api

import (
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// A clock tells times on the one clock of all capture points.
type clock struct {
	of    *point.Result
	bases map[int]*point.Timebase // by source
}

// newClock is nil when there is one point only, or none.
func newClock(r *point.Result) *clock {
	if r == nil || len(r.Points) < 2 || len(r.Timebases) == 0 {
		return nil
	}
	return &clock{r, map[int]*point.Timebase{}}
}

// at is the time of a record on the one clock; its own where there is none.
func (c *clock) at(rec *trace.Record) int64 {
	if c == nil || rec.Time == trace.NoTime {
		return rec.Time
	}
	b := c.bases[rec.Pos.Source]
	if b == nil {
		b = c.of.Clock(rec.Pos.Source)
		c.bases[rec.Pos.Source] = b
	}
	at, _ := b.At(rec.Pos.Number, rec.Time)
	return at
}

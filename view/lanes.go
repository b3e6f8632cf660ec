package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// Lanes are a conversation at several points, on one clock.
type Lanes struct {
	*point.Followed
	of   *point.Result
	unit int64
	// bases are by source.
	bases map[int]*point.Timebase
}

// NewLanes is nil unless the selection is a conversation that several points of the case have.
func NewLanes(c *engine.Case, s *Selection) *Lanes {
	if s.Conv == nil || c.Points == nil {
		return nil
	}
	f := c.Points.Follow(s.Conv)
	if f == nil {
		return nil
	}
	l := &Lanes{Followed: f, of: c.Points, unit: 1, bases: map[int]*point.Timebase{}}
	for _, p := range f.Points {
		l.unit = max(l.unit, c.Points.Points[p].Unit)
	}
	return l
}

// Time is when a record was, on the one clock, and how far that may be off.
func (l *Lanes) Time(row *engine.Row) (at, err int64) {
	return l.at(row.Record)
}

// Point is the point of a record, -1 when it is of none.
func (l *Lanes) Point(row *engine.Row) int { return l.Index(row.Source) }

// Packet is the packet of a record, nil when no other point has it or lacks it.
func (l *Lanes) Packet(row *engine.Row) *point.Packet { return l.Of(row.Source, row.Record.Pos.Number) }

// Clock is the time of a record on the one clock.
func (l *Lanes) Clock(rec *trace.Record) int64 {
	at, _ := l.at(rec)
	return at
}

func (l *Lanes) at(rec *trace.Record) (at, err int64) {
	if rec.Time == trace.NoTime {
		return trace.NoTime, point.Unbounded
	}
	b := l.bases[rec.Pos.Source]
	if b == nil {
		b = l.of.Clock(rec.Pos.Source)
		l.bases[rec.Pos.Source] = b
	}
	return b.At(rec.Pos.Number, rec.Time)
}

// Record is the record of a point with a number there.
func (l *Lanes) Record(i int, number uint32) trace.Pos { return l.of.Points[i].Pos(number) }

// Name is that of a point.
func (l *Lanes) Name(i int) string { return Printable(l.of.Points[i].Name) }

// Source is that of a point.
func (l *Lanes) Source(i int) int { return l.of.Points[i].Source }

// Forth reports whether the packet of a row goes from the first end to the second, as the first point has them.
func (l *Lanes) Forth(row *engine.Row) bool {
	i := l.Point(row)
	return row.Sighting == nil || i < 0 || (row.Sighting.Dir == 0) != l.Turned[i]
}

// Apart is the time between two sightings with errors, as exactly as it is known.
func (l *Lanes) Apart(d, err, other int64) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	if err == point.Unbounded || other == point.Unbounded {
		return "?"
	}
	return sign + diag.Within(d, max(err+other, d/100), l.unit)
}

// Certainty says by whose clock the times are, and how far those of each other point may be off.
func (l *Lanes) Certainty() string {
	ref := l.of.Reference()
	if ref < 0 {
		return "nothing tells how far the clocks are apart: times are those of each point"
	}
	var parts []string
	for _, i := range l.Points {
		b := &l.of.Timebases[i]
		if i == ref {
			continue
		}
		e := b.Tick
		for _, s := range b.Stretches {
			e = max(e, s.Error+b.Tick)
		}
		exact := diag.Within(e, e, l.unit)
		switch {
		case !b.Linked:
			parts = append(parts, fmt.Sprintf("nothing tells how far that of %s is from it", l.Name(i)))
		case b.Bound == point.Both:
			parts = append(parts, fmt.Sprintf("those of %s may be off by %s", l.Name(i), exact))
		case b.Bound == point.AtMost:
			parts = append(parts, fmt.Sprintf("those of %s are early by the time on the way, and may be off by %s besides", l.Name(i), exact))
		case b.Bound == point.AtLeast:
			parts = append(parts, fmt.Sprintf("those of %s are late by the time on the way, and may be off by %s besides", l.Name(i), exact))
		default:
			parts = append(parts, fmt.Sprintf("those of %s are early or late by the time on the way, and may be off by %s besides", l.Name(i), exact))
		}
	}
	return strings.Join(append([]string{"times are those of " + l.Name(ref)}, parts...), "; ")
}

// Package stats counts the packets of a run by what people ask for: pairs of
// endpoints, endpoints, protocols, intervals of time, verdicts, round trips.
// Its counts are those of tshark's -z statistics, with two differences: a
// packet counts once however often a recorder saw it, and the report of a
// dropped packet is no traffic.
package stats

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// A Row is one record with all that is known of it.
type Row = session.Row

// A Collector counts rows. It gets them in order; stream numbers must be known.
type Collector interface {
	// Add counts a row. timed is false when its source has no times.
	Add(row *Row, timed bool)
}

// A Finisher also needs the conversations as they are at the end of the input.
type Finisher interface {
	Finish(conversations flow.Conversations)
}

// Counts are packets and the bytes of their frames on the wire.
type Counts struct{ Packets, Bytes int64 }

func (c *Counts) add(frame int) {
	c.Packets++
	c.Bytes += int64(frame)
}

// Plus is the sum of two counts.
func (c Counts) Plus(d Counts) Counts { return Counts{c.Packets + d.Packets, c.Bytes + d.Bytes} }

// traffic is the packet of a row, nil when the row is none or the packet does not count:
// a further sighting, the report of a drop.
func traffic(row *Row) *packet.Packet {
	if row.Packet == nil || row.Sighting != nil && row.Sighting.Duplicate || row.Record.Meta != nil && row.Record.Meta.Drop != nil {
		return nil
	}
	return row.Packet
}

// A Stretch is the earliest and the latest time of packets, nanoseconds since 1970; trace.NoTime without times.
type Stretch struct{ First, Last int64 }

var never = Stretch{trace.NoTime, trace.NoTime}

func (s *Stretch) note(t int64) {
	if t == trace.NoTime {
		return
	}
	if s.First == trace.NoTime {
		s.First, s.Last = t, t
	}
	s.First, s.Last = min(s.First, t), max(s.Last, t)
}

// Duration is the time between the two, in nanoseconds; false without times.
func (s Stretch) Duration() (int64, bool) { return s.Last - s.First, s.First != trace.NoTime }

// A start is the time of the first row that has one: what relative times count from.
type start struct {
	at    int64
	known bool
}

// of returns the time of a row, trace.NoTime without one.
func (s *start) of(row *Row, timed bool) int64 {
	if !timed || row.Record.Time == trace.NoTime {
		return trace.NoTime
	}
	if !s.known {
		s.at, s.known = row.Record.Time, true
	}
	return row.Record.Time
}

// Relative is t in nanoseconds since the first row; false without a time.
func (s *start) Relative(t int64) (int64, bool) { return t - s.at, s.known && t != trace.NoTime }

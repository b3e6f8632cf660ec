package diag

import (
	"fmt"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A Recording is what the packets of one interface of a source say of how they
// were recorded: how fine the clock is, whether it was set, what was cut.
type Recording struct {
	Source, Interface int // index into the interfaces of the source, -1 when the source names none
	Packets           int64
	// NoNetwork counts packets without a network layer: ARP and the like.
	NoNetwork int64
	// Tick is the step of the clock; 0 when it is finer than half a millisecond, or too few times show it.
	Tick time.Duration
	// Stamps is how often the time differed from that of the packet before, counted while a tick was possible.
	Stamps int64
	Ticks  []flow.Moment // the first packets with another time than the one before, 20 at most
	Steps  []Step        // where the clock was set back, 20 at most, in order
	// Late are packets that were written after later ones, by more than a millisecond: LateBy at most.
	Late      int64
	LateBy    time.Duration
	LateFirst []flow.Moment // 20 at most
	// Cut counts packets of which only a part was captured: CutMin to CutMax bytes of each, CutBytes not at all.
	Cut            int64
	CutMin, CutMax int
	CutBytes       int64
	CutFirst       []flow.Moment // 20 at most
}

// A Step is a place at which the clock of a recording went back and ran on from there.
type Step struct {
	At   flow.Moment // first packet after it
	Back time.Duration
	// Ahead is the packet at which times had jumped ahead by about as much: those from there up to At are wrong, not
	// those from At on. Not seen when they had not.
	Ahead flow.Moment
}

// parts reports whether the step comes between two records of its source. Both may lie outside of times that were ahead.
func (s *Step) parts(from, to int64) bool {
	if s.Ahead.Seen() {
		return s.ahead(from) != s.ahead(to)
	}
	return from < s.At.Pos.Number && s.At.Pos.Number <= to
}

func (s *Step) ahead(n int64) bool { return s.Ahead.Pos.Number <= n && n < s.At.Pos.Number }

// over reports whether a step lies between two records of a source: times on both sides of it do not compare.
func (in *Input) over(source int, from, to int64) bool {
	for i := range in.Recordings {
		r := &in.Recordings[i]
		if r.Source != source {
			continue
		}
		for i := range r.Steps {
			if r.Steps[i].parts(from, to) {
				return true
			}
		}
	}
	return false
}

// Tick is the step of the coarsest clock of a source, 0 when all are fine. A time between two of its
// records is known to one tick more or less.
func (in *Input) Tick(source int) (tick time.Duration) {
	for i := range in.Recordings {
		if in.Recordings[i].Source == source {
			tick = max(tick, in.Recordings[i].Tick)
		}
	}
	return tick
}

// measurable reports whether the clock of a source can tell a time of this length from none: two ticks or more.
func (in *Input) measurable(source int, d time.Duration) bool { return d >= 2*in.Tick(source) }

// Interface names an interface of a source: "eth0", "interface 2"; "" when the source does not tell interfaces apart.
func Interface(s *trace.Info, i int) string {
	if i < 0 || i >= len(s.Interfaces) || !s.NamesInterfaces {
		return ""
	}
	if n := s.Interfaces[i].Name; n != "" {
		return n
	}
	return fmt.Sprintf("interface %d", i)
}

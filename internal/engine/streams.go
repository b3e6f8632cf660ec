package engine

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
)

// streams follow the applications of a source in order. They have a share for each lane, as the
// lanes have: what the bounds on memory forget is the same for any number of workers.
type streams struct {
	choice *stream.Choice
	source int
	done   func(*request.Request) // nil when nobody wants requests
	lanes  [flow.Lanes]*stream.Applications
}

func (s *streams) add(p *packet.Packet, seen *flow.Sighting) {
	if seen.Conv == nil {
		return
	}
	l := &s.lanes[flow.LaneOfPair(p)]
	if *l == nil {
		*l = stream.New(s.choice, s.source, s.done)
	}
	(*l).Add(p, seen)
}

func (s *streams) end() {
	for _, l := range s.lanes {
		if l != nil {
			l.End()
		}
	}
}

package stats

import "github.com/wiretale/wiretale/proto"

// An Endpoint is one address of a level, with its port for a transport: tshark's line of -z endpoints.
type Endpoint struct {
	Source         int // index of the source
	End            End
	Sent, Received Counts
}

// Total is what the endpoint sent and received.
func (e *Endpoint) Total() Counts { return e.Sent.Plus(e.Received) }

// Endpoints collects the endpoints of a level.
type Endpoints struct {
	Level Level
	List  []*Endpoint // in order of appearance
	id    proto.ID
	index map[endpointKey]*Endpoint
}

type endpointKey struct {
	source int
	end    End
}

// NewEndpoints collects endpoints of a level.
func NewEndpoints(level Level) *Endpoints {
	return &Endpoints{Level: level, id: levelProtos[level], index: map[endpointKey]*Endpoint{}}
}

// Add counts a packet for each of its layers of the level.
func (s *Endpoints) Add(row *Row, _ bool) {
	p := traffic(row)
	if p == nil {
		return
	}
	for x := range crossings(p, row.Sighting, s.id) {
		s.find(row.Source, x.src).Sent.add(row.Record.WireLen)
		s.find(row.Source, x.dst).Received.add(row.Record.WireLen)
	}
}

func (s *Endpoints) find(source int, end End) *Endpoint {
	e := s.index[endpointKey{source, end}]
	if e == nil {
		e = &Endpoint{Source: source, End: end}
		s.index[endpointKey{source, end}] = e
		s.List = append(s.List, e)
	}
	return e
}

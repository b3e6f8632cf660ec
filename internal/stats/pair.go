package stats

import "github.com/wiretale/wiretale/proto"

// A Pair is two endpoints that talked: tshark's line of -z conv. A connection
// that uses the same ports again is another pair.
type Pair struct {
	Source int // index of the source
	A, B   End // A sent the first packet
	Stream int // Wireshark's tcp.stream or udp.stream; valid iff the level is one of them
	AToB   Counts
	BToA   Counts
	Time   Stretch
}

// Total is what went both ways.
func (p *Pair) Total() Counts { return p.AToB.Plus(p.BToA) }

// Pairs collects the pairs of a level.
type Pairs struct {
	start
	Level Level
	List  []*Pair // in order of their first packet
	id    proto.ID
	index map[pairKey]*Pair
}

type pairKey struct {
	source int
	stream int32
	a, b   End
}

// NewPairs collects pairs of a level.
func NewPairs(level Level) *Pairs {
	return &Pairs{Level: level, id: levelProtos[level], index: map[pairKey]*Pair{}}
}

// Add counts a packet for each of its layers of the level.
func (s *Pairs) Add(row *Row, timed bool) {
	now := s.of(row, timed)
	p := traffic(row)
	if p == nil {
		return
	}
	for x := range crossings(p, row.Sighting, s.id) {
		pair, back := s.find(row.Source, &x)
		pair.Time.note(now)
		if back {
			pair.BToA.add(row.Record.WireLen)
		} else {
			pair.AToB.add(row.Record.WireLen)
		}
	}
}

// find returns the pair of a layer, and whether B sent it.
func (s *Pairs) find(source int, x *crossing) (p *Pair, back bool) {
	if p = s.index[pairKey{source, x.stream, x.src, x.dst}]; p != nil {
		return p, false
	}
	if p = s.index[pairKey{source, x.stream, x.dst, x.src}]; p != nil {
		return p, true
	}
	p = &Pair{Source: source, A: x.src, B: x.dst, Stream: int(x.stream), Time: never}
	s.index[pairKey{source, x.stream, x.src, x.dst}] = p
	s.List = append(s.List, p)
	return p, false
}

package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// pieceCount is how many segments of one direction are remembered: 64 KB in segments of an Ethernet link are 45.
const pieceCount = 64

// ringCount is how many sides of connections are followed at a time.
const ringCount = 256

// pieces are the segments that one side of a connection sent in the last moments, in a ring.
type pieces struct {
	flow *flow
	dir  int
	list [pieceCount]piece
	next int
}

// piece is a range of sequence numbers with the place that saw it first.
type piece struct {
	seq, end uint32
	place    uint32
	time     int64
	pos      trace.Pos
}

// resegmented reports whether a segment is another sighting of bytes that were
// seen in other segments elsewhere in the stack: above large send offload a
// stack hands down one segment of 64 KB which leaves in pieces, and below
// receive coalescing many become one. All bytes of the segment were seen within
// the window at other places, and none of them at its own; a retransmission
// passes the same places as the first transmission and is none.
func (t *Tracker) resegmented(f *flow, p *packet.Packet, s *Sighting, now Moment) bool {
	m := p.Record.Meta
	if s.Nth == 0 || f.tcp == nil || p.Transport != proto.TCP || p.PayloadLen == 0 || m == nil || p.Has(packet.Fragment) {
		return false
	}
	ring := &t.seen.rings[(f.ID<<1|s.Dir)%ringCount]
	if ring.flow != f || ring.dir != s.Dir {
		*ring = pieces{flow: f, dir: s.Dir}
	}
	g := piece{seq: p.TCP.Seq, end: p.TCP.Seq + uint32(p.PayloadLen), place: t.seen.place(p.Record), time: now.Time, pos: now.Pos}
	first, covered := ring.cover(&g)
	ring.list[ring.next%pieceCount] = g
	ring.next++
	if covered {
		s.Of, s.Since, s.Resegmented = first.pos, now.Time-first.time, true
	}
	return covered
}

// cover says whether pieces from other places hold all of g, and which came first.
func (r *pieces) cover(g *piece) (first *piece, ok bool) {
	for i := range r.list {
		q := &r.list[i]
		if !q.recent(g.time) || !after(q.end, g.seq) || !after(g.end, q.seq) {
			continue
		}
		if q.place == g.place || q.seq == g.seq && q.end == g.end {
			return nil, false
		}
		if first == nil || q.pos.Number < first.pos.Number {
			first = q
		}
	}
	for at := g.seq; first != nil; {
		next := at
		for i := range r.list {
			if q := &r.list[i]; q.recent(g.time) && !after(q.seq, at) && after(q.end, next) {
				next = q.end
			}
		}
		if !after(g.end, next) {
			return first, true
		}
		if next == at {
			break
		}
		at = next
	}
	return nil, false
}

func (q *piece) recent(now int64) bool {
	return q.pos.Number != 0 && near(now, q.time, sightingWindow)
}

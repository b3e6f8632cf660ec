package flow

import (
	"slices"

	"github.com/wiretale/wiretale/proto/tcp"
)

// Missing are the bytes of one direction that the capture has not, although
// they arrived: the receiver acknowledged them, and the sender went on without
// sending them again. Loss in the network leaves other traces.
type Missing struct {
	Bytes    int64
	Times    int64    // ranges that they are in
	Examples []Moment // the segments behind the first ranges
}

// maxMissing bounds the examples, and maxHoles the ranges that are followed at a time.
const (
	maxMissing = 10
	maxHoles   = 8
)

// A hole is a range of numbers that was not captured, so far.
type hole struct {
	lo, hi uint32
	acked  bool
	behind Moment // the segment after it
}

// skipped notes that the segment came behind bytes that were not captured. What
// was sent before the capture began is no hole: without the SYN, the
// conversation must have had a segment and its acknowledgement before.
func (f *tcpFlow) skipped(g *segment, from *side, s *Sighting, now *Moment) {
	d, peer := &f.flow.Dir[s.Dir], &f.info.Sides[1-s.Dir]
	if !f.info.Sides[s.Dir].ISNKnown && d.AckRTT.N == 0 || from.has(blind) {
		return
	}
	if g.len == 0 && s.hole == 1 || g.flags&tcp.SYN != 0 { // a FIN has a number too, and nothing comes before a SYN
		return
	}
	t := d.trouble()
	if !from.has(holed) {
		t.holes = nil
		from.known |= holed
	}
	if len(t.holes) == maxHoles {
		i := max(0, slices.IndexFunc(t.holes, func(h hole) bool { return h.acked }))
		t.holes = slices.Delete(t.holes, i, i+1)
	}
	t.holes = append(t.holes, hole{lo: g.seq - uint32(s.hole), hi: g.seq, behind: *now})
	if peer.AckSent != 0 {
		t.acked(peer.AckSent)
	}
}

// acked counts the holes that the other side acknowledges.
func (t *Trouble) acked(ack uint32) {
	for i := range t.holes {
		if h := &t.holes[i]; !h.acked && le(h.hi, ack) {
			h.acked = true
			if t.Missing == nil {
				t.Missing = new(Missing)
			}
			if len(t.Missing.Examples) < maxMissing {
				t.Missing.Examples = append(t.Missing.Examples, h.behind)
			}
			t.Missing.Bytes += int64(h.hi - h.lo)
			t.Missing.Times++
		}
	}
}

// forget takes an example back.
func (m *Missing) forget(at Moment) {
	m.Examples = slices.DeleteFunc(m.Examples, func(e Moment) bool { return e == at })
	if len(m.Examples) == 0 {
		m.Examples = nil
	}
}

// filled takes out what a segment brings: it was sent again, or captured out of order.
// It returns the segment at which the hole was seen, if the segment brings data of one.
func (t *Trouble) filled(g *segment) (behind Moment) {
	end := g.seq + g.len
	for i := 0; i < len(t.holes); i++ {
		q := t.holes[i]
		if !lt(g.seq, q.hi) || !gt(end, q.lo) {
			continue
		}
		if !behind.Seen() {
			behind = q.behind
		}
		left, right := q, q
		if left.hi = g.seq; lt(g.seq, q.lo) {
			left.hi = q.lo
		}
		if right.lo = end; gt(end, q.hi) {
			right.lo = q.hi
		}
		rest := slices.DeleteFunc([]hole{left, right}, func(h hole) bool { return h.lo == h.hi })
		if q.acked {
			t.Missing.Bytes -= int64(q.hi-q.lo) - int64(left.hi-left.lo) - int64(right.hi-right.lo)
			t.Missing.Times += int64(len(rest)) - 1
			if len(rest) == 0 {
				t.Missing.forget(q.behind)
			}
		}
		t.holes = slices.Replace(t.holes, i, i+1, rest...)
		i += len(rest) - 1
	}
	if len(t.holes) > maxHoles {
		t.holes = t.holes[len(t.holes)-maxHoles:]
	}
	return behind
}

// holes follows the holes of both sides past the segment, and returns what [Trouble.filled] does.
func (f *tcpFlow) holes(g *segment, from, to *side, dir int) (behind Moment) {
	if from.has(holed) && g.len > 0 {
		t := f.flow.Dir[dir&1].Trouble
		if behind = t.filled(g); len(t.holes) == 0 {
			t.holes = nil
			from.known &^= holed
		}
	}
	if to.has(holed) && g.flags&(tcp.SYN|tcp.RST|tcp.ACK) == tcp.ACK {
		f.flow.Dir[1-dir&1].Trouble.acked(g.ack)
	}
	return behind
}

// A Hole is a range of bytes of one side that did not pass the place of the capture.
type Hole struct {
	Bytes  uint32
	Behind Moment // the segment after it
}

// Unfilled are the holes that nothing filled and that the other side did not acknowledge: the newest few.
func (t *Trouble) Unfilled() (out []Hole) {
	if t == nil {
		return nil
	}
	for i := range t.holes {
		if h := &t.holes[i]; !h.acked {
			out = append(out, Hole{h.hi - h.lo, h.behind})
		}
	}
	return out
}

package flow

import "github.com/wiretale/wiretale/proto/tcp"

// side is the state of one sender that the sequence analysis needs. Its rules
// are Wireshark's (tcp_analyze_sequence_number in packet-tcp.c), so that
// relative numbers and marks agree with what people see there.
type side struct {
	base     uint32 // initial sequence number, or one less than the first number seen
	next     uint32 // highest number sent, plus 1; valid iff nextKnown
	fin      uint32 // number after the FIN; valid iff the FIN was seen
	ack      uint32 // last acknowledgement; valid iff ackKnown
	nextTime int64  // when next was reached
	ackTime  int64
	holes    []hole // ranges below next that were not captured yet, oldest first
	dupAcks  int32
	window   uint16 // last one, as sent
	scale    int8   // shift, scaleUnknown or scaleUnused
	known    knowledge
}

type knowledge uint8

const (
	baseKnown knowledge = 1 << iota
	nextKnown
	ackKnown
	lastKeepAlive   // the last segment was a keep-alive
	lastWindowProbe // the last segment was a zero window probe
)

const (
	scaleUnknown int8 = -1 // no SYN of this side was captured
	scaleUnused  int8 = -2 // both SYNs are known not to agree on scaling
)

func (s *side) has(k knowledge) bool { return s.known&k != 0 }

// hole is a range of sequence numbers, end excluded.
type hole struct{ from, to uint32 }

// maxHoles bounds the memory of a lossy connection; the oldest hole is forgotten first.
const maxHoles = 32

type segment struct {
	seq, ack, len uint32
	window        uint16
	flags         tcp.Flags
	time          int64
}

// next is the sequence number after the segment. SYN and FIN count as 1.
func (s *segment) next() uint32 {
	n := s.seq + s.len
	if s.flags&(tcp.SYN|tcp.FIN) != 0 {
		n++
	}
	return n
}

// after reports whether sequence number a comes after b (RFC 9293, 3.4: modulo 2^32).
func after(a, b uint32) bool { return int32(a-b) > 0 }

func (f *tcpFlow) analyse(g *segment, from, to *side, s *Sighting) {
	learnBase(g, from, to)
	f.classifyAck(g, from, to, s)
	if g.ack != from.ack || !from.has(ackKnown) {
		from.dupAcks = 0
	}
	if g.len > 0 || g.flags&(tcp.SYN|tcp.FIN) != 0 {
		f.classifyData(g, from, to, s)
	}
	advance(g, from, s)
	from.window = g.window
	from.ack, from.ackTime = g.ack, g.time
	from.known = from.known&^(lastKeepAlive|lastWindowProbe) | ackKnown
	if s.KeepAlive {
		from.known |= lastKeepAlive
	}
	if s.WindowProbe {
		from.known |= lastWindowProbe
	}
	if g.flags&tcp.ACK != 0 && to.holes != nil {
		to.forget(g.ack)
	}
}

// learnBase sets the numbers that relative ones count from: the ISN of a SYN,
// else one less than the first number seen, so that data begins at 1.
func learnBase(g *segment, from, to *side) {
	if !from.has(baseKnown) {
		from.base = g.seq - 1
		if g.flags&tcp.SYN != 0 {
			from.base = g.seq
		}
		from.known |= baseKnown
	}
	if g.flags&(tcp.SYN|tcp.ACK) == tcp.SYN|tcp.ACK && g.seq != from.base {
		// Another answer to the SYN, from a cookie or from a second host: the numbers that follow belong to the last one.
		from.base, from.holes = g.seq, nil
		from.known &^= nextKnown
	}
	if !to.has(baseKnown) && g.flags&tcp.ACK != 0 {
		to.base = g.ack - 1
		to.known |= baseKnown
	}
}

// classifyAck recognises zero windows, probes, keep-alives, gaps and duplicate acknowledgements.
func (f *tcpFlow) classifyAck(g *segment, from, to *side, s *Sighting) {
	const control = tcp.SYN | tcp.FIN | tcp.RST
	atNext := from.has(nextKnown) && g.seq == from.next
	if g.len == 1 && atNext && to.has(ackKnown) && to.window == 0 {
		s.WindowProbe = true
		return
	}
	s.ZeroWindow = g.window == 0 && g.flags&control == 0
	s.Gap = from.has(nextKnown) && after(g.seq, from.next) && g.flags&tcp.RST == 0
	s.KeepAlive = from.has(nextKnown) && g.len <= 1 && g.seq == from.next-1 && g.flags&control == 0
	repeats := g.len == 0 && atNext && from.has(ackKnown) && g.ack == from.ack && g.window == from.window && g.flags&control == 0
	if !repeats || to.has(lastKeepAlive) && g.window != 0 || to.has(lastWindowProbe) && g.window == 0 {
		return
	}
	if g.window != 0 {
		s.DupAck = true
		from.dupAcks++
	}
}

const (
	// fastRetransmit is how soon after the last duplicate acknowledgement a retransmission counts as an answer to it.
	fastRetransmit = 20_000_000
	// reorderLimit separates reordering from retransmission while the round-trip time is unknown.
	reorderLimit = 3_000_000
)

// classifyData recognises segments that do not advance: retransmissions and late ones.
func (f *tcpFlow) classifyData(g *segment, from, to *side, s *Sighting) {
	if s.KeepAlive {
		return
	}
	behind := from.has(nextKnown) && after(from.next, g.seq)
	if g.len > 1 && from.next-1 == g.seq {
		behind = false // a zero window probe went before and its byte comes again with the rest
	}
	if g.len > 0 && to.has(ackKnown) && to.ack != 0 && !after(g.seq+g.len, to.ack) {
		s.Retransmission = true // spurious: all of it was acknowledged already
		return
	}
	if !behind {
		return
	}
	if to.dupAcks >= 2 && to.ack == g.seq && g.time-to.ackTime < fastRetransmit {
		s.Retransmission = true
		return
	}
	limit := int64(reorderLimit)
	if rtt := f.info.initialRTT(); rtt > 0 {
		limit = rtt
	}
	if g.time-from.nextTime < limit && from.next != g.seq+g.len && from.missing(g) {
		s.OutOfOrder = true
		return
	}
	s.Retransmission = true
}

// advance moves the sender's numbers past the segment.
func advance(g *segment, from *side, s *Sighting) {
	if s.WindowProbe {
		return
	}
	next := g.next()
	switch {
	case !from.has(nextKnown):
		from.next, from.nextTime = next, g.time
		from.known |= nextKnown
	case after(next, from.next):
		if s.Gap {
			from.addHole(hole{from.next, g.seq})
		}
		from.next, from.nextTime = next, g.time
	case from.holes != nil && next != g.seq:
		from.fill(g.seq, next)
	}
}

// missing reports whether any of the segment falls into a hole.
func (s *side) missing(g *segment) bool {
	for _, h := range s.holes {
		if after(h.to, g.seq) && after(g.next(), h.from) {
			return true
		}
	}
	return false
}

func (s *side) addHole(h hole) {
	if len(s.holes) == maxHoles {
		copy(s.holes, s.holes[1:])
		s.holes = s.holes[:maxHoles-1]
	}
	s.holes = append(s.holes, h)
}

// fill takes a captured range out of the holes.
func (s *side) fill(from, to uint32) {
	kept := s.holes[:0]
	var rest []hole // the second half of a hole that is filled in the middle
	for _, h := range s.holes {
		if !after(h.to, from) || !after(to, h.from) {
			kept = append(kept, h)
			continue
		}
		if after(h.to, to) {
			rest = append(rest, hole{to, h.to})
		}
		if after(from, h.from) {
			kept = append(kept, hole{h.from, from})
		}
	}
	s.holes = kept
	for _, h := range rest {
		s.addHole(h)
	}
}

// forget drops the holes that the other side has acknowledged.
func (s *side) forget(ack uint32) {
	kept := s.holes[:0]
	for _, h := range s.holes {
		if after(h.to, ack) {
			kept = append(kept, h)
		}
	}
	s.holes = kept
}

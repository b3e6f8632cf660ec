package flow

import "github.com/wiretale/wiretale/proto/tcp"

// The rules of this file are those of Wireshark 4.0 (tcp_analyze_sequence_number
// of packet-tcp.c, and its User's Guide, "TCP Analysis"), with their order and
// their corner cases, so that a verdict here is the verdict that people see
// there: a number of 0 counts as not known, the acknowledgement counts even
// where its flag is not set, a half of the number space is behind and ahead.

// side is what is known of one sender.
type side struct {
	base       uint32 // initial sequence number, or one less than the first number seen; valid iff baseKnown
	next       uint32 // highest number sent, plus 1; 0 when not known
	contiguous uint32 // end of what was captured without a hole; 0 when not known
	ack        uint32 // last acknowledgement, 0 before
	window     uint32 // last one as sent, noWindow before
	dupAcks    uint32 // equal acknowledgements; unseenAcked after one of what was not captured
	sacked     uint32 // bytes that the last segment's first SACK blocks cover
	pushed     uint32 // bytes since the last PSH
	last       Analysis
	fin        uint32 // number after the FIN; valid iff it was seen
	nextFrame  int64  // where next was reached
	nextTime   int64
	ackTime    int64
	ackFrame   int64 // first segment with the number ack
	echo       echo
	unacked    unacked
	known      knowledge
	scale      int8   // shift, scaleUnknown or scaleUnused
	operations uint8  // of MPTCP, as far as they were known at the last segment
	passed     uint32 // the largest segment that was acknowledged
}

type knowledge uint16

const (
	baseKnown   knowledge = 1 << iota
	flightKnown           // no hole since the other side's last acknowledgement: bytes in flight can be told
	pushedLast            // the last segment with data had PSH
	unscaled              // a SYN was the last: windows are not scaled before the first acknowledgement
	repeated              // a retransmission may be among the unacknowledged: samples of the round trip are ambiguous
	stalled               // advertises a window of 0
	closes                // sent a FIN before the other side did
	awaits                // its lone small segment was acknowledged late: what comes next says whether data was held back
	holed                 // some of what it sent was not captured: its Trouble has holes
	blind                 // lengths of segments are not known: what lies between them is not either
	retrying              // sent data again after a time-out, and they are not acknowledged yet
	reopened              // its window was 0 and is not any more, and the other side has sent nothing since
	stamped               // sends time stamps
	older                 // the last segment has an older time stamp than one before it: it was sent before that one
	newer                 // the last segment has a newer time stamp than all before it: it was sent after them
	reports               // its last acknowledgement has SACK blocks: something is missing, it says
)

const (
	noWindow    = ^uint32(0)
	unseenAcked = ^uint32(0)
)

func (s *side) has(k knowledge) bool { return s.known&k != 0 }

func (s *side) set(k knowledge, on bool) {
	s.known &^= k
	if on {
		s.known |= k
	}
}

// segment is one segment as the analysis sees it.
type segment struct {
	seq, ack, len, window uint32
	flags                 tcp.Flags
	frame, time           int64
}

// advances reports whether the segment takes numbers: data, SYN or FIN.
func (g *segment) advances() bool { return g.len > 0 || g.flags&(tcp.SYN|tcp.FIN) != 0 }

// end is the sequence number after the segment. SYN and FIN count as 1 together.
func (g *segment) end() uint32 {
	if g.flags&(tcp.SYN|tcp.FIN) != 0 {
		return g.seq + g.len + 1
	}
	return g.seq + g.len
}

const control = tcp.SYN | tcp.FIN | tcp.RST

// Comparisons of sequence numbers modulo 2^32 (RFC 9293, 3.4).
func gt(a, b uint32) bool { return int32(b-a) < 0 }
func lt(a, b uint32) bool { return int32(a-b) < 0 }
func le(a, b uint32) bool { return int32(a-b) <= 0 }

// after reports whether a comes after b; numbers half the space apart do not.
func after(a, b uint32) bool { return int32(a-b) > 0 }

// analyse gives the verdicts on a segment and moves the state of both sides past it:
//
//  1. windows, probes, keep-alives and repeated acknowledgements, from numbers alone;
//  2. acknowledgements of what was not captured;
//  3. retransmissions and segments out of order;
//  4. the sender's numbers, window and acknowledgement;
//  5. what the segment acknowledges;
//  6. bytes in flight.
func (f *tcpFlow) analyse(g *segment, from, to *side, s *Sighting, p *pool) {
	if g.flags&tcp.ACK != 0 {
		to.known |= flightKnown
	}
	v := s.Analysis | f.shape(g, from, to, s)
	if g.ack != from.ack {
		from.ackFrame, from.dupAcks = g.frame, 0
	}
	if to.contiguous != 0 && g.flags&tcp.ACK != 0 && gt(g.ack, to.contiguous) {
		v |= to.unseen() | Analysed
	}
	if g.advances() && !v.Has(KeepAlive) {
		v |= f.resent(g, from, to, s)
	}
	from.advance(g, to, v, p)
	from.window, from.ack, from.ackTime = g.window, g.ack, g.time
	if f.mptcp {
		from.operations = f.operations
	}
	from.last = v & Flagged
	m := to.unacked.acked(g.ack, to.base, p)
	if m.n > 0 {
		v |= Analysed
		s.AcksFrame, s.AckRTT, s.flying = m.frame, g.time-m.time, m.flying
		s.sample = m.n == 1 && !to.has(repeated)
	}
	to.passed = max(to.passed, m.largest)
	if to.unacked.n == 0 {
		to.known &^= repeated
	}
	if v&Flagged != 0 {
		v |= Analysed
	}
	s.Analysis = v
	if g.len != 0 {
		from.inFlight(g, to, s)
	}
}

// shape recognises what the numbers, the length and the window alone say.
func (f *tcpFlow) shape(g *segment, from, to *side, s *Sighting) (v Analysis) {
	if g.len == 1 && g.seq == from.next && to.window == 0 {
		return ZeroWindowProbe
	}
	if from.next != 0 && gt(g.seq, from.next) && g.flags&tcp.RST == 0 {
		v |= LostSegment
		s.hole = int64(g.seq - from.next)
		from.known &^= flightKnown
	}
	if g.flags&control != 0 {
		return v
	}
	if g.window == 0 {
		v |= ZeroWindow
	}
	if g.len <= 1 && g.seq == from.next-1 {
		v |= KeepAlive
	}
	if g.len > 0 {
		if to.scale != scaleUnknown && g.seq+g.len == to.edge() {
			v |= WindowFull
		}
		return v
	}
	if g.seq == from.next && g.ack == from.ack {
		v |= f.repeat(g, from, to, s)
	}
	return v
}

// repeat recognises what a segment without data says that has the numbers of the one before.
func (f *tcpFlow) repeat(g *segment, from, to *side, s *Sighting) Analysis {
	switch {
	case g.window != from.window:
		if g.window != 0 {
			return WindowUpdate
		}
	case g.window == 0:
		if to.last.Has(ZeroWindowProbe) {
			return ZeroWindowProbeAck
		}
	case to.last.Has(KeepAlive):
		return KeepAliveAck
	case f.mptcp && f.operations != from.operations:
		// RFC 8684, 4: acknowledgements that carry options are no sign of loss. As in Wireshark one after each new kind is let pass.
	default:
		if from.dupAcks == unseenAcked {
			from.dupAcks = 0
		}
		from.dupAcks++
		s.DupAckNum, s.DupAckFrame = from.dupAcks, from.ackFrame
		return DuplicateAck
	}
	return 0
}

// unseen is for an acknowledgement beyond what was captured of the side. One
// verdict is enough for one hole.
func (s *side) unseen() Analysis {
	if lt(s.contiguous, s.next) {
		s.contiguous = s.next
		return AckLostSegment
	}
	fresh := s.dupAcks == 0
	s.dupAcks = unseenAcked
	if fresh {
		return AckLostSegment
	}
	return 0
}

const (
	// fastRetransmit is how soon after the last duplicate acknowledgement a retransmission counts as an answer to it.
	fastRetransmit = 20_000_000
	// reorderLimit separates reordering from retransmission while the round-trip time is not known.
	reorderLimit = 3_000_000
)

// resent recognises segments that do not advance.
func (f *tcpFlow) resent(g *segment, from, to *side, s *Sighting) Analysis {
	if g.len > 0 && to.ack != 0 && le(g.seq+g.len, to.ack) {
		return SpuriousRetransmission
	}
	// A segment that takes up the byte of a window probe before it does advance.
	if from.next == 0 || !lt(g.seq, from.next) || g.len > 1 && from.next-1 == g.seq {
		return 0
	}
	if to.dupAcks >= 2 && to.ack == g.seq && uint64(g.time-to.ackTime) < fastRetransmit {
		return FastRetransmission
	}
	limit := uint64(reorderLimit)
	if f.irtt != 0 {
		limit = uint64(f.irtt)
	}
	if uint64(g.time-from.nextTime) < limit && from.next != g.end() {
		return OutOfOrder
	}
	s.RTO, s.RTOFrame = g.time-from.nextTime, from.nextFrame
	if o := from.unacked.oldest(); o != nil {
		s.RTO, s.RTOFrame = g.time-o.time, o.frame
	}
	return Retransmission
}

// flying is how many bytes the other side of s has in flight with a segment that it sends: those that s has not acknowledged.
func (s *side) flying(seq, next uint32) uint32 {
	if from := s.ack; s.ackTime != 0 && int32(seq-from) >= 0 {
		return next - from
	}
	return next - seq
}

// advance moves the sender's numbers past the segment.
func (s *side) advance(g *segment, to *side, v Analysis, p *pool) {
	next := g.seq + g.len
	if g.advances() && s.unacked.n < maxUnacked {
		next = g.end()
		s.unacked.push(sent{g.seq, next, to.flying(g.seq, next), g.frame, g.time}, s.base, p)
		if v.Has(Resent) {
			s.known |= repeated
		}
	}
	if v.Has(ZeroWindowProbe) {
		return
	}
	if s.next == 0 || gt(next, s.next) {
		s.next, s.nextFrame, s.nextTime = next, g.frame, g.time
	}
	if s.contiguous == 0 || g.seq == s.contiguous {
		s.contiguous = s.next
	}
}

package flow

import "github.com/wiretale/wiretale/proto/tcp"

// ending notes FINs, their acknowledgement and resets.
func (f *tcpFlow) ending(h *tcp.Header, g *segment, s *Sighting, now *Moment) {
	t := &f.info
	if h.Flags&tcp.FIN != 0 {
		f.finish(g, s, now)
	}
	if h.Flags&tcp.RST != 0 {
		f.reset(h, s.Dir, now)
		return
	}
	if t.FirstFIN < 0 {
		return
	}
	own, other := &t.Sides[s.Dir], &t.Sides[1-s.Dir]
	if h.Flags&tcp.ACK != 0 && other.FIN.Seen() && !other.FINAcked && !after(f.side[1-s.Dir].fin, h.Ack) {
		other.FINAcked = true
	}
	if g.len > 0 && !own.FIN.Seen() {
		t.HalfClosed = true
	}
}

func (f *tcpFlow) finish(g *segment, s *Sighting, now *Moment) {
	t := &f.info
	own := &f.side[s.Dir]
	if f.side[1-s.Dir].has(closes) {
		s.Analysis |= ClosesSecond
	} else {
		own.known |= closes
		s.Analysis |= ClosesFirst
	}
	if t.Sides[s.Dir].FIN.Seen() || g.flags&tcp.RST != 0 {
		return
	}
	own.fin = g.end()
	t.Sides[s.Dir].FIN, t.Sides[s.Dir].FINNext = *now, own.fin
	f.closing = true
	f.flow.over = f.flow.over || t.Sides[1-s.Dir].FIN.Seen()
	if t.FirstFIN < 0 {
		t.FirstFIN = s.Dir
	}
}

func (f *tcpFlow) reset(h *tcp.Header, dir int, now *Moment) {
	t := &f.info
	t.RSTs++
	if t.RST.Seen() {
		return
	}
	t.RST, t.RSTBy = *now, dir
	f.flow.over = true
	t.RSTAck, t.RSTAcks = h.Ack, h.Flags&tcp.ACK != 0
	t.RSTClass = f.classifyReset(dir)
	t.Refused = t.RSTClass == ResetRefused
}

func (f *tcpFlow) classifyReset(dir int) ResetClass {
	t := &f.info
	fins := 0
	for i := range t.Sides {
		if t.Sides[i].FIN.Seen() {
			fins++
		}
	}
	switch {
	case fins == 2:
		return ResetAfterClose
	case fins == 1:
		return ResetAfterFIN
	case t.SYN.Seen() && !t.SYNACK.Seen() && !t.Established && t.Sides[0].AckSent == 0 && dir == 1 && f.answersSYN():
		return ResetRefused
	case f.outstanding(0) || f.outstanding(1):
		return ResetInProgress
	}
	return ResetIdle
}

// answersSYN reports whether the reset acknowledges the SYN: the client takes no other (RFC 9293, 3.10.7.3).
// Data in the SYN may be acknowledged with it (RFC 7413).
func (f *tcpFlow) answersSYN() bool {
	t := &f.info
	return t.RSTAcks && after(t.RSTAck, t.Sides[0].ISN) && !after(t.RSTAck, f.side[0].next)
}

// Undelivered is the number of payload bytes of a side that the other never
// acknowledged, not even with its reset or after it. It is 0 when the other side acknowledged nothing that was captured.
func (t *TCP) Undelivered(side int) int64 {
	s, other := &t.Sides[side], &t.Sides[1-side]
	acked, known := other.AckSent, other.AckSent != 0
	if t.RST.Seen() && t.RSTBy == 1-side && t.RSTAcks && (!known || after(t.RSTAck, acked)) {
		acked, known = t.RSTAck, true
	}
	if !known || !s.LastData.Seen() || !after(s.NextSeq, acked) {
		return 0
	}
	n := int64(s.NextSeq - acked)
	if s.FIN.Seen() && after(s.FINNext, acked) {
		n-- // the FIN has a number and is no data
	}
	return n
}

// outstanding reports whether the side sent something that was not acknowledged.
func (f *tcpFlow) outstanding(i int) bool {
	from, to := &f.side[i], &f.info.Sides[1-i]
	if from.next == 0 {
		return false
	}
	t := &f.info
	acked := to.AckSent
	if t.RSTBy == 1-i && t.RSTAcks && (acked == 0 || after(t.RSTAck, acked)) {
		acked = t.RSTAck // the reset acknowledges what arrived before it
	}
	if acked == 0 {
		return !f.side[1-i].has(baseKnown) && (t.Sides[i].LastData.Seen() || t.Sides[i].ISNKnown)
	}
	return after(from.next, acked)
}

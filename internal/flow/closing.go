package flow

import "github.com/wiretale/wiretale/proto/tcp"

// ending notes FINs, their acknowledgement and resets.
func (f *tcpFlow) ending(h *tcp.Header, g *segment, s *Sighting, now *Moment) {
	t := &f.info
	if h.Flags&tcp.FIN != 0 {
		f.finish(g, s, now)
	}
	if h.Flags&tcp.RST != 0 {
		f.reset(s.Dir, now)
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
	t.Sides[s.Dir].FIN = *now
	own.fin = g.end()
	f.closing = true
	if t.FirstFIN < 0 {
		t.FirstFIN = s.Dir
	}
}

func (f *tcpFlow) reset(dir int, now *Moment) {
	t := &f.info
	t.RSTs++
	if t.RST.Seen() {
		return
	}
	t.RST, t.RSTBy = *now, dir
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
	case t.SYN.Seen() && !t.SYNACK.Seen() && !t.Established && dir == 1:
		return ResetRefused
	case f.outstanding(0) || f.outstanding(1):
		return ResetInProgress
	}
	return ResetIdle
}

// outstanding reports whether the side sent something that was not acknowledged.
func (f *tcpFlow) outstanding(i int) bool {
	from, to := &f.side[i], &f.info.Sides[1-i]
	if from.next == 0 {
		return false
	}
	if to.AckSent == 0 {
		return !f.side[1-i].has(baseKnown) && (f.info.Sides[i].LastData.Seen() || f.info.Sides[i].ISNKnown)
	}
	return after(from.next, to.AckSent)
}

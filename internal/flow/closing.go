package flow

import "github.com/wiretale/wiretale/proto/tcp"

// closing notes FINs, their acknowledgement and resets.
func (f *tcpFlow) closing(h *tcp.Header, dir int, g *segment, now Moment) {
	t := &f.info
	own, other := &t.Sides[dir], &t.Sides[1-dir]
	if h.Flags&tcp.RST != 0 {
		f.reset(h, dir, now)
		return
	}
	if h.Flags&tcp.FIN != 0 && !own.FIN.Seen() {
		own.FIN = now
		f.side[dir].fin = g.next()
		if t.FirstFIN < 0 {
			t.FirstFIN = dir
		}
	}
	if h.Flags&tcp.ACK != 0 && other.FIN.Seen() && !other.FINAcked.Seen() && !after(f.side[1-dir].fin, h.Ack) {
		other.FINAcked = now
	}
}

func (f *tcpFlow) reset(h *tcp.Header, dir int, now Moment) {
	t := &f.info
	t.RSTs++
	if t.RST.Seen() {
		return
	}
	t.RST, t.RSTBy = now, dir
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
	from, to := &f.side[i], &f.side[1-i]
	if !from.has(nextKnown) {
		return false
	}
	if t := &f.info; t.Sides[1-i].AckSent == 0 {
		return !to.has(ackKnown) && (t.Sides[i].LastData.Seen() || t.Sides[i].ISNKnown)
	}
	return after(from.next, f.info.Sides[1-i].AckSent)
}

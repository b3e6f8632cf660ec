package plot

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/tcp"
)

// stevens is the graph of W. R. Stevens, TCP/IP Illustrated, volume 1: a dot at
// the first sequence number of each segment with data.
type stevens struct {
	segments
	sender             int
	data, resent, late thinned
}

func newStevens(opt Options) Collector {
	t := newThinned(&opt)
	return &stevens{segments: newSegments(&opt), sender: opt.Sender, data: t, resent: t, late: t}
}

func (s *stevens) Add(row *engine.Row) {
	var g segment
	if !s.of(row, &g) || !g.tcp || g.from != s.sender || g.len == 0 {
		return
	}
	s.pick(&g).add(g.at(float64(g.seq)))
}

func (s *stevens) pick(g *segment) *thinned {
	switch {
	case g.resent:
		return &s.resent
	case g.late:
		return &s.late
	}
	return &s.data
}

func (s *stevens) Panels() ([]Panel, []string) {
	return []Panel{{
		Label: "relative sequence number", Unit: Bytes, Empty: "no data was sent in this direction",
		Series: []Series{
			s.data.series("data", lookData),
			s.late.series("out of order", lookLate),
			s.resent.series("retransmission", lookResent),
		},
	}}, s.notes()
}

// tcptrace is the graph of tcptrace -S: what the sender sent, and what the
// receiver acknowledged and allowed, over the same sequence numbers.
type tcptrace struct {
	segments
	sender             int
	data, resent, late thinned // bars from the first sequence number to the one after the last
	ack, edge          thinned // lines: the acknowledgement, and the number that the window allows up to
	sack               thinned // bars
	acked              float64 // the last acknowledgement, valid iff answers
	answers            bool
	dup, zero, reset   thinned
}

func newTcptrace(opt Options) Collector {
	t := newThinned(&opt)
	return &tcptrace{segments: newSegments(&opt), sender: opt.Sender, data: t, resent: t, late: t,
		ack: t, edge: t, sack: t, dup: t, zero: t, reset: t}
}

func (s *tcptrace) Add(row *engine.Row) {
	var g segment
	if !s.of(row, &g) || !g.tcp {
		return
	}
	if g.flags&tcp.RST != 0 {
		s.resets(&g)
	} else if g.from == s.sender {
		s.sent(&g)
	} else {
		s.answered(&g)
	}
}

func (s *tcptrace) sent(g *segment) {
	if g.len == 0 {
		return
	}
	bars := &s.data
	switch {
	case g.resent:
		bars = &s.resent
	case g.late:
		bars = &s.late
	}
	bars.add(g.bar(float64(g.seq), float64(g.seq+g.len)))
}

func (s *tcptrace) answered(g *segment) {
	if !g.hasAck {
		return
	}
	ack := float64(g.ack)
	s.acked, s.answers = ack, true
	s.ack.add(g.at(ack))
	if g.hasWindow {
		s.edge.add(g.at(float64(g.ack + g.window)))
	}
	if g.zeroWindow {
		s.zero.add(g.at(ack))
	}
	if g.dupAck {
		s.dup.add(g.at(ack))
	}
	for _, b := range g.sacks[:g.nsacks] {
		s.sack.add(g.bar(float64(b.from), float64(b.to)))
	}
}

// resets marks a reset of the sender at its sequence number, one of the
// receiver at the last acknowledgement: its own numbers are of the other direction.
func (s *tcptrace) resets(g *segment) {
	if g.from == s.sender {
		s.reset.add(g.at(float64(g.seq)))
	} else if s.answers {
		s.reset.add(g.at(s.acked))
	}
}

func (s *tcptrace) Panels() ([]Panel, []string) {
	edge := s.edge.series("window's edge", lookEdge)
	edge.Beyond = true
	return []Panel{{
		Label: "relative sequence number", Unit: Bytes, Empty: "no data was sent in this direction, and none acknowledged",
		Series: []Series{
			s.sack.series("SACK", lookSACK),
			s.data.series("segment", lookSegment),
			s.late.series("out of order", lookLateBar),
			s.late.series("", lookO),
			s.resent.series("retransmission", lookResentBar),
			s.resent.series("", lookR),
			s.ack.series("acknowledged", lookAck),
			edge,
			s.dup.series("duplicate ACK", lookDup),
			s.zero.series("zero window", lookZero),
			s.reset.series("reset", lookReset),
		},
	}}, append(s.notes(), s.windowNote(1-s.sender)...)
}

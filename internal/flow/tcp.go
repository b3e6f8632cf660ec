package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// tcpFlow is a TCP conversation with the state of its analysis.
type tcpFlow struct {
	flow       flow
	begun      bool         // the next segment is not the first between its ports
	settled    bool         // the handshake is over
	closing    bool         // there was a FIN
	both       bool         // the connection is established
	mptcp      bool         // an option of MPTCP said enough to know the connection
	fastData   bool         // the SYN had a cookie of TCP Fast Open and data
	touched    bool         // had a segment since the sweep came by
	operations uint8        // of MPTCP, all that were seen
	progress   Completeness // the same as in info
	start      int64        // of the first segment
	prevTime   int64        // of the last segment
	synTime    int64        // of the last SYN, 0 before
	irtt       int64        // from the last SYN to the first acknowledgement without SYN, 0 before
	side       [2]side      // by index of Ends
	info       TCP
	entry      *entry      // of its ports; valid iff the tracker packs
	echoes     [2]*Samples // memory of a conversation that was packed, for Direction.EchoRTT
}

func (f *tcpFlow) init(now *Moment) {
	f.info.FirstFIN = -1
	f.start, f.prevTime = clock(now), clock(now)
	for i := range f.info.Sides {
		f.info.Sides[i].Scale = -1
		f.side[i].scale = scaleUnknown
		f.side[i].window = noWindow
		f.side[i].known = flightKnown
	}
}

// fromServer reports whether the packet says that its sender was connected to.
func fromServer(p *packet.Packet) bool {
	return p.Transport == proto.TCP && p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN|tcp.ACK
}

// reused reports whether the segment opens another connection between the same
// endpoints: a SYN with another initial sequence number.
func (f *tcpFlow) reused(h *tcp.Header, fromSecond bool) bool {
	from := &f.side[index(fromSecond)]
	return h.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN && from.has(baseKnown) && h.Seq != from.base
}

func index(second bool) int {
	if second {
		return 1
	}
	return 0
}

// packet follows one TCP packet: sequence numbers first, then what it means for
// the connection. Of a fragment only the header counts.
func (f *tcpFlow) packet(p *packet.Packet, s *Sighting, now *Moment, pl *pool) {
	f.header(&p.TCP, p.PayloadLen, p.Flags, s, now, pl)
}

// header is packet for a header, the length of what follows it, and the oddities of the packet.
func (f *tcpFlow) header(h *tcp.Header, length int, odd packet.Flag, s *Sighting, now *Moment, pl *pool) {
	if h.Flags&tcp.SYN != 0 {
		f.orient(h, s)
	}
	from, to := &f.side[s.Dir], &f.side[1-s.Dir]
	g := segment{seq: h.Seq, ack: h.Ack, window: uint32(h.Window), flags: h.Flags, frame: now.Pos.Number, time: clock(now)}
	s.TimeRelative, s.TimeDelta = g.time-f.start, g.time-f.prevTime
	f.prevTime = g.time
	s.Completeness = f.progress
	whole := odd&packet.Fragment == 0
	if h.Flags&tcp.SYN != 0 {
		f.restart(&g, from, s)
	}
	from.sacked = 0
	from.known &^= older | newer
	if odd&(packet.PayloadUnknown|packet.FragmentDropped) != 0 {
		from.known |= blind
	}
	if whole {
		g.len = uint32(length)
		if from.known&to.known&baseKnown == 0 {
			learnBase(&g, from, to)
		}
		if (from.known|to.known)&awaits != 0 || g.len == 0 && to.unacked.n == 1 {
			f.hold(&g, from, to, s, now)
		}
		if g.len > 0 && g.resumes(from, &f.info.Sides[s.Dir], &f.info.Sides[1-s.Dir]) {
			f.paused(&g, from, to, s.Dir, now)
		}
		f.analyse(&g, from, to, s, pl)
		f.relative(h, length, from, to, s)
	}
	f.complete(&g)
	f.initialRTT(&g, from)
	s.InitialRTT = f.irtt
	if len(h.Options) > 0 {
		f.options(h, &g, from, to, s)
	}
	if h.Flags&tcp.SYN != 0 {
		f.synchronise(h, &g, s, now)
	}
	if h.Flags&tcp.SYN != 0 || !f.settled {
		f.handshake(h, s.Dir, now)
		s.opened = f.info.HandshakeACK.Pos.Number == now.Pos.Number
	}
	if h.Flags&(tcp.FIN|tcp.RST) != 0 || f.closing {
		f.ending(h, &g, s, now)
	}
	f.remember(h, from, s, &g, now)
	if whole {
		f.tally(&g, from, to, s, now)
	}
}

// quote is for a header that an ICMP error quotes. Wireshark takes it for the
// latest news of its sender, but for its sequence numbers.
func (f *tcpFlow) quote(h *tcp.Header, dir int, now *Moment) {
	var unseen Sighting
	from, to := &f.side[dir], &f.side[1-dir]
	g := segment{seq: h.Seq, ack: h.Ack, flags: h.Flags, time: clock(now)}
	f.prevTime = g.time
	if h.Flags&tcp.SYN != 0 {
		f.restart(&g, from, &unseen)
	}
	from.sacked = 0
	f.complete(&g)
	f.initialRTT(&g, from)
	if h.Flags&tcp.FIN != 0 && !to.has(closes) {
		from.known |= closes
	}
	f.options(h, &g, from, to, nil)
	if h.Flags&tcp.SYN != 0 && h.Len-tcp.HeaderMin <= len(h.Options) {
		f.negotiate(h.Flags&tcp.ACK != 0, from, to)
	}
}

// clock is the time that the analysis counts with: 0, as in Wireshark, for a record without one.
func clock(m *Moment) int64 {
	if m.Time == trace.NoTime {
		return 0
	}
	return m.Time
}

// restart is for a SYN or SYN/ACK of a connection that is known already.
func (f *tcpFlow) restart(g *segment, from *side, s *Sighting) {
	switch {
	case !from.has(baseKnown):
	case g.flags&tcp.ACK == 0:
		// The same SYN again. A reset may have had numbers of its own in the meantime (RFC 9293, 3.5.3).
		from.next = from.contiguous
		s.Analysis |= Analysed
	case g.seq != from.base:
		// Another answer to the SYN, from a cookie or from a second host: the numbers that follow belong to the last one.
		from.base = g.seq
		from.known &^= holed
		from.unacked.rebase(g.seq)
		s.Analysis |= ReusedPorts | Analysed
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
	if g.flags&tcp.ACK != 0 && !to.has(baseKnown) {
		to.base = g.ack - 1
		to.known |= baseKnown
	}
}

// orient makes Ends[0] the client when packets of the connection came before its SYN.
func (f *tcpFlow) orient(h *tcp.Header, s *Sighting) {
	client := s.Dir
	if h.Flags&tcp.ACK != 0 {
		client = 1 - s.Dir
	}
	c := &f.flow.Conversation
	if client == 1 && !c.Opened {
		c.Ends[0], c.Ends[1] = c.Ends[1], c.Ends[0]
		c.Dir[0], c.Dir[1] = c.Dir[1], c.Dir[0]
		if e := c.ICMP; e != nil {
			e.Dir = 1 - e.Dir
			if e.TooBig != nil {
				e.TooBig.Dir = 1 - e.TooBig.Dir
			}
		}
		f.side[0], f.side[1] = f.side[1], f.side[0]
		t := &f.info
		t.Sides[0], t.Sides[1] = t.Sides[1], t.Sides[0]
		t.RSTBy = 1 - t.RSTBy
		if t.FirstFIN >= 0 {
			t.FirstFIN = 1 - t.FirstFIN
		}
		f.flow.flipped = !f.flow.flipped
		s.Dir = 1 - s.Dir
	}
	c.Opened = true
}

// relative fills what depends on the initial sequence numbers and the window scale.
func (f *tcpFlow) relative(h *tcp.Header, length int, from, to *side, s *Sighting) {
	s.TCP = true
	s.syn = h.Flags&tcp.SYN != 0
	s.RelSeq, s.RelAck = h.Seq-from.base, h.Ack
	if h.Flags&tcp.ACK != 0 {
		s.RelAck -= to.base
	}
	s.NextSeq = s.RelSeq + uint32(length)
	if h.Flags&(tcp.SYN|tcp.FIN) != 0 {
		s.NextSeq++
	}
	s.Window = from.windowOf(h)
	s.Scale = from.scale
	s.ScaleKnown = h.Flags&tcp.SYN != 0 || from.scale != scaleUnknown
}

// remember keeps the sender's state as the contract of Side has it.
func (f *tcpFlow) remember(h *tcp.Header, from *side, s *Sighting, g *segment, now *Moment) {
	t := &f.info
	side := &t.Sides[s.Dir]
	if g.len > 0 {
		side.LastData = *now
		if acked := t.Sides[1-s.Dir].AckSent; acked == 0 || after(g.seq+g.len, acked) {
			side.LastNew = *now
		}
		if !f.both && t.Sides[1-s.Dir].LastData.Seen() {
			f.both, t.Established = true, true
		}
	}
	if h.Flags&tcp.RST == 0 {
		side.Window = s.Window
		if h.Flags&tcp.ACK != 0 && (side.AckSent == 0 || after(h.Ack, side.AckSent)) {
			if side.AckSent == 0 {
				side.FirstAck = h.Ack
			}
			side.AckSent = h.Ack
		}
	}
	side.NextSeq = from.next
}

// release gives back what only an open connection needs.
func (f *tcpFlow) release(p *pool) {
	for i := range f.side {
		f.side[i].unacked.release(p)
	}
}

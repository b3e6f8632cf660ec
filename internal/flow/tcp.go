package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

func (f *tcpFlow) init() {
	f.info.FirstFIN = -1
	for i := range f.info.Sides {
		f.info.Sides[i].Scale = -1
		f.side[i].scale = scaleUnknown
	}
}

// fromServer reports whether the packet says that its sender was connected to.
func fromServer(p *packet.Packet) bool {
	return p.Transport == proto.TCP && p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN|tcp.ACK
}

// reused reports whether the segment opens another connection between the same endpoints: a SYN with another
// initial sequence number, or with the same one after the connection was closed or reset (packet-tcp.c of Wireshark 4.0).
func (f *tcpFlow) reused(p *packet.Packet, fromSecond bool) bool {
	if p.Transport != proto.TCP || p.TCP.Flags&(tcp.SYN|tcp.ACK) != tcp.SYN {
		return false
	}
	from := &f.side[index(fromSecond)]
	if !from.has(baseKnown) {
		return false
	}
	closed := f.info.RST.Seen() || f.info.FirstFIN >= 0
	return p.TCP.Seq != from.base || closed
}

func index(second bool) int {
	if second {
		return 1
	}
	return 0
}

// segment follows one TCP segment: sequence numbers first, then what it means for the connection.
func (f *tcpFlow) segment(p *packet.Packet, s *Sighting, now Moment) {
	h := &p.TCP
	if h.Flags&tcp.SYN != 0 {
		f.orient(h, s)
	}
	from, to := &f.side[s.Dir], &f.side[1-s.Dir]
	seg := segment{seq: h.Seq, ack: h.Ack, len: uint32(p.PayloadLen), window: h.Window, flags: h.Flags, time: now.Time}
	f.analyse(&seg, from, to, s)
	if h.Flags&tcp.SYN != 0 {
		f.synchronise(h, s.Dir)
	}
	f.relative(p, s)
	f.tally(&f.flow.Dir[s.Dir], s)
	f.handshake(h, s.Dir, seg.len, now)
	f.closing(h, s.Dir, &seg, now)
	f.remember(h, s, &seg, now)
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
func (f *tcpFlow) relative(p *packet.Packet, s *Sighting) {
	h := &p.TCP
	from, to := &f.side[s.Dir], &f.side[1-s.Dir]
	s.TCP = true
	s.RelSeq, s.RelAck = h.Seq-from.base, h.Ack
	if h.Flags&tcp.ACK != 0 {
		s.RelAck -= to.base
	}
	s.NextSeq = s.RelSeq + uint32(p.PayloadLen)
	if h.Flags&(tcp.SYN|tcp.FIN) != 0 {
		s.NextSeq++
	}
	s.Window = uint32(h.Window)
	s.ScaleKnown = h.Flags&tcp.SYN != 0 || from.scale != scaleUnknown
	if h.Flags&tcp.SYN == 0 && from.scale > 0 {
		s.Window <<= from.scale
	}
}

func (f *tcpFlow) tally(d *Direction, s *Sighting) {
	if s.Retransmission {
		d.Retransmissions++
	}
	if s.OutOfOrder {
		d.OutOfOrder++
	}
	if s.Gap {
		d.Gaps++
	}
	if s.DupAck {
		d.DupAcks++
	}
	if s.ZeroWindow {
		d.ZeroWindows++
	}
}

// remember keeps the sender's state as the contract of Side has it.
func (f *tcpFlow) remember(h *tcp.Header, s *Sighting, seg *segment, now Moment) {
	t := &f.info
	side := &t.Sides[s.Dir]
	if seg.len > 0 {
		side.LastData = now
	}
	if h.Flags&tcp.RST == 0 {
		side.Window = s.Window
	}
	if f.side[s.Dir].has(nextKnown) {
		side.NextSeq = f.side[s.Dir].next
	}
	if h.Flags&tcp.ACK != 0 && h.Flags&tcp.RST == 0 && (side.AckSent == 0 || after(h.Ack, side.AckSent)) {
		side.AckSent = h.Ack
	}
	if !t.Established && t.Sides[0].LastData.Seen() && t.Sides[1].LastData.Seen() {
		t.Established = true
	}
}

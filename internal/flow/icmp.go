package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// quoted ties an ICMP error to the conversation whose packet it quotes. The
// quotation is no traffic; like Wireshark it still gives the pair its number.
func (t *Tracker) quoted(p *packet.Packet, s *Sighting, now Moment) {
	id := p.QuotedTransport
	if !p.QuotedSrc.IsValid() || id != proto.TCP && id != proto.UDP {
		return
	}
	o := outerPair{src: p.QuotedSrc, dst: p.QuotedDst, srcPort: p.QuotedSrcPort, dstPort: p.QuotedDstPort}
	if !t.mine(o.src, o.dst, o.srcPort, o.dstPort) {
		return
	}
	e, number := t.name(id, &o, order(p, partQuote))
	s.addStream(id, number)
	if e.flow == nil {
		return
	}
	c := &e.flow.Conversation
	s.Quoted = c
	if c.ICMP == nil {
		c.ICMP = &ICMPError{At: now, Type: p.ICMPType, Code: p.ICMPCode, From: p.Src}
		if c.TCP != nil {
			c.TCP.ICMPError, c.TCP.ICMPType, c.TCP.ICMPCode, c.TCP.ICMPFrom = now, p.ICMPType, p.ICMPCode, p.Src
		}
	}
	c.ICMP.Count++
}

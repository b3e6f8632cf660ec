package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// quoted ties an ICMP error to the conversation whose packet it quotes. The
// quotation is no traffic; like Wireshark it still gives the pair its number.
func (t *Tracker) quoted(p *packet.Packet, s *Sighting, now Moment) {
	id := p.QuotedTransport
	if id != proto.TCP && id != proto.UDP {
		return
	}
	e := t.name(id, p.QuotedSrc, p.QuotedDst, p.QuotedSrcPort, p.QuotedDstPort)
	s.addStream(id, e.stream)
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

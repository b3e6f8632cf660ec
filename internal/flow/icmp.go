package flow

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// quoted ties an ICMP error to the conversation whose packet it quotes. The
// quotation is no traffic; like Wireshark it still gives the pair its number,
// when enough of the header is quoted.
func (t *Tracker) quoted(p *packet.Packet, s *Sighting, now Moment) {
	id := p.QuotedTransport
	if !p.QuotedSrc.IsValid() || id != proto.TCP && id != proto.UDP {
		return
	}
	o := outerPair{src: p.QuotedSrc, dst: p.QuotedDst, srcPort: p.QuotedSrcPort, dstPort: p.QuotedDstPort}
	if !t.mine(o.src, o.dst, o.srcPort, o.dstPort) {
		return
	}
	var h tcp.Header
	whole := id == proto.UDP || quotedHeader(p, &h)
	e, number := t.named(id, &o, order(p, partQuote), whole)
	s.addStream(id, number)
	if e == nil || t.live(e) == nil {
		return
	}
	c := &e.flow.Conversation
	s.Quoted = c
	if !t.keep && t.quotedAgain(e.flow, p, &now) {
		return
	}
	_, flipped := makeKey(id, o.src, o.dst, o.srcPort, o.dstPort)
	dir := index(flipped != e.flow.flipped)
	if c.ICMP == nil {
		c.ICMP = &ICMPError{At: now, Type: p.ICMPType, Code: p.ICMPCode, From: p.Src, Dir: dir}
	}
	c.ICMP.Count++
	if mtu, ok := tooBig(p); ok {
		if c.ICMP.TooBig == nil {
			c.ICMP.TooBig = &TooBig{At: now, From: p.Src, MTU: mtu, Dir: dir}
		}
		c.ICMP.TooBig.Count++
	}
	if e.flow.tcp != nil && whole {
		e.flow.tcp.quote(&h, dir, &now)
	}
}

// tooBig is the size in an ICMP error that says that a packet was too big for a link: code 4 of "destination
// unreachable" (RFC 1191, 4), and type 2 of ICMPv6 (RFC 4443, 3.2).
func tooBig(p *packet.Packet) (mtu uint32, ok bool) {
	v4 := p.Transport == proto.ICMP && p.ICMPType == 3 && p.ICMPCode == 4
	if !v4 && (p.Transport != proto.ICMPv6 || p.ICMPType != 2) {
		return 0, false
	}
	for i := range p.N {
		if l := &p.Layers[i]; l.Proto != p.Transport || l.Quoted {
			continue
		}
		b := p.Bytes(i)
		switch {
		case len(b) < 8:
			return 0, false
		case v4:
			return uint32(binary.BigEndian.Uint16(b[6:])), true
		}
		return binary.BigEndian.Uint32(b[4:]), true
	}
	return 0, false
}

// named is the pair's entry with its number; a quotation too short to tell what the segment was gives it none.
func (t *Tracker) named(id proto.ID, o *outerPair, order int64, whole bool) (e *entry, number int32) {
	if whole {
		return t.name(id, o, order)
	}
	k, _ := makeKey(id, o.src, o.dst, o.srcPort, o.dstPort)
	return t.pairs.lookup(&k), -1
}

// quotedEnd is the number of bytes that must be quoted of a TCP header: up to and including the window.
const quotedEnd = 16

// quotedHeader reads the TCP header that an ICMP error quotes. What was not
// quoted of it is 0, and Len says that there was more.
func quotedHeader(p *packet.Packet, h *tcp.Header) bool {
	for i := p.N - 1; i >= 0; i-- {
		if l := &p.Layers[i]; !l.Quoted || l.Proto != proto.TCP {
			continue
		}
		b := p.Bytes(i)
		if len(b) < quotedEnd {
			return false
		}
		var whole [tcp.HeaderMin]byte
		copy(whole[:], b)
		h.Decode(whole[:])
		if len(b) < tcp.HeaderMin {
			h.Len = max(h.Len, tcp.HeaderMin+1)
		}
		if h.Len > tcp.HeaderMin && len(b) > tcp.HeaderMin {
			h.Options = b[tcp.HeaderMin:min(h.Len, len(b))]
		}
		return true
	}
	return false
}

package flow

import (
	"iter"
	"net/netip"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// Wireshark numbers a pair when a frame first names it: as its own
// conversation, as the transport that carries a tunnel, or as what an ICMP
// error quotes.

// A naming is the place in the source at which a pair was named by an outer
// header or a quotation before it had a packet of its own.
type naming struct {
	order int64
	proto proto.ID
	taken bool // its first conversation has the number
}

// order is a place in the source: the record, and what in it.
func order(p *packet.Packet, part int) int64 { return p.Record.Pos.Number<<8 | int64(part) }

// Parts of a record, in the order in which they are numbered; outer headers come before, by layer.
const (
	partOwn   = 0x80
	partQuote = 0xff
)

// numberOf gives a new conversation its number: the one that its pair has been
// given before, or the next one when given is -1. It returns what the pair's entry keeps.
func (t *Tracker) numberOf(c *Conversation, id proto.ID, given int32) int32 {
	switch {
	case t.lane < 0 && given < 0:
		given = t.next(id)
	case t.lane >= 0:
		if given >= 0 {
			c.order = t.names[given].order
			t.names[given].taken = true
		}
		c.Stream = -1
		return 0
	}
	c.Stream = int(given)
	return given
}

// next is the next Wireshark stream number of the protocol, -1 for protocols that Wireshark does not number.
func (t *Tracker) next(id proto.ID) int32 {
	i := 0
	switch id {
	case proto.TCP:
	case proto.UDP:
		i = 1
	default:
		return -1
	}
	t.streams[i]++
	return t.streams[i] - 1
}

// name finds a pair that only an outer header or a quotation names. It gets
// its number when it is first named, as in Wireshark, and keeps it. A lane
// does not know numbers: it notes the place and gives none.
func (t *Tracker) name(id proto.ID, o *outerPair, order int64) (e *entry, number int32) {
	k, _ := makeKey(id, o.src, o.dst, o.srcPort, o.dstPort)
	e = t.pairs.find(&k)
	switch {
	case t.lane >= 0:
		if e.stream < 0 && e.flow == nil {
			e.stream = int32(len(t.names))
			t.names = append(t.names, naming{order: order, proto: id})
		}
		return e, -1
	case e.stream < 0:
		e.stream = t.next(id)
	}
	return e, e.stream
}

// An outerPair is the endpoints of a transport header that is not the packet's own.
type outerPair struct {
	proto            proto.ID
	layer            int
	src, dst         netip.Addr
	srcPort, dstPort uint16
}

// outer numbers the transports that carry a tunnel.
func (t *Tracker) outer(p *packet.Packet, s *Sighting) {
	for o := range outerPairs(p) {
		if t.mine(o.src, o.dst, o.srcPort, o.dstPort) {
			_, number := t.name(o.proto, &o, order(p, o.layer))
			s.addStream(o.proto, number)
		}
	}
}

// outerPairs yields the transports that carry a tunnel, from the outside in.
func outerPairs(p *packet.Packet) iter.Seq[outerPair] {
	return func(yield func(outerPair) bool) {
		var src, dst netip.Addr
		for i := range p.N {
			l := &p.Layers[i]
			if l.Quoted {
				return
			}
			switch l.Proto {
			case proto.IPv4, proto.IPv6:
				src, dst = addresses(l.Proto, p.Bytes(i))
				if src == p.Src && dst == p.Dst && innermost(p, i) {
					return
				}
			case proto.UDP, proto.TCP:
				b := p.Bytes(i)
				if len(b) < 4 || !src.IsValid() {
					continue
				}
				if !yield(outerPair{l.Proto, i, src, dst, uint16(b[0])<<8 | uint16(b[1]), uint16(b[2])<<8 | uint16(b[3])}) {
					return
				}
			}
		}
	}
}

// innermost reports whether no network layer follows layer i.
func innermost(p *packet.Packet, i int) bool {
	for _, l := range p.Layers[i+1 : p.N] {
		if !l.Quoted && (l.Proto == proto.IPv4 || l.Proto == proto.IPv6) {
			return false
		}
	}
	return true
}

func addresses(id proto.ID, b []byte) (src, dst netip.Addr) {
	switch {
	case id == proto.IPv4 && len(b) >= 20:
		return netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	case id == proto.IPv6 && len(b) >= 40:
		return netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	}
	return src, dst
}

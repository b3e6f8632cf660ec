package packet

import (
	"github.com/wiretale/wiretale/proto"
	ip6 "github.com/wiretale/wiretale/proto/ipv6"
)

// options walks a hop-by-hop or destination options header (RFC 8200, 4.3 and 4.6).
func (w *walk) options(s step) step {
	id := proto.IPv6Destination
	if s == hopByHop {
		id = proto.IPv6HopByHop
	}
	b := w.rest()
	if len(b) < 8 {
		return w.short(id, 8)
	}
	n := 8 * (1 + int(b[1]))
	if n > len(b) {
		return w.short(id, n)
	}
	w.add(id, n)
	if w.jumboFrom >= 0 && s == hopByHop {
		w.jumbo(b[2:n])
	}
	w.jumboFrom = -1
	w.off += n
	return w.ipProto(b[0])
}

// jumbo takes the length of a jumbogram (RFC 2675). It must be above 65,535;
// anything else, or no such option, leaves a packet of length 0.
func (w *walk) jumbo(options []byte) {
	p := w.p
	length, ok := ip6.Jumbo(options)
	if !ok {
		// The layers above were added with the length of the frame. A payload
		// length of 0 without the option says that only the frame knows.
		if !w.quoted {
			p.Flags |= LengthZero
		}
		return
	}
	if w.quoted {
		return
	}
	p.Flags |= Jumbo
	if length <= 0xffff {
		w.fail(Malformed, proto.IPv6HopByHop, 0x10000, int(length), "jumbo payload length", corruptErr)
		return
	}
	left := int64(w.wire - w.jumboFrom)
	switch {
	case length > left:
		p.Flags |= LengthBeyond
	case length < left:
		w.wire = w.jumboFrom + int(length)
		w.end = min(w.end, w.wire)
	}
}

// routing walks a routing header (RFC 8200, 4.4).
func (w *walk) routing() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.IPv6Routing, 8)
	}
	n := 8 * (1 + int(b[1]))
	if n > len(b) {
		return w.short(proto.IPv6Routing, n)
	}
	w.add(proto.IPv6Routing, n)
	w.off += n
	return w.ipProto(b[0])
}

// ah walks an authentication header (RFC 4302, 2).
func (w *walk) ah() step {
	b := w.rest()
	if len(b) < 12 {
		return w.short(proto.AH, 12)
	}
	n := 4 * (int(b[1]) + 2)
	if n < 12 {
		w.add(proto.AH, 12)
		return w.bad(proto.AH, 12, n, "header length")
	}
	if n > len(b) {
		return w.short(proto.AH, n)
	}
	w.add(proto.AH, n)
	w.off += n
	return w.ipProto(b[0])
}

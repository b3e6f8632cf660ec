package packet

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ip"
)

// fragment4 handles a fragment of an IPv4 datagram whose header is behind it;
// addrs are its source and destination. The transport is decoded with the
// packet that completes the datagram, from the reassembled bytes.
func (w *walk) fragment4(h *ip.Header, addrs []byte) step {
	first := h.Offset == 0
	if w.quoted || !w.whole() || h.TotalLen == 0 {
		return w.loneFragment(first, h.Protocol)
	}
	k := fragKey{id: uint32(h.ID), proto: h.Protocol, vlan: w.vlan}
	copy(k.addrs[:], addrs)
	return w.reassemble(k, h.Offset, h.MoreFrags, h.Protocol)
}

// fragment6 walks a fragment header (RFC 8200, 4.5). An atomic fragment
// (offset 0, nothing more) is a whole packet (RFC 6946).
func (w *walk) fragment6() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.IPv6Fragment, 8)
	}
	w.add(proto.IPv6Fragment, 8)
	w.off += 8
	next := b[0]
	offset, more := int(be16(b[2:])&^7), b[3]&1 != 0
	if offset == 0 && !more {
		return w.ipProto(next)
	}
	if w.quoted || !w.whole() || w.p.network < 0 || w.p.Layers[w.p.network].Proto != proto.IPv6 {
		return w.loneFragment(offset == 0, next)
	}
	k := fragKey{id: be32(b[4:]), v6: true, vlan: w.vlan}
	at := w.p.Layers[w.p.network].Off
	copy(k.addrs[:], w.buf[at+8:at+40])
	return w.reassemble(k, offset, more, next)
}

// whole reports whether the capture has all of the fragment.
func (w *walk) whole() bool { return w.end == w.wire && w.off < w.end && !w.beyond }

// loneFragment is a fragment that cannot be kept for reassembly: a first one is decoded as far as it goes.
func (w *walk) loneFragment(first bool, next uint8) step {
	if !w.quoted {
		w.p.Flags |= Fragment | FragmentDropped
	}
	if first {
		return w.ipProto(next)
	}
	return w.data()
}

func (w *walk) reassemble(k fragKey, offset int, more bool, next uint8) step {
	p := w.p
	p.Flags |= Fragment
	f := &w.d.frags
	f.expire(p.Record.Time)
	g, ok := f.add(k, w.rest(), offset, more, next, p.Record.Time)
	if !ok {
		p.Flags |= FragmentDropped
	}
	if g == nil {
		return w.data()
	}
	start := len(p.Assembled)
	if start == 0 {
		w.d.assembled = w.d.assembled[:0]
	}
	buf, conflict := g.join(w.d.assembled)
	next = g.next
	f.drop(g)
	w.d.assembled = buf
	if conflict {
		p.Flags |= Overlap
	}
	p.Flags = p.Flags&^Fragment | Reassembled
	p.Assembled = buf
	w.buf, w.off, w.end, w.wire = buf, start, len(buf), len(buf)
	w.assembled = true
	return w.ipProto(next)
}

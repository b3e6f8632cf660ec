package packet

import "github.com/wiretale/wiretale/proto"

// pppHDLC is PPP with or without the address and control bytes of HDLC-like framing (RFC 1662, 3.1).
func (w *walk) pppHDLC() step {
	b := w.rest()
	if len(b) < 2 {
		return w.short(proto.PPP, 2)
	}
	if b[0] == 0x0f || b[0] == 0x8f { // Cisco HDLC on a link that says PPP
		return chdlc
	}
	if b[0] == 0xff {
		return w.pppFrom(b, 2)
	}
	return w.pppFrom(b, 0)
}

func (w *walk) ppp() step {
	b := w.rest()
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		return w.pppFrom(b, 2)
	}
	return w.pppFrom(b, 0)
}

// pppFrom reads the protocol field, which begins n bytes into the layer and may be compressed to one byte (RFC 1661, 6.5).
func (w *walk) pppFrom(b []byte, n int) step {
	if len(b) < n+1 {
		return w.short(proto.PPP, n+1)
	}
	t := uint16(b[n])
	n++
	if t&1 == 0 {
		if len(b) < n+1 {
			return w.short(proto.PPP, n+1)
		}
		t = t<<8 | uint16(b[n])
		n++
	}
	w.add(proto.PPP, n)
	w.off += n
	switch t {
	case 0x0021:
		return ipv4
	case 0x0057:
		return ipv6
	case 0x0281, 0x0283:
		return mpls
	case 0xc021:
		return w.leafData(proto.LCP, 4)
	case 0x8021:
		return w.leafData(proto.IPCP, 4)
	case 0x8057:
		return w.leafData(proto.IPv6CP, 4)
	case 0xc023:
		return w.leafData(proto.PAP, 4)
	case 0xc223:
		return w.leafData(proto.CHAP, 4)
	}
	return opaque
}

// pppoe walks RFC 2516, 4.
func (w *walk) pppoe(id proto.ID) step {
	b := w.rest()
	if len(b) < 6 {
		return w.short(id, 6)
	}
	w.endOfNetwork(w.off + 6 + int(be16(b[4:])))
	w.limit(6 + int(be16(b[4:])))
	w.add(id, 6)
	w.off += 6
	if id == proto.PPPoED || w.have() == 0 {
		return done
	}
	return ppp
}

// mpls walks label stack entries (RFC 3032, 2.1) down to the bottom of the stack.
func (w *walk) mpls() step {
	for {
		b := w.rest()
		if len(b) < 4 {
			return w.short(proto.MPLS, 4)
		}
		w.add(proto.MPLS, 4)
		w.off += 4
		if b[2]&1 != 0 {
			return w.mplsPayload(be32(b) >> 12)
		}
		if w.p.N == MaxLayers {
			return opaque
		}
	}
}

// mplsPayload guesses what follows the bottom label, as everybody has to: by
// an explicit null label, or by the first nibble (RFC 4928, 2.1; RFC 4385, 3).
func (w *walk) mplsPayload(label uint32) step {
	switch label {
	case 0:
		return ipv4
	case 2:
		return ipv6
	}
	b := w.rest()
	if len(b) == 0 {
		return done
	}
	switch b[0] >> 4 {
	case 4:
		return ipv4
	case 6:
		return ipv6
	case 0: // pseudowire control word, then a frame
		if len(b) >= 18 && etherFollows(b[4:]) {
			w.add(proto.MPLSControl, 4)
			w.off += 4
			return ethernet
		}
	}
	if len(b) >= 14 && etherFollows(b) {
		return ethernet
	}
	return opaque
}

// etherFollows reports whether b looks like a frame: a type that leads on.
func etherFollows(b []byte) bool {
	switch be16(b[12:]) {
	case etherIPv4, etherIPv6, etherARP, etherVLAN, etherService, etherMPLS:
		return true
	}
	return false
}

package packet

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nsh"
)

// gre walks a header of any version: RFC 1701 and 2784 with the key and
// sequence number of RFC 2890, and version 1 of PPTP (RFC 2637).
func (w *walk) gre() step {
	b := w.rest()
	if len(b) < 4 {
		return w.short(proto.GRE, 4)
	}
	flags, t := be16(b), be16(b[2:])
	n := 4
	if flags&0xc000 != 0 { // checksum or routing: both fields are there
		n += 4
	}
	if flags&0x2000 != 0 {
		n += 4
	}
	if flags&0x1000 != 0 {
		n += 4
	}
	version := flags & 7
	if version == 1 && flags&0x80 != 0 {
		n += 4
	}
	if flags&0x4000 != 0 && version == 0 {
		var ok bool
		if n, ok = sourceRoutes(b, n); !ok {
			return w.short(proto.GRE, n)
		}
	}
	if t == 0x883e && n < len(b) && b[n]>>4 != 4 { // WCCP version 2 puts four bytes before the packet
		n += 4
	}
	if len(b) < n {
		return w.short(proto.GRE, n)
	}
	w.add(proto.GRE, n)
	w.off += n
	if version == 1 && flags&0x2000 != 0 { // PPTP gives the length of its payload
		w.limit(int(be16(b[4:])))
	}
	return w.greType(t, flags)
}

// sourceRoutes skips the routing entries of RFC 1701; n is where they begin.
func sourceRoutes(b []byte, n int) (int, bool) {
	for {
		if len(b) < n+4 {
			return n + 4, false
		}
		family, length := be16(b[n:]), int(b[n+3])
		n += 4
		if family == 0 && length == 0 {
			return n, true
		}
		n += length
	}
}

func (w *walk) greType(t, flags uint16) step {
	if w.have() == 0 {
		return done
	}
	switch t {
	case etherERSPAN2:
		if flags&0x1000 == 0 { // type I has no header of its own
			return ethernet
		}
		return erspan2
	case etherERSPAN3:
		return erspan3
	case 0x883e:
		return ipv4Any
	case etherService, etherVLAN, etherIPv4, etherIPv6, etherTEB, etherPPP, etherMPLS, etherMPLSMulti, etherARP:
		return w.etherType(t)
	}
	return opaque
}

// erspan walks the headers of draft-foschiano-erspan.
func (w *walk) erspan(s step) step {
	n := 8
	if s == erspan3 {
		n = 12
	}
	b := w.rest()
	if len(b) < n {
		return w.short(proto.ERSPAN, n)
	}
	next := ethernet
	if s == erspan3 {
		if b[11]&1 != 0 { // platform specific subheader
			n += 8
		}
		if be16(b[10:])>>10&0x1f == 2 { // frame type: IP
			next = ipv4Any
		}
		if len(b) < n {
			return w.short(proto.ERSPAN, n)
		}
	}
	w.add(proto.ERSPAN, n)
	w.off += n
	return next
}

// vxlan walks RFC 7348.
func (w *walk) vxlan() step {
	if w.have() < 8 {
		return w.short(proto.VXLAN, 8)
	}
	w.add(proto.VXLAN, 8)
	w.off += 8
	return ethernet
}

// geneve walks RFC 8926, 3.4.
func (w *walk) geneve() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.Geneve, 8)
	}
	n := 8 + 4*int(b[0]&0x3f)
	if len(b) < n {
		return w.short(proto.Geneve, n)
	}
	w.add(proto.Geneve, n)
	w.off += n
	return w.etherType(be16(b[2:]))
}

// nsh walks RFC 8300, 2.2.
func (w *walk) nsh() step {
	b := w.rest()
	if len(b) < nsh.MinLen {
		return w.short(proto.NSH, nsh.MinLen)
	}
	n := nsh.Len(b)
	if n < nsh.MinLen {
		w.add(proto.NSH, nsh.MinLen)
		return w.bad(proto.NSH, nsh.MinLen, n, "length below the least")
	}
	if len(b) < n {
		return w.short(proto.NSH, n)
	}
	w.add(proto.NSH, n)
	w.off += n
	switch b[3] {
	case nsh.IPv4:
		return ipv4
	case nsh.IPv6:
		return ipv6
	case nsh.Ethernet:
		return ethernet
	case nsh.NSH:
		return serviceHeader
	case nsh.MPLS:
		return mpls
	}
	return opaque
}

// gtp walks the user plane header of 3GPP TS 29.281, 5.1, and names the control plane.
func (w *walk) gtp() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.GTP, 8)
	}
	n := 8
	if b[0]>>5 != 1 || b[0]&0x10 == 0 || b[1] != 0xff { // not version 1, GTP', or signalling
		w.add(proto.GTP, n)
		return done
	}
	length := int(be16(b[2:]))
	if b[0]&7 != 0 { // sequence number, N-PDU number, next extension
		n = 12
		for b[0]&4 != 0 && len(b) >= n && b[n-1] != 0 {
			if len(b) == n || b[n] == 0 {
				return w.short(proto.GTP, n+4)
			}
			n += 4 * int(b[n])
		}
	}
	if len(b) < n {
		return w.short(proto.GTP, n)
	}
	w.limit(8 + length)
	n = min(n, w.have())
	w.add(proto.GTP, n)
	w.off += n
	if w.have() == 0 {
		return done
	}
	switch v := w.buf[w.off] >> 4; v {
	case 4, 6:
		return ipv4Any
	}
	if w.buf[w.off] == 0xff || w.buf[w.off] == 0xc0 || w.buf[w.off] == 0x21 {
		return ppp
	}
	return opaque
}

// teredo walks the authentication and origin indications of RFC 4380, 5.1.1.
func (w *walk) teredo() step {
	b := w.rest()
	n := 0
	if len(b) >= 4 && be16(b) == 1 {
		n = 4 + int(b[2]) + int(b[3]) + 9
	}
	if len(b) >= n+2 && be16(b[n:]) == 0 {
		n += 8
	}
	if len(b) < n+1 {
		return w.short(proto.Teredo, n+1)
	}
	if b[n]>>4 != 6 {
		return w.data()
	}
	w.add(proto.Teredo, n)
	w.off += n
	return ipv6
}

// espInUDP tells ESP, IKE and keep-alives apart (RFC 3948, 2).
func (w *walk) espInUDP() step {
	b := w.rest()
	if len(b) == 1 && b[0] == 0xff {
		w.add(proto.UDPEncap, 1)
		return done
	}
	if len(b) < 4 {
		return w.data()
	}
	if be32(b) == 0 { // the marker of IKE
		w.add(proto.UDPEncap, 4)
		w.off += 4
		return opaque
	}
	w.add(proto.UDPEncap, 0)
	return esp
}

// etherIP is RFC 3378: two bytes, then a frame.
func (w *walk) etherIP() step {
	if w.have() < 2 {
		return w.data()
	}
	w.off += 2
	return ethernet
}

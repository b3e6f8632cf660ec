package packet

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto"
	bsd "github.com/wiretale/wiretale/proto/null"
	"github.com/wiretale/wiretale/trace"
)

// firstStep is where the walk begins for a link type.
func firstStep(l trace.LinkType) step {
	switch l {
	case trace.LinkEthernet:
		return ethernet
	case trace.LinkNull:
		return null
	case trace.LinkLoop:
		return loop
	case trace.LinkRaw, 12, 14: // DLT_RAW has these values on some systems
		return raw
	case trace.LinkIPv4:
		return ipv4
	case trace.LinkIPv6:
		return ipv6
	case trace.LinkLinuxSLL:
		return sll
	case trace.LinkLinuxSLL2:
		return sll2
	case trace.LinkPPP, trace.LinkPPPHDLC:
		return pppHDLC
	case trace.LinkPPPoE:
		return pppoeSession
	case trace.LinkCHDLC:
		return chdlc
	case trace.LinkFrameRelay:
		return frameRelay
	case trace.LinkFDDI:
		return fddi
	case trace.LinkTokenRing:
		return tokenRing
	case trace.LinkNFLog:
		return nflog
	case trace.LinkERF:
		return erf
	case trace.LinkWiFi:
		return wlan
	case trace.LinkRadiotap:
		return radiotap
	case trace.LinkPPI:
		return ppi
	case trace.LinkNetMonHeader:
		return netmonHeader
	case trace.LinkNetMonEvent:
		return netmonEvent
	}
	return opaque
}

// linkStep takes the steps of link layers other than Ethernet.
func (w *walk) linkStep(s step) step {
	switch s {
	case raw:
		return w.raw()
	case null:
		return w.null(proto.Null)
	case loop:
		return w.null(proto.Loop)
	case sll:
		return w.sll()
	case sll2:
		return w.sll2()
	case chdlc:
		return w.chdlc()
	case frameRelay:
		return w.frameRelay()
	case fddi:
		return w.fddi()
	case tokenRing:
		return w.tokenRing()
	case nflog:
		return w.nflog()
	case erf:
		return w.erf()
	case radiotap:
		return w.radiotap()
	case ppi:
		return w.ppi()
	case wlan:
		return w.wlan()
	case wlanRadio:
		w.add(proto.WLANRadio, 0)
		return wlan
	case netmonHeader:
		return w.netmonHeader()
	case netmonEvent:
		return w.leaf(proto.NetMonEvent, 0)
	}
	return w.data()
}

func (w *walk) raw() step {
	w.add(proto.Raw, 0)
	if w.have() == 0 {
		return done
	}
	switch w.buf[w.off] >> 4 {
	case 4:
		return ipv4
	case 6:
		return ipv6
	}
	return opaque
}

// null is the four bytes of address family that BSD puts before a packet:
// in the order of the machine that captured, or big-endian for LOOP.
func (w *walk) null(id proto.ID) step {
	b := w.rest()
	if len(b) < 4 {
		return w.short(id, 4)
	}
	if id == proto.Null && be16(b) == 0xff03 {
		return pppHDLC
	}
	family := bsd.Family(b)
	if id == proto.Loop {
		family = be32(b)
	}
	w.add(id, 4)
	w.off += 4
	switch family {
	case 2:
		return ipv4
	case 10, 23, 24, 28, 30: // AF_INET6 of Linux, Windows, NetBSD, FreeBSD, Darwin
		return ipv6
	}
	if family > etherMaxLength {
		return w.etherType(uint16(family))
	}
	return opaque
}

// Address resolution hardware types that change what the protocol field of a cooked frame means.
const (
	arphrdNetlink = 824
	arphrdGRE     = 778
)

// sll is Linux' cooked header, version 1.
func (w *walk) sll() step {
	b := w.rest()
	if len(b) < 16 {
		return w.short(proto.SLL, 16)
	}
	if t := be16(b); t == 1 || t == 2 {
		w.p.Flags |= Multicast
	}
	w.add(proto.SLL, 16)
	w.off += 16
	return w.cooked(be16(b[2:]), be16(b[14:]), 2)
}

// sll2 is Linux' cooked header, version 2.
func (w *walk) sll2() step {
	b := w.rest()
	if len(b) < 20 {
		return w.short(proto.SLL2, 20)
	}
	if b[10] == 1 || b[10] == 2 {
		w.p.Flags |= Multicast
	}
	w.add(proto.SLL2, 20)
	w.off += 20
	return w.cooked(be16(b[8:]), be16(b), 20)
}

// cooked goes on behind a cooked header; the protocol field lies back bytes before off.
func (w *walk) cooked(hardware, t uint16, back int) step {
	switch {
	case hardware == arphrdNetlink:
		return opaque
	case hardware == arphrdGRE:
		return w.greType(t, 0)
	case t == 4: // 802.2
		return llc
	case t < etherMin:
		return opaque
	}
	off := w.off
	w.off -= back
	w.add(proto.EtherType, 2)
	w.off = off
	return w.etherType(t)
}

func (w *walk) chdlc() step {
	b := w.rest()
	if len(b) < 4 {
		return w.short(proto.CHDLC, 4)
	}
	w.add(proto.CHDLC, 4)
	w.off += 4
	return w.chdlcType(be16(b[2:]))
}

func (w *walk) chdlcType(t uint16) step {
	switch t {
	case etherRARP: // in Cisco's HDLC this is SLARP
		return w.leaf(proto.SLARP, 14)
	case 0xfefe:
		return opaque
	}
	return w.etherType(t)
}

// frameRelay walks a Q.922 address of two to four bytes and what RFC 2427 or Cisco put behind it.
func (w *walk) frameRelay() step {
	b := w.rest()
	n := 2
	for n <= 4 && len(b) >= n && b[n-1]&1 == 0 {
		n++
	}
	if len(b) < n+2 {
		return w.short(proto.FrameRelay, n+2)
	}
	if n > 4 {
		w.add(proto.FrameRelay, n)
		return w.bad(proto.FrameRelay, 4, n, "address")
	}
	if b[n] != 3 { // no unnumbered information: Cisco's encapsulation, an Ethernet type
		w.add(proto.FrameRelay, n+2)
		w.off += n + 2
		return w.chdlcType(be16(b[n:]))
	}
	n++
	if b[n] == 0 && len(b) > n+1 { // padding
		n++
	}
	nlpid := b[n]
	n++
	w.add(proto.FrameRelay, n)
	w.off += n
	return w.networkID(nlpid)
}

// networkID is what follows a network layer protocol identifier (ISO/IEC TR 9577).
func (w *walk) networkID(n uint8) step {
	switch n {
	case 0xcc:
		return ipv4
	case 0x8e:
		return ipv6
	case 0xcf:
		return ppp
	case 0x80: // SNAP without its LLC part
		b := w.rest()
		if len(b) < 5 {
			return opaque
		}
		w.off += 5
		oui := be32(b) >> 8
		switch {
		case oui == 0:
			return w.etherType(be16(b[3:]))
		case oui == 0x80c2 && (be16(b[3:]) == 1 || be16(b[3:]) == 7):
			return ethernet
		}
	}
	return opaque
}

func (w *walk) fddi() step {
	b := w.rest()
	if len(b) < 13 {
		return w.short(proto.FDDI, 13)
	}
	if b[1]&1 != 0 {
		w.p.Flags |= Multicast
	}
	w.add(proto.FDDI, 13)
	w.off += 13
	if b[0]&0xf0 == 0x50 || b[0]&0xf0 == 0xd0 { // LLC frames, asynchronous and synchronous
		return llc
	}
	return opaque
}

func (w *walk) tokenRing() step {
	b := w.rest()
	if len(b) < 14 {
		return w.short(proto.TokenRing, 14)
	}
	n := 14
	if b[8]&0x80 != 0 { // routing information
		if len(b) < 16 {
			return w.short(proto.TokenRing, 16)
		}
		n += max(2, int(b[14]&0x1f))
	}
	if len(b) < n {
		return w.short(proto.TokenRing, n)
	}
	if b[2]&0x80 != 0 {
		w.p.Flags |= Multicast
	}
	w.add(proto.TokenRing, n)
	w.off += n
	if b[1]>>6 == 1 {
		return llc
	}
	return opaque
}

// nflog walks the attributes of Linux' netfilter log until the payload (attribute 9).
func (w *walk) nflog() step {
	b := w.rest()
	if len(b) < 4 {
		return w.short(proto.NFLog, 4)
	}
	for n := 4; n+4 <= len(b); {
		length := int(binary.LittleEndian.Uint16(b[n:]))
		kind := binary.LittleEndian.Uint16(b[n+2:])
		if length < 4 {
			w.add(proto.NFLog, n)
			return w.bad(proto.NFLog, 4, length, "attribute")
		}
		if kind == 9 {
			return w.nflogPayload(b[0], n+4, length-4)
		}
		n += (length + 3) &^ 3
	}
	w.add(proto.NFLog, len(b))
	return done
}

func (w *walk) nflogPayload(family uint8, header, length int) step {
	w.add(proto.NFLog, header)
	w.off += header
	w.limit(length)
	switch family {
	case 2:
		return ipv4
	case 10:
		return ipv6
	}
	return opaque
}

// erf walks the record header of Endace's extensible record format.
func (w *walk) erf() step {
	b := w.rest()
	if len(b) < 16 {
		return w.short(proto.ERF, 16)
	}
	n := 16
	for more := b[8]&0x80 != 0; more; n += 8 {
		if len(b) < n+8 {
			return w.short(proto.ERF, n+8)
		}
		more = b[n]&0x80 != 0
	}
	kind := b[8] & 0x7f
	wire := int(be16(b[14:]))
	next := opaque
	switch kind {
	case 2, 11, 16, 20: // Ethernet, plain and with colour: an offset and a byte of padding
		n += 2
		next = ethernet
	case 1, 10, 15, 17: // packet over SONET
		next = pppHDLC
	case 22:
		next = ipv4
	case 23:
		next = ipv6
	}
	if len(b) < n {
		return w.short(proto.ERF, n)
	}
	w.add(proto.ERF, n)
	w.off += n
	if next == ethernet && wire > 0 && w.off+wire <= w.wire {
		w.limit(wire)
	}
	return next
}

// netmonHeader walks the header that Network Monitor puts before frames of
// some media: version, flags, then the media type that follows.
func (w *walk) netmonHeader() step {
	w.add(proto.NetMonHeader, 0)
	return opaque
}

package packet

import "github.com/wiretale/wiretale/proto"

// Ethernet types (IEEE 802 Numbers of IANA) that lead on.
const (
	etherIPv4      = 0x0800
	etherARP       = 0x0806
	etherRARP      = 0x8035
	etherTEB       = 0x6558 // transparent Ethernet bridging
	etherVLAN      = 0x8100
	etherIPv6      = 0x86dd
	etherPPP       = 0x880b
	etherMPLS      = 0x8847
	etherMPLSMulti = 0x8848
	etherPPPoED    = 0x8863
	etherPPPoES    = 0x8864
	etherEAPOL     = 0x888e
	etherService   = 0x88a8
	etherCMD       = 0x8909
	etherVNTag     = 0x8926
	etherETag      = 0x893f
	etherNSH       = 0x894f
	etherERSPAN2   = 0x88be
	etherERSPAN3   = 0x22eb
	etherQinQOld   = 0x9100
	etherQinQOld2  = 0x9200
	etherConfig    = 0x9000
	etherMin       = 0x0600 // smaller values are lengths (IEEE 802.3, 3.2.6)
	etherMaxLength = 1500
)

func (w *walk) ethernet() step {
	b := w.rest()
	if len(b) < 14 {
		return w.short(proto.Ethernet, 14)
	}
	if b[0]&1 != 0 && !w.quoted && w.p.network < 0 {
		w.p.Flags |= Multicast
	}
	w.framed = true
	w.add(proto.Ethernet, 14)
	t := be16(b[12:])
	w.off += 14
	if t == etherIPv4 {
		w.etherTypeLayer()
		return ipv4
	}
	return w.typeOrLength(t)
}

// typeOrLength goes on behind the two bytes that are a type or, below 0x600, a length (IEEE 802.3, 3.2.6).
func (w *walk) typeOrLength(t uint16) step {
	if t >= etherMin || t == 0 { // 0 is no length of anything
		w.etherTypeLayer()
		return w.etherType(t)
	}
	if t > etherMaxLength {
		return w.data()
	}
	if !w.assembled && w.netEnd < 0 && !w.quoted && w.off+int(t) < w.wire {
		w.netEnd = int32(w.off + int(t))
	}
	w.limit(int(t))
	if b := w.rest(); len(b) >= 2 && b[0] == 0xff && b[1] == 0xff {
		return opaque // IPX without LLC, as Novell once did
	}
	return llc
}

// etherTypeLayer adds the type field that ends right before off as a layer of its own, as frame.protocols has it.
func (w *walk) etherTypeLayer() {
	w.off -= 2
	w.add(proto.EtherType, 2)
	w.off += 2
}

// etherType is what follows an Ethernet type.
func (w *walk) etherType(t uint16) step {
	switch t {
	case etherIPv4:
		return ipv4
	case etherIPv6:
		return ipv6
	case etherARP, etherRARP:
		return arp
	case etherVLAN, etherQinQOld, etherQinQOld2:
		return vlan
	case etherService:
		return serviceVLAN
	case etherMPLS, etherMPLSMulti:
		return mpls
	case etherPPPoED:
		return pppoeDiscovery
	case etherPPPoES:
		return pppoeSession
	case etherTEB:
		return ethernet
	case etherPPP:
		return ppp
	case etherEAPOL:
		return w.leafData(proto.EAPOL, 4)
	case etherCMD:
		return ciscoMetadata
	case etherVNTag:
		return vnTag
	case etherETag:
		return eTag
	case etherNSH:
		return serviceHeader
	case etherConfig:
		return w.leafData(proto.ConfigTest, 2)
	}
	return opaque
}

// leafData is a small header whose body is shown as data.
func (w *walk) leafData(id proto.ID, header int) step {
	if w.have() < header {
		return w.short(id, header)
	}
	w.add(id, header)
	w.off += header
	return done
}

func (w *walk) vlanTag(id proto.ID) step {
	b := w.rest()
	if len(b) < 4 {
		return w.short(id, 4)
	}
	w.add(id, 4)
	if !w.quoted {
		w.p.VLAN = int(be16(b) & 0xfff)
	}
	w.vlan = w.vlan<<12 | int(be16(b)&0xfff)
	w.off += 4
	return w.typeOrLength(be16(b[2:]))
}

// tag is one that ends with the type of what follows.
func (w *walk) tag(id proto.ID, n int) step {
	b := w.rest()
	if len(b) < n {
		return w.short(id, n)
	}
	w.add(id, n)
	w.off += n
	return w.typeOrLength(be16(b[n-2:]))
}

func (w *walk) arp() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.ARP, 8)
	}
	n := 8 + 2*int(b[4]) + 2*int(b[5])
	if len(b) < n {
		return w.short(proto.ARP, n)
	}
	w.endOfNetwork(w.off + n)
	w.limit(n)
	w.add(proto.ARP, n)
	return done
}

// endOfNetwork notes where the first network layer of the frame ends: what lies behind is padding or FCS.
func (w *walk) endOfNetwork(end int) {
	if w.netEnd < 0 && !w.assembled && !w.quoted {
		w.netEnd = int32(min(end, w.wire))
	}
}

// Protocol numbers (SAPs) of IEEE 802.2 that lead on.
const (
	sapSTP  = 0x42
	sapIP   = 0x06
	sapSNAP = 0xaa
)

func (w *walk) llc() step {
	b := w.rest()
	if len(b) < 3 {
		return w.short(proto.LLC, 3)
	}
	header := 4
	if b[2]&3 == 3 { // unnumbered: one byte of control
		header = 3
	}
	if b[0] == sapSNAP && b[1]&^1 == sapSNAP && header == 3 {
		return w.snap(b)
	}
	if len(b) < header {
		return w.short(proto.LLC, header)
	}
	w.add(proto.LLC, header)
	w.off += header
	switch {
	case b[2]&1 == 1 && b[2]&0xef != 3: // neither an information frame nor unnumbered information
		return opaque
	case b[0] == sapIP:
		return ipv4
	case b[0] == sapSTP:
		return w.leaf(proto.STP, 4)
	}
	return opaque
}

func (w *walk) snap(b []byte) step {
	if len(b) < 8 {
		return w.short(proto.LLC, 8)
	}
	w.add(proto.LLC, 8)
	w.off += 8
	oui := be32(b[2:]) & 0xffffff
	pid := be16(b[6:])
	switch oui {
	case 0, 0x0000f8: // encapsulated Ethernet (RFC 1042), Cisco's variant
		return w.etherType(pid)
	case 0x0080c2: // IEEE 802.1: bridged frames (RFC 2684)
		switch pid {
		case 0x0001, 0x0007: // 802.3 with and without FCS; two bytes of padding are ATM's only
			return ethernet
		case 0x000e:
			return w.leaf(proto.STP, 4)
		}
	}
	return opaque
}

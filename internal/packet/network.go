package packet

import (
	"net/netip"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ip"
	ip6 "github.com/wiretale/wiretale/proto/ipv6"
)

// Protocol numbers of IANA that lead on.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIGMP        = 2
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoNone        = 59
	protoDestination = 60
	protoIPIP        = 94
	protoEtherIP     = 97
	protoSCTP        = 132
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
)

// minPadded is the smallest Ethernet frame without FCS: anything that long may end in padding.
const minPadded = 60

func (w *walk) ipAny() step {
	if w.have() > 0 && w.buf[w.off]>>4 == 6 {
		return ipv6
	}
	return ipv4
}

func (w *walk) ipv4() step {
	var h ip.Header
	b := w.rest()
	if len(b) > 0 && b[0]>>4 != 4 {
		return w.wrongVersion(b[0] >> 4)
	}
	if !h.Decode(b) {
		return w.short(proto.IPv4, ip.HeaderMin)
	}
	if h.Len < ip.HeaderMin {
		w.add(proto.IPv4, ip.HeaderMin)
		return w.bad(proto.IPv4, ip.HeaderMin, h.Len, "header length below 20")
	}
	if h.TotalLen < h.Len && (h.TotalLen != 0 || w.d.LengthAsSent) {
		w.add(proto.IPv4, h.Len)
		return w.bad(proto.IPv4, h.Len, h.TotalLen, "total length below the header length")
	}
	w.length4(&h)
	w.add(proto.IPv4, h.Len)
	w.addresses4(&h)
	if len(b) < h.Len {
		if h.Len > w.wire-w.off {
			return w.bad(proto.IPv4, h.Len, w.wire-w.off, "header ends behind the frame")
		}
		w.fail(Cut, proto.IPv4, h.Len, len(b), "", cutErr)
		return done
	}
	if h.Checksum != 0 && !w.quoted && ip.Sum(b[:h.Len]) != 0xffff {
		w.p.Flags |= BadIPChecksum
	}
	w.off += h.Len
	if h.MoreFrags || h.Offset != 0 {
		return w.fragment4(&h, b[12:20])
	}
	return w.ipProto(h.Protocol)
}

// wrongVersion ends in an IP header whose version is not the one announced.
func (w *walk) wrongVersion(v uint8) step {
	if v == 6 {
		// The header before said IPv4. Wireshark nests: a layer of IPv4 that holds IPv6.
		return ipv6
	}
	w.add(proto.IPv4, ip.HeaderMin)
	return w.bad(proto.IPv4, 4, int(v), "version")
}

// length4 turns the total length into the end of the datagram. A length of 0
// is left by segmentation offload to the network card: the frame then says
// how long the datagram is, unless it is so short that it may be padded.
func (w *walk) length4(h *ip.Header) {
	p := w.p
	left := w.wire - w.off
	w.beyond = h.TotalLen > left
	switch {
	case h.TotalLen == 0:
		if w.quoted {
			return
		}
		p.Flags |= LengthZero
		if left > 0xffff {
			p.Flags |= Jumbo
		}
		if w.framed && w.wire <= minPadded && !w.assembled {
			p.Flags |= PayloadUnknown
		}
	case h.TotalLen < left:
		w.endOfNetwork(w.off + h.TotalLen)
		w.limit(h.TotalLen)
	case h.TotalLen > left && !w.quoted:
		p.Flags |= LengthBeyond
	}
	w.endOfNetwork(w.wire)
}

func (w *walk) addresses4(h *ip.Header) {
	p := w.p
	if w.quoted {
		p.QuotedSrc, p.QuotedDst = netip.AddrFrom4(h.Src), netip.AddrFrom4(h.Dst)
		p.QuotedIPProto, p.QuotedTransport = h.Protocol, proto.None
		return
	}
	w.networkLayer()
	p.Src, p.Dst = netip.AddrFrom4(h.Src), netip.AddrFrom4(h.Dst)
	p.IPProto, p.IPID, p.TTL, p.DSCP, p.DontFragment = h.Protocol, h.ID, h.TTL, h.TOS>>2, h.DontFragment
	if h.Dst[0]>>4 == 14 || h.Dst == [4]byte{255, 255, 255, 255} {
		p.Flags |= Multicast
	}
}

// networkLayer notes that the layer just added is now the innermost network layer.
func (w *walk) networkLayer() {
	p := w.p
	if p.network >= 0 {
		p.Tunnel++
		p.Transport, p.transport = proto.None, -1
		p.SrcPort, p.DstPort = 0, 0
		p.Payload, p.PayloadLen = nil, 0
	}
	p.network = int8(p.N - 1)
}

func (w *walk) ipv6() step {
	var h ip6.Header
	b := w.rest()
	if len(b) > 0 && b[0]>>4 != 6 {
		w.fail(Malformed, proto.IPv6, 6, int(b[0]>>4), "version", corruptErr)
		return opaque
	}
	if !h.Decode(b) {
		return w.short(proto.IPv6, ip6.HeaderLen)
	}
	w.length6(&h)
	w.add(proto.IPv6, ip6.HeaderLen)
	w.addresses6(&h)
	w.off += ip6.HeaderLen
	return w.ipProto(h.Next)
}

// length6 turns the payload length into the end of the packet. 0 means a
// jumbogram when a hop-by-hop header follows, and segmentation offload when
// TCP or UDP follows at once, unless it is to be taken at its word; a packet without payload has another next header.
func (w *walk) length6(h *ip6.Header) {
	p := w.p
	left := w.wire - w.off - ip6.HeaderLen
	w.jumboFrom = -1
	w.beyond = h.PayloadLen > left
	switch {
	case h.PayloadLen == 0 && h.Next == protoHopByHop:
		w.jumboFrom = w.off + ip6.HeaderLen
	case h.PayloadLen == 0 && (h.Next == protoTCP || h.Next == protoUDP) && left > 0 && !w.d.LengthAsSent:
		if w.quoted {
			return
		}
		p.Flags |= LengthZero
		if left > 0xffff {
			p.Flags |= Jumbo
		}
	case h.PayloadLen < left:
		w.endOfNetwork(w.off + ip6.HeaderLen + h.PayloadLen)
		w.limit(ip6.HeaderLen + h.PayloadLen)
	case h.PayloadLen > left && !w.quoted:
		p.Flags |= LengthBeyond
	}
	w.endOfNetwork(w.wire)
}

func (w *walk) addresses6(h *ip6.Header) {
	p := w.p
	if w.quoted {
		p.QuotedSrc, p.QuotedDst = netip.AddrFrom16(h.Src), netip.AddrFrom16(h.Dst)
		p.QuotedIPProto, p.QuotedTransport = h.Next, proto.None
		return
	}
	w.networkLayer()
	p.Src, p.Dst = netip.AddrFrom16(h.Src), netip.AddrFrom16(h.Dst)
	p.IPProto, p.IPID, p.TTL, p.DSCP, p.DontFragment = h.Next, 0, h.HopLimit, h.TrafficClass>>2, false
	if h.Dst[0] == 0xff {
		p.Flags |= Multicast
	}
}

// ipProto is what follows a network or extension header.
func (w *walk) ipProto(n uint8) step {
	if w.quoted {
		w.p.QuotedIPProto = n
	} else {
		w.p.IPProto = n
	}
	switch n {
	case protoTCP:
		return tcpStep
	case protoUDP:
		return udpStep
	case protoICMP:
		return icmp
	case protoICMPv6:
		return icmpv6
	case protoIGMP:
		return igmp
	case protoIPv4, protoIPIP:
		return ipv4Any
	case protoIPv6:
		return ipv6
	case protoGRE:
		return gre
	case protoSCTP:
		return sctpStep
	case protoHopByHop:
		return hopByHop
	case protoRouting:
		return routing
	case protoFragment:
		return fragment
	case protoDestination:
		return destination
	case protoAH:
		return authentication
	case protoESP:
		return esp
	case protoMPLS:
		return mpls
	case protoEtherIP:
		return etherIP
	case protoMobility:
		return w.leaf(proto.MobileIPv6, 6)
	case protoHIP:
		return w.leaf(proto.HIP, 8)
	case protoShim6:
		return w.leaf(proto.Shim6, 8)
	case protoNone:
		return noPayload
	}
	return opaque
}

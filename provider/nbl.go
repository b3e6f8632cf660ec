package provider

import (
	"fmt"
	"strings"
)

// NBLInfo is what a NET_BUFFER_LIST carries beside the bytes of a packet: the
// part of NDIS_NET_BUFFER_LIST_INFO that capture drivers log (nblinfo.h,
// nblchecksum.h, nbllso.h, nblrsc.h of the Windows driver kit).
type NBLInfo struct {
	Checksum  uint64 // TcpIpChecksumNetBufferListInfo
	LargeSend uint64 // TcpLargeSendNetBufferListInfo
	Tag       uint64 // Ieee8021QNetBufferListInfo
	Coalesced uint64 // TcpRecvSegCoalesceInfo
}

// ChecksumLeft reports whether the transport checksum of a sent packet is left
// to the network card: NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO.Transmit, bits
// IsIPv4, IsIPv6, TcpChecksum, UdpChecksum.
func (n *NBLInfo) ChecksumLeft() bool { return n.Checksum&3 != 0 && n.Checksum&0xc != 0 }

// MSS is the size in bytes that the card cuts a sent packet to, 0 when it does not: NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO, 20 bits.
func (n *NBLInfo) MSS() int { return int(n.LargeSend & 0xfffff) }

// VLAN is the tag: UserPriority 3 bits, CanonicalFormatId 1, VlanId 12; false without one.
func (n *NBLInfo) VLAN() (id, priority int, ok bool) {
	return int(n.Tag >> 4 & 0xfff), int(n.Tag & 7), n.Tag&0xffff != 0
}

// Segments is the number of segments that the card joined into a received packet, 0 when it did not:
// NDIS_RSC_NBL_INFO, CoalescedSegCount u16, DupAckCount u16.
func (n *NBLInfo) Segments() int { return int(n.Coalesced & 0xffff) }

// checksumVerdicts are the bits of Receive: what the card says of a received packet.
var checksumVerdicts = [...]string{"TCP checksum failed", "UDP checksum failed", "IP checksum failed", "TCP checksum good", "UDP checksum good", "IP checksum good"}

// Text says what the values mean for a packet of this direction; "" when they say nothing.
func (n *NBLInfo) Text(outbound bool) string {
	var parts []string
	switch {
	case outbound:
		if n.ChecksumLeft() {
			parts = append(parts, "checksum left to the card")
		}
		if mss := n.MSS(); mss > 0 {
			parts = append(parts, fmt.Sprintf("large send, cut to %d bytes", mss))
		}
	default:
		for i, text := range checksumVerdicts {
			if n.Checksum>>i&1 != 0 {
				parts = append(parts, text)
			}
		}
		if k := n.Segments(); k > 0 {
			parts = append(parts, fmt.Sprintf("%d segments joined by the card", k))
		}
	}
	if id, priority, ok := n.VLAN(); ok {
		parts = append(parts, fmt.Sprintf("802.1Q tag: VLAN %d, priority %d", id, priority))
	}
	if len(parts) == 0 {
		return ""
	}
	return "out of band: " + strings.Join(parts, ", ")
}

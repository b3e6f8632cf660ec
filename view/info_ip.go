package view

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ip"
)

// udpInfo is "53 → 40000 Len=30"; the length is the header's own, as Wireshark shows it.
func udpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 8 {
		return ""
	}
	src, dst, length := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), int(binary.BigEndian.Uint16(b[4:]))
	bad := ""
	if row.Packet.Has(packet.Malformed) && length > row.Packet.PayloadLen+8 {
		bad = fmt.Sprintf(" [BAD UDP LENGTH %d > IP PAYLOAD LENGTH]", length)
	}
	n := row.Packet.PayloadLen
	if bad != "" || row.Packet.Transport != proto.UDP {
		n = max(length-8, 0)
	}
	return fmt.Sprintf("%d → %d%s Len=%d", src, dst, bad, n)
}

func sctpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 12 {
		return ""
	}
	return fmt.Sprintf("%d → %d %s", binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), sctpChunks(b[12:]))
}

var sctpChunkNames = map[byte]string{
	0: "DATA", 1: "INIT", 2: "INIT_ACK", 3: "SACK", 4: "HEARTBEAT", 5: "HEARTBEAT_ACK", 6: "ABORT", 7: "SHUTDOWN", 8: "SHUTDOWN_ACK",
	9: "ERROR", 10: "COOKIE_ECHO", 11: "COOKIE_ACK", 14: "SHUTDOWN_COMPLETE", 64: "I_DATA", 192: "FORWARD_TSN",
}

// sctpChunks names the chunks of a packet, RFC 9260, 3.2. A length that does not fit ends the list.
func sctpChunks(b []byte) string {
	text := ""
	for len(b) >= 4 {
		name := sctpChunkNames[b[0]]
		if name == "" {
			name = fmt.Sprintf("chunk %d", b[0])
		}
		if text != "" {
			text += " "
		}
		text += name
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n = (n + 3) &^ 3; n < 4 || n > len(b) {
			break
		}
		b = b[n:]
	}
	return text
}

// ipProtocols are Wireshark's names in the Info column of a fragment.
var ipProtocols = map[uint8]string{
	1: "ICMP", 2: "IGMP", 4: "IPIP", 6: "TCP", 17: "UDP", 41: "IPv6", 47: "Generic Routing Encapsulation", 50: "Encap Security Payload", 51: "Authentication Header",
	58: "ICMPv6", 89: "OSPF IGP", 103: "PIM", 112: "VRRP", 115: "Layer 2 Tunneling", 132: "SCTP",
}

func ipProtocol(n uint8) string {
	if s := ipProtocols[n]; s != "" {
		return s
	}
	return "Unknown"
}

func ipv4Info(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 20 {
		return "IPv4"
	}
	if v := b[0] >> 4; v != 4 {
		return fmt.Sprintf("Bogus IPv4 version (%d, must be 4)", v)
	}
	if p := row.Packet; p.Has(packet.Malformed) && !p.Has(packet.LengthZero) {
		if bogus := bogusLength(b); bogus != "" {
			return bogus
		}
	}
	frag := binary.BigEndian.Uint16(b[6:])
	if frag&0x3fff != 0 {
		return fmt.Sprintf("Fragmented IP protocol (proto=%s %d, off=%d, ID=%04x)", ipProtocol(b[9]), b[9], int(frag&0x1fff)*8, binary.BigEndian.Uint16(b[4:]))
	}
	if _, known := ipProtocols[b[9]]; !known {
		return fmt.Sprintf("Unknown (%d)", b[9])
	}
	return fmt.Sprintf("%s (%d)", ipProtocol(b[9]), b[9])
}

// bogusLength says which length of an IPv4 header cannot be. The packet is not decoded behind one.
func bogusLength(b []byte) string {
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case header < ip.HeaderMin:
		return fmt.Sprintf("Bogus IP header length (%d, must be at least %d)", header, ip.HeaderMin)
	case total < header:
		return fmt.Sprintf("Bogus IP length (%d, less than header length %d)", total, header)
	}
	return ""
}

func ipv6Info(row *engine.Row, i int) string {
	switch row.Packet.IPProto {
	case 59:
		return "IPv6 no next header"
	case 0:
		return "IPv6 hop-by-hop option"
	}
	return fmt.Sprintf("%s (%d)", ipProtocol(row.Packet.IPProto), row.Packet.IPProto)
}

func ipv6FragmentInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 8 {
		return "IPv6 fragment"
	}
	frag, more := binary.BigEndian.Uint16(b[2:]), 'n'
	if frag&1 != 0 {
		more = 'y'
	}
	return fmt.Sprintf("IPv6 fragment (off=%d more=%c ident=0x%08x nxt=%d)", frag&0xfff8, more, binary.BigEndian.Uint32(b[4:]), b[0])
}

// arpInfo: RFC 826 for Ethernet and IPv4.
func arpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 28 || b[4] != 6 || b[5] != 4 {
		return ""
	}
	sender, target := netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
	switch op := binary.BigEndian.Uint16(b[6:]); {
	case op == 1 && sender == target:
		return fmt.Sprintf("ARP Announcement for %s", sender)
	case op == 1 && sender.IsUnspecified():
		return fmt.Sprintf("Who has %s? (ARP Probe)", target)
	case op == 1:
		return fmt.Sprintf("Who has %s? Tell %s", target, sender)
	case op == 2 && sender == target:
		return fmt.Sprintf("Gratuitous ARP for %s (Reply)", sender)
	case op == 2:
		return fmt.Sprintf("%s is at %s", sender, MAC(b[8:14]))
	default:
		return fmt.Sprintf("Opcode %d", op)
	}
}

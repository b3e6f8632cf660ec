package view

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
)

var icmpTypes = map[byte]string{
	0: "Echo (ping) reply", 3: "Destination unreachable", 4: "Source quench", 5: "Redirect", 8: "Echo (ping) request", 9: "Router advertisement",
	10: "Router solicitation", 11: "Time-to-live exceeded", 12: "Parameter problem", 13: "Timestamp request", 14: "Timestamp reply",
	15: "Information request", 16: "Information reply", 17: "Address mask request", 18: "Address mask reply",
}

var icmpCodes = map[byte][]string{
	3: {"Network unreachable", "Host unreachable", "Protocol unreachable", "Port unreachable", "Fragmentation needed", "Source route failed",
		"Destination network unknown", "Destination host unknown", "Source host isolated", "Network administratively prohibited",
		"Host administratively prohibited", "Network unreachable for TOS", "Host unreachable for TOS", "Communication administratively filtered",
		"Host precedence violation", "Precedence cutoff in effect"},
	5:  {"Redirect for network", "Redirect for host", "Redirect for TOS and network", "Redirect for TOS and host"},
	11: {"Time to live exceeded in transit", "Fragment reassembly time exceeded"},
	12: {"Pointer indicates the error", "Required option missing", "Bad length"},
}

func icmpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 8 {
		return ""
	}
	name := icmpTypes[b[0]]
	switch {
	case name == "":
		return fmt.Sprintf("Unknown ICMP type %d, code %d", b[0], b[1])
	case b[0] == 0 || b[0] == 8:
		seq := binary.BigEndian.Uint16(b[6:])
		return fmt.Sprintf("%-19s  id=0x%04x, seq=%d/%d, ttl=%d", name, binary.BigEndian.Uint16(b[4:]), seq, seq>>8|seq<<8, row.Packet.TTL)
	case icmpCodes[b[0]] != nil:
		code := fmt.Sprintf("Unknown code: %d", b[1])
		if int(b[1]) < len(icmpCodes[b[0]]) {
			code = icmpCodes[b[0]][b[1]]
		}
		return fmt.Sprintf("%-20s (%s)", name, code)
	}
	return name
}

var icmpv6Types = map[byte]string{
	1: "Destination Unreachable", 2: "Packet Too Big", 3: "Time Exceeded", 4: "Parameter Problem", 128: "Echo (ping) request", 129: "Echo (ping) reply",
	130: "Multicast Listener Query", 131: "Multicast Listener Report", 132: "Multicast Listener Done", 133: "Router Solicitation",
	134: "Router Advertisement", 135: "Neighbor Solicitation", 136: "Neighbor Advertisement", 137: "Redirect", 143: "Multicast Listener Report Message v2",
}

var icmpv6Codes = map[byte][]string{
	1: {"no route to destination", "Administratively prohibited", "Beyond scope of source address", "Address unreachable", "Port unreachable",
		"Source address failed ingress/egress policy", "Reject route to destination"},
	3: {"hop limit exceeded in transit", "fragment reassembly time exceeded"},
	4: {"erroneous header field encountered", "unrecognized Next Header type encountered", "unrecognized IPv6 option encountered"},
}

func icmpv6Info(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 4 {
		return ""
	}
	name := icmpv6Types[b[0]]
	if name == "" {
		return fmt.Sprintf("Unknown (%d), code %d", b[0], b[1])
	}
	if codes := icmpv6Codes[b[0]]; codes != nil && int(b[1]) < len(codes) {
		return fmt.Sprintf("%s (%s)", name, codes[b[1]])
	}
	switch b[0] {
	case 128, 129:
		if len(b) >= 8 {
			return fmt.Sprintf("%s id=0x%04x, seq=%d, hop limit=%d", name, binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]), row.Packet.TTL)
		}
	case 133, 134:
		return name + neighbor(b, map[byte]int{133: 8, 134: 16}[b[0]], 1, " from ")
	case 135:
		if len(b) >= 24 {
			return fmt.Sprintf("%s for %s%s", name, netip.AddrFrom16([16]byte(b[8:24])), neighbor(b, 24, 1, " from "))
		}
	case 136:
		if len(b) >= 24 {
			return fmt.Sprintf("%s %s%s%s", name, netip.AddrFrom16([16]byte(b[8:24])), advertised(b[4]), neighbor(b, 24, 2, " is at "))
		}
	}
	return name
}

func advertised(flags byte) string {
	var set []string
	for i, name := range []string{"rtr", "sol", "ovr"} {
		if flags&(0x80>>i) != 0 {
			set = append(set, name)
		}
	}
	if set == nil {
		return ""
	}
	return " (" + strings.Join(set, ", ") + ")"
}

// neighbor looks for a link-layer address option (RFC 4861, 4.6.1) of a kind from off on.
func neighbor(b []byte, off int, kind byte, word string) string {
	for off+8 <= len(b) && b[off+1] != 0 {
		if b[off] == kind && [6]byte(b[off+2:off+8]) != [6]byte{} {
			return word + MAC(b[off+2:off+8])
		}
		off += int(b[off+1]) * 8
	}
	return ""
}

// IGMP types of RFC 3376, 4 and RFC 2236, 2.
const (
	igmpQuery, igmpReport1, igmpReport2, igmpLeave, igmpReport3 = 0x11, 0x12, 0x16, 0x17, 0x22
)

func igmpVersion(b []byte) string {
	switch {
	case len(b) >= 12 && b[0] == igmpQuery, len(b) > 0 && b[0] == igmpReport3:
		return "IGMPv3"
	case len(b) >= 2 && b[0] == igmpQuery && b[1] == 0, len(b) > 0 && b[0] == igmpReport1:
		return "IGMPv1"
	case len(b) > 0 && (b[0] == igmpQuery || b[0] == igmpReport2 || b[0] == igmpLeave):
		return "IGMPv2"
	}
	return "IGMP"
}

func igmpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) < 8 {
		return ""
	}
	group := netip.AddrFrom4([4]byte(b[4:8]))
	switch b[0] {
	case igmpQuery:
		if group.IsUnspecified() {
			return "Membership Query, general"
		}
		return fmt.Sprintf("Membership Query, specific for group %s", group)
	case igmpReport1, igmpReport2:
		return fmt.Sprintf("Membership Report group %s", group)
	case igmpLeave:
		return fmt.Sprintf("Leave Group %s", group)
	case igmpReport3:
		return "Membership Report" + igmpRecords(b[8:], int(binary.BigEndian.Uint16(b[6:])))
	}
	return fmt.Sprintf("Unknown Type:0x%02x", b[0])
}

// igmpRecords names the group records of a version 3 report, RFC 3376, 4.2.4.
func igmpRecords(b []byte, n int) string {
	var text strings.Builder
	for ; n > 0 && len(b) >= 8; n-- {
		sources, group := int(binary.BigEndian.Uint16(b[2:])), netip.AddrFrom4([4]byte(b[4:8]))
		switch kind := b[0]; {
		case (kind == 2 || kind == 4) && sources == 0:
			fmt.Fprintf(&text, " / Join group %s for any sources", group)
		case (kind == 1 || kind == 3) && sources == 0:
			fmt.Fprintf(&text, " / Leave group %s", group)
		case kind == 1 || kind == 3 || kind == 5:
			fmt.Fprintf(&text, " / Join group %s, for %d sources", group, sources)
		default:
			fmt.Fprintf(&text, " / group %s, record type %d, %d sources", group, kind, sources)
		}
		size := 8 + 4*sources + 4*int(b[1])
		if size > len(b) {
			break
		}
		b = b[size:]
	}
	return text.String()
}

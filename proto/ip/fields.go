package ip

import "github.com/wiretale/wiretale/field"

// Protocols are protocol numbers of the IANA registry.
var Protocols = field.Names{
	0: "IPv6 Hop-by-Hop Option", 1: "ICMP", 2: "IGMP", 4: "IPIP", 6: "TCP", 17: "UDP", 41: "IPv6", 43: "Routing Header for IPv6",
	44: "Fragment Header for IPv6", 47: "Generic Routing Encapsulation", 50: "Encap Security Payload", 51: "Authentication Header",
	58: "ICMPv6", 59: "No Next Header for IPv6", 60: "Destination Options for IPv6", 89: "OSPF IGP", 103: "PIM", 112: "VRRP", 132: "SCTP",
}

// DSCP are differentiated services code points (RFC 4594).
var DSCP = field.Names{
	0: "CS0", 8: "CS1", 10: "AF11", 12: "AF12", 14: "AF13", 16: "CS2", 18: "AF21", 20: "AF22", 22: "AF23", 24: "CS3", 26: "AF31", 28: "AF32", 30: "AF33",
	32: "CS4", 34: "AF41", 36: "AF42", 38: "AF43", 40: "CS5", 44: "VOICE-ADMIT", 46: "EF PHB", 48: "CS6", 56: "CS7",
}

// Fields of the header.
var Fields = field.Table{Proto: "ip", Title: "Internet Protocol Version 4", Fields: []field.Field{
	{Name: "ip.version", Title: "Version", Type: field.Uint, Off: 0, Len: 1, Mask: 0xf0},
	{Name: "ip.hdr_len", Title: "Header Length", Type: field.Uint, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) > 0 {
			yield(field.Span{Off: 0, Len: 1}, field.U(uint64(b[0]&15)*4))
		}
	}},
	{Name: "ip.dsfield", Title: "Differentiated Services Field", Type: field.Uint, Base: field.Hex, Off: 1, Len: 1},
	{Name: "ip.dsfield.dscp", Title: "Differentiated Services Codepoint", Type: field.Uint, Off: 1, Len: 1, Mask: 0xfc, Names: DSCP},
	{Name: "ip.dsfield.ecn", Title: "Explicit Congestion Notification", Type: field.Uint, Off: 1, Len: 1, Mask: 3},
	{Name: "ip.len", Title: "Total Length", Type: field.Uint, Off: 2, Len: 2},
	{Name: "ip.id", Title: "Identification", Type: field.Uint, Base: field.Hex, Off: 4, Len: 2},
	{Name: "ip.flags.rb", Title: "Reserved bit", Type: field.Bool, Off: 6, Len: 2, Mask: 0x8000},
	{Name: "ip.flags.df", Title: "Don't fragment", Type: field.Bool, Off: 6, Len: 2, Mask: 0x4000},
	{Name: "ip.flags.mf", Title: "More fragments", Type: field.Bool, Off: 6, Len: 2, Mask: 0x2000},
	{Name: "ip.frag_offset", Title: "Fragment Offset", Type: field.Uint, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= 8 {
			yield(field.Span{Off: 6, Len: 2}, field.U(field.Number(b[6:8], false)&0x1fff*8))
		}
	}},
	{Name: "ip.ttl", Title: "Time to Live", Type: field.Uint, Off: 8, Len: 1},
	{Name: "ip.proto", Title: "Protocol", Type: field.Uint, Off: 9, Len: 1, Names: Protocols},
	{Name: "ip.checksum", Title: "Header Checksum", Type: field.Uint, Base: field.Hex, Off: 10, Len: 2},
	{Name: "ip.src", Title: "Source Address", Type: field.IPv4, Off: 12, Len: 4},
	{Name: "ip.dst", Title: "Destination Address", Type: field.IPv4, Off: 16, Len: 4},
}}

// Package arp declares the fields of ARP (RFC 826). The address fields are
// those of IPv4 over Ethernet, the only combination met.
package arp

import "github.com/wiretale/wiretale/field"

// Opcodes of RFC 826 and RFC 2390.
var Opcodes = field.Names{1: "request", 2: "reply", 3: "RARP request", 4: "RARP reply", 8: "InARP request", 9: "InARP reply"}

// Fields of a message.
var Fields = field.Table{Proto: "arp", Title: "Address Resolution Protocol", Fields: []field.Field{
	{Name: "arp.hw.type", Title: "Hardware type", Type: field.Uint, Off: 0, Len: 2},
	{Name: "arp.proto.type", Title: "Protocol type", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "arp.hw.size", Title: "Hardware size", Type: field.Uint, Off: 4, Len: 1},
	{Name: "arp.proto.size", Title: "Protocol size", Type: field.Uint, Off: 5, Len: 1},
	{Name: "arp.opcode", Title: "Opcode", Type: field.Uint, Off: 6, Len: 2, Names: Opcodes},
	{Name: "arp.src.hw_mac", Title: "Sender MAC address", Type: field.Ether, Find: overEthernet(8, 6, field.Ether)},
	{Name: "arp.src.proto_ipv4", Title: "Sender IP address", Type: field.IPv4, Find: overEthernet(14, 4, field.IPv4)},
	{Name: "arp.dst.hw_mac", Title: "Target MAC address", Type: field.Ether, Find: overEthernet(18, 6, field.Ether)},
	{Name: "arp.dst.proto_ipv4", Title: "Target IP address", Type: field.IPv4, Find: overEthernet(24, 4, field.IPv4)},
}}

// overEthernet finds a field at a fixed place when the address sizes are those of Ethernet and IPv4.
func overEthernet(off, n int, t field.Type) func([]byte, func(field.Span, field.Value) bool) {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= off+n && b[4] == 6 && b[5] == 4 {
			yield(field.Span{Off: off, Len: n}, field.Value{Type: t, B: b[off : off+n]})
		}
	}
}

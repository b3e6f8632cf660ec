// Package icmp6 declares the fields of ICMPv6 (RFC 4443, RFC 4861).
package icmp6

import "github.com/wiretale/wiretale/field"

// Types of messages, with Wireshark's names.
var Types = field.Names{
	1: "Destination Unreachable", 2: "Packet Too Big", 3: "Time Exceeded", 4: "Parameter Problem", 128: "Echo (ping) request", 129: "Echo (ping) reply",
	130: "Multicast Listener Query", 131: "Multicast Listener Report", 132: "Multicast Listener Done", 133: "Router Solicitation", 134: "Router Advertisement",
	135: "Neighbor Solicitation", 136: "Neighbor Advertisement", 137: "Redirect", 143: "Multicast Listener Report Message v2",
}

// Fields of a message.
var Fields = field.Table{Proto: "icmpv6", Title: "Internet Control Message Protocol v6", Fields: []field.Field{
	{Name: "icmpv6.type", Title: "Type", Type: field.Uint, Off: 0, Len: 1, Names: Types},
	{Name: "icmpv6.code", Title: "Code", Type: field.Uint, Off: 1, Len: 1},
	{Name: "icmpv6.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "icmpv6.mtu", Title: "MTU", Type: field.Uint, Find: only(2, 4, 4, field.Uint)},
	{Name: "icmpv6.nd.ns.target_address", Title: "Target Address", Type: field.IPv6, Find: only(135, 8, 16, field.IPv6)},
	{Name: "icmpv6.nd.na.target_address", Title: "Target Address", Type: field.IPv6, Find: only(136, 8, 16, field.IPv6)},
}}

// only finds a field that one message type has.
func only(kind byte, off, n int, t field.Type) func([]byte, func(field.Span, field.Value) bool) {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) < off+n || b[0] != kind {
			return
		}
		v := field.Value{Type: t, B: b[off : off+n]}
		if t == field.Uint {
			v = field.U(field.Number(b[off:off+n], false))
		}
		yield(field.Span{Off: off, Len: n}, v)
	}
}

// Package icmp declares the fields of ICMP (RFC 792).
package icmp

import "github.com/wiretale/wiretale/field"

// Types of messages, with Wireshark's names.
var Types = field.Names{
	0: "Echo (ping) reply", 3: "Destination unreachable", 4: "Source quench (flow control)", 5: "Redirect", 8: "Echo (ping) request",
	9: "Router advertisement", 10: "Router solicitation", 11: "Time-to-live exceeded", 12: "Parameter problem", 13: "Timestamp request",
	14: "Timestamp reply", 17: "Address mask request", 18: "Address mask reply",
}

// Fields of a message.
var Fields = field.Table{Proto: "icmp", Title: "Internet Control Message Protocol", Fields: []field.Field{
	{Name: "icmp.type", Title: "Type", Type: field.Uint, Off: 0, Len: 1, Names: Types},
	{Name: "icmp.code", Title: "Code", Type: field.Uint, Off: 1, Len: 1},
	{Name: "icmp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "icmp.ident", Title: "Identifier (BE)", Type: field.Uint, Find: echo(4)},
	{Name: "icmp.seq", Title: "Sequence Number (BE)", Type: field.Uint, Find: echo(6)},
	{Name: "icmp.mtu", Title: "MTU of next hop", Type: field.Uint, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= 8 && b[0] == 3 && b[1] == 4 {
			yield(field.Span{Off: 6, Len: 2}, field.U(field.Number(b[6:8], false)))
		}
	}},
}}

// echo finds a 16-bit field that only echo messages have.
func echo(off int) func([]byte, func(field.Span, field.Value) bool) {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= off+2 && (b[0] == 0 || b[0] == 8) {
			yield(field.Span{Off: off, Len: 2}, field.U(field.Number(b[off:off+2], false)))
		}
	}
}

// Package igmp declares the fields of IGMP (RFC 2236, RFC 3376).
package igmp

import "github.com/wiretale/wiretale/field"

// Types of messages.
var Types = field.Names{0x11: "Membership Query", 0x12: "Membership Report", 0x16: "Membership Report", 0x17: "Leave Group", 0x22: "Membership Report"}

// Fields of a message.
var Fields = field.Table{Proto: "igmp", Title: "Internet Group Management Protocol", Fields: []field.Field{
	{Name: "igmp.type", Title: "Type", Type: field.Uint, Base: field.Hex, Off: 0, Len: 1, Names: Types},
	{Name: "igmp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "igmp.maddr", Title: "Multicast Address", Type: field.IPv4, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= 8 && b[0] != 0x22 {
			yield(field.Span{Off: 4, Len: 4}, field.Value{Type: field.IPv4, B: b[4:8]})
		}
	}},
}}

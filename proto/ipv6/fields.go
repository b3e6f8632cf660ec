package ipv6

import "github.com/wiretale/wiretale/field"

// Fields of the fixed header.
var Fields = field.Table{Proto: "ipv6", Title: "Internet Protocol Version 6", Fields: []field.Field{
	{Name: "ipv6.version", Title: "Version", Type: field.Uint, Off: 0, Len: 1, Mask: 0xf0},
	{Name: "ipv6.tclass", Title: "Traffic Class", Type: field.Uint, Base: field.Hex, Off: 0, Len: 4, Mask: 0x0ff00000},
	{Name: "ipv6.flow", Title: "Flow Label", Type: field.Uint, Base: field.Hex, Off: 0, Len: 4, Mask: 0xfffff},
	{Name: "ipv6.plen", Title: "Payload Length", Type: field.Uint, Off: 4, Len: 2},
	{Name: "ipv6.nxt", Title: "Next Header", Type: field.Uint, Off: 6, Len: 1},
	{Name: "ipv6.hlim", Title: "Hop Limit", Type: field.Uint, Off: 7, Len: 1},
	{Name: "ipv6.src", Title: "Source Address", Type: field.IPv6, Off: 8, Len: 16},
	{Name: "ipv6.dst", Title: "Destination Address", Type: field.IPv6, Off: 24, Len: 16},
}}

// Fragment is the fragment header (RFC 8200, 4.5).
var Fragment = field.Table{Proto: "ipv6.fraghdr", Title: "Fragment Header for IPv6", Fields: []field.Field{
	{Name: "ipv6.fraghdr.nxt", Title: "Next header", Type: field.Uint, Off: 0, Len: 1},
	{Name: "ipv6.fraghdr.offset", Title: "Offset", Type: field.Uint, Off: 2, Len: 2, Mask: 0xfff8},
	{Name: "ipv6.fraghdr.more", Title: "More Fragments", Type: field.Bool, Off: 2, Len: 2, Mask: 1},
	{Name: "ipv6.fraghdr.ident", Title: "Identification", Type: field.Uint, Base: field.Hex, Off: 4, Len: 4},
}}

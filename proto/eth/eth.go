// Package eth declares the fields of an Ethernet II header (IEEE 802.3, 3.1.1).
package eth

import "github.com/wiretale/wiretale/field"

// Fields of the header. The type is a layer of its own in frame.protocols and is declared in Type.
var Fields = field.Table{Proto: "eth", Title: "Ethernet II", Fields: []field.Field{
	{Name: "eth.dst", Title: "Destination", Type: field.Ether, Off: 0, Len: 6},
	{Name: "eth.dst.lg", Title: "LG bit", Type: field.Bool, Off: 0, Len: 1, Mask: 2},
	{Name: "eth.dst.ig", Title: "IG bit", Type: field.Bool, Off: 0, Len: 1, Mask: 1},
	{Name: "eth.src", Title: "Source", Type: field.Ether, Off: 6, Len: 6},
	{Name: "eth.src.lg", Title: "LG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 2},
	{Name: "eth.src.ig", Title: "IG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 1},
}}

// Type is the two bytes that name what follows.
var Type = field.Table{Proto: "ethertype", Title: "EtherType", Fields: []field.Field{
	{Name: "eth.type", Title: "Type", Type: field.Uint, Base: field.Hex, Off: 0, Len: 2, Names: Types},
}}

// Types are EtherTypes of the IEEE registry, with Wireshark's names.
var Types = field.Names{
	0x0800: "IPv4", 0x0806: "ARP", 0x6558: "Transparent Ethernet bridging", 0x8100: "802.1Q Virtual LAN", 0x86dd: "IPv6",
	0x8809: "Slow Protocols", 0x8847: "MPLS label switched packet", 0x8848: "MPLS multicast", 0x8863: "PPPoE Discovery", 0x8864: "PPPoE Session",
	0x888e: "802.1X Authentication", 0x88a8: "802.1ad Provider Bridge (Q-in-Q)", 0x88be: "ERSPAN", 0x88cc: "802.1 Link Layer Discovery Protocol (LLDP)",
	0x9000: "Loopback",
}

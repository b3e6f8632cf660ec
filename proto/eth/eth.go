// Package eth declares the fields of Ethernet (IEEE 802.3).
package eth

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of the frame header.
var Fields = field.Table{Proto: "eth", Title: "Ethernet", Fields: []field.Field{
	{Name: "eth.dst", Title: "Destination", Type: field.Ether, Off: 0, Len: 6},
	{Name: "eth.dst.lg", Title: "LG bit", Type: field.Bool, Off: 0, Len: 1, Mask: 0x02},
	{Name: "eth.dst.ig", Title: "IG bit", Type: field.Bool, Off: 0, Len: 1, Mask: 0x01},
	{Name: "eth.dst.oui", Title: "Destination OUI", Type: field.Uint, Base: field.Hex, Off: 0, Len: 3},
	{Name: "eth.src", Title: "Source", Type: field.Ether, Off: 6, Len: 6},
	{Name: "eth.src.lg", Title: "LG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 0x02},
	{Name: "eth.src.ig", Title: "IG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 0x01},
	{Name: "eth.src.oui", Title: "Source OUI", Type: field.Uint, Base: field.Hex, Off: 6, Len: 3},
	{Name: "eth.addr", Title: "Address", Type: field.Ether, Off: 0, Len: 6, Also: []int{6}},
	{Name: "eth.type", Title: "Type", Type: field.Uint, Base: field.Hex, Names: proto.Names("eth.type"), Find: proto.If(field.Uint, 12, 2, 0, func(b []byte) bool { return b[12] >= 6 })},
	{Name: "eth.len", Title: "Length", Type: field.Uint, Find: proto.If(field.Uint, 12, 2, 0, func(b []byte) bool { return b[12] < 6 })},
}}

// Trailer are the bytes between the network layer and the end of the frame: padding, frame check sequence.
var Trailer = field.Table{Proto: "eth.trailer", Title: "Ethernet Trailer", Fields: []field.Field{
	{Name: "eth.trailer", Title: "Trailer", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) { return 0, len(b) })},
}}

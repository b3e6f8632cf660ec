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
	{Name: "eth.dst.oui", Title: "Destination OUI", Type: field.Uint, Hidden: true, Off: 0, Len: 3},
	{Name: "eth.src", Title: "Source", Type: field.Ether, Off: 6, Len: 6},
	{Name: "eth.src.lg", Title: "LG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 0x02},
	{Name: "eth.src.ig", Title: "IG bit", Type: field.Bool, Off: 6, Len: 1, Mask: 0x01},
	{Name: "eth.src.oui", Title: "Source OUI", Type: field.Uint, Hidden: true, Off: 6, Len: 3},
	{Name: "eth.addr.oui", Title: "Address OUI", Type: field.Uint, Hidden: true, Off: 0, Len: 3, Also: []int{6}},
	{Name: "eth.lg", Title: "LG bit", Type: field.Bool, Hidden: true, Off: 0, Len: 3, Mask: 0x020000, Also: []int{6}},
	{Name: "eth.ig", Title: "IG bit", Type: field.Bool, Hidden: true, Off: 0, Len: 3, Mask: 0x010000, Also: []int{6}},
	{Name: "eth.addr", Title: "Address", Type: field.Ether, Hidden: true, Off: 0, Len: 6, Also: []int{6}},
	{Name: "eth.type", Title: "Type", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("eth.type"), Find: proto.If(field.Uint, 12, 2, 0, func(b []byte) bool { return typed(b) })},
	{Name: "eth.len", Title: "Length", Type: field.Uint, Find: proto.If(field.Uint, 12, 2, 0, func(b []byte) bool { return !typed(b) && number(b) <= maxLength })},
	{Name: "eth.invalid_lentype", Title: "Invalid length/type", Type: field.Uint, Base: field.Hex, Width: 2, Find: proto.If(field.Uint, 12, 2, 0, func(b []byte) bool { return !typed(b) && number(b) > maxLength })},
}}

const (
	minType   = 0x0600 // IEEE 802.3, 3.2.6
	maxLength = 1500
)

func number(b []byte) uint64 { return field.Number(b[12:14], false) }

// typed reports whether the last two bytes are a type. 0 is no length of anything.
func typed(b []byte) bool { return number(b) >= minType || number(b) == 0 }

// Trailer are the bytes between the network layer and the end of the frame.
// Which of them are padding depends on where in the frame they begin: package packet knows.
var Trailer = field.Table{Proto: "eth.trailer", Title: "Ethernet Trailer", Fields: []field.Field{
	{Name: "eth.padding", Title: "Padding", Type: field.Bytes, Find: func([]byte, func(field.Span, field.Value) bool) {}},
	{Name: "eth.trailer", Title: "Trailer", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) { return 0, len(b) })},
	{Name: "eth.fcs", Title: "Frame check sequence", Type: field.Uint, Base: field.Hex, Width: 4, Derived: "guessed: the last four bytes of a frame long enough to have one", Find: func([]byte, func(field.Span, field.Value) bool) {}},
}}

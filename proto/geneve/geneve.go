// Package geneve declares the fields of Geneve (RFC 8926, 3.4 and 3.5).
package geneve

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header and its options.
var Fields = field.Table{Proto: "geneve", Title: "Generic Network Virtualization Encapsulation", Fields: []field.Field{
	proto.Dec("geneve.version", "Version", 0, 1, 0xc0),
	proto.Hex("geneve.flags", "Flags", 1, 1, 0),
	proto.Bit("geneve.flags.oam", "Operations, Administration and Management Frame", 1, 1, 0x80),
	proto.Bit("geneve.flags.critical", "Critical Options Present", 1, 1, 0x40),
	proto.Bit("geneve.flags.reserved", "Reserved", 1, 1, 0x3f),
	proto.Named(proto.Hex("geneve.proto_type", "Protocol Type", 2, 2, 0), proto.Names("eth.type")),
	proto.Hex("geneve.vni", "Virtual Network Identifier (VNI)", 4, 3, 0),
	proto.Hex("geneve.reserved", "Reserved", 7, 1, 0),
	options.In(proto.Hex("geneve.option.class", "Class", 0, 2, 0), nil),
	options.In(proto.Hex("geneve.option.type", "Type", 2, 1, 0), nil),
	options.In(proto.Bit("geneve.option.type.critical", "Critical Option", 2, 1, 0x80), nil),
	options.In(proto.Hex("geneve.option.flags", "Flags", 3, 1, 0xe0), nil),
	{Name: "geneve.option.length", Title: "Length", Type: field.Uint, Derived: "bytes", Find: lengths},
}}

// options walks the options: class, type, and the length of the value in words of four bytes.
var options = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < 8 {
		return
	}
	end := min(len(b), 8+4*int(b[0]&0x3f))
	for at := 8; at+4 <= end; {
		n := 4 + 4*int(b[at+3]&0x1f)
		if at+n > end || !yield(at, n) {
			return
		}
		at += n
	}
})

func lengths(b []byte, yield func(field.Span, field.Value) bool) {
	options(b, func(at, n int) bool { return yield(field.Span{Off: at + 3, Len: 1}, field.U(uint64(n))) })
}

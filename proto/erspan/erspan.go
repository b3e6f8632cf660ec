// Package erspan declares the fields of mirrored frames (draft-foschiano-erspan, types II and III).
package erspan

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

const typeIII = 2 // the version of type III

// Fields of the header.
var Fields = field.Table{Proto: "erspan", Title: "Encapsulated Remote Switch Packet ANalysis", Fields: []field.Field{
	proto.Named(proto.Dec("erspan.version", "Version", 0, 2, 0xf000), field.Names{1: "Type II", 2: "Type III"}),
	proto.Dec("erspan.vlan", "Vlan", 0, 2, 0x0fff),
	proto.Dec("erspan.cos", "COS", 2, 2, 0xe000),
	proto.When(proto.Dec("erspan.encap", "Encap", 2, 2, 0x1800), is(1)),
	proto.When(proto.Dec("erspan.bso", "Bad/Short/Oversized", 2, 2, 0x1800), is(typeIII)),
	proto.Dec("erspan.truncated", "Truncated", 2, 2, 0x0400),
	proto.Dec("erspan.spanid", "SpanID", 2, 2, 0x03ff),
	proto.When(proto.Dec("erspan.reserved", "Reserved", 4, 4, 0xfff00000), is(1)),
	proto.When(proto.Dec("erspan.index", "Index", 4, 4, 0x000fffff), is(1)),
	proto.When(proto.Dec("erspan.timestamp", "Timestamp", 4, 4, 0), is(typeIII)),
	proto.When(proto.Dec("erspan.sgt", "Security Group Tag", 8, 2, 0), is(typeIII)),
	proto.When(proto.Dec("erspan.p", "Has Ethernet PDU", 10, 2, 0x8000), is(typeIII)),
	proto.When(proto.Dec("erspan.ft", "Frame Type", 10, 2, 0x7c00), is(typeIII)),
	proto.When(proto.Dec("erspan.hw", "Hardware ID", 10, 2, 0x03f0), is(typeIII)),
	proto.When(proto.Bit("erspan.direction", "Direction", 10, 2, 0x0008), is(typeIII)),
	proto.When(proto.Dec("erspan.gra", "Timestamp granularity", 10, 2, 0x0006), is(typeIII)),
	proto.When(proto.Dec("erspan.o", "Optional Sub headers", 10, 2, 0x0001), is(typeIII)),
}}

func is(version byte) func(b []byte) bool {
	return func(b []byte) bool { return len(b) > 0 && b[0]>>4 == version }
}

// Package erf declares the fields of the record header of Endace's extensible
// record format (LINKTYPE_ERF). Files in that format have their header taken off by the reader.
package erf

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "erf", Title: "Extensible Record Format", Fields: []field.Field{
	proto.Little(proto.Hex("erf.ts", "Timestamp", 0, 8, 0)),
	proto.Hex("erf.types", "Record type", 8, 1, 0),
	proto.Named(proto.Dec("erf.types.type", "Type", 8, 1, 0x7f), proto.Names("erf.types.type")),
	proto.Dec("erf.types.ext_header", "Extension header present", 8, 1, 0x80),
	proto.Hex("erf.flags", "Flags", 9, 1, 0),
	proto.Dec("erf.flags.cap", "Capture interface", 9, 1, 0x03),
	proto.Dec("erf.flags.vlen", "Varying record length", 9, 1, 0x04),
	proto.Dec("erf.flags.trunc", "Truncated", 9, 1, 0x08),
	proto.Dec("erf.flags.rxe", "RX error", 9, 1, 0x10),
	proto.Dec("erf.flags.dse", "DS error", 9, 1, 0x20),
	proto.Hex("erf.flags.res", "Reserved", 9, 1, 0xc0),
	proto.Dec("erf.rlen", "Record length", 10, 2, 0),
	proto.Dec("erf.lctr", "Loss counter", 12, 2, 0),
	proto.Dec("erf.wlen", "Wire length", 14, 2, 0),
}}

// Package ah declares the fields of the authentication header (RFC 4302, 2).
package ah

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "ah", Title: "Authentication Header", Fields: []field.Field{
	proto.Named(proto.Dec("ah.next_header", "Next header", 0, 1, 0), proto.Names("ip.proto")),
	proto.Dec("ah.length", "Length", 1, 1, 0),
	proto.Fixed("ah.reserved", "Reserved", field.Bytes, 2, 2),
	proto.Hex("ah.spi", "AH SPI", 4, 4, 0),
	proto.Dec("ah.sequence", "AH Sequence", 8, 4, 0),
	{Name: "ah.icv", Title: "AH ICV", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
		if len(b) < 12 || b[1] < 2 {
			return -1, 0
		}
		return 12, 4 * (int(b[1]) - 1)
	})},
}}

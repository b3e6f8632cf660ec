// Package udp declares the fields of UDP (RFC 768).
package udp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a datagram.
var Fields = field.Table{Proto: "udp", Title: "User Datagram Protocol", Fields: []field.Field{
	{Name: "udp.srcport", Title: "Source Port", Type: field.Uint, Off: 0, Len: 2},
	{Name: "udp.dstport", Title: "Destination Port", Type: field.Uint, Off: 2, Len: 2},
	{Name: "udp.port", Title: "Source or Destination Port", Type: field.Uint, Off: 0, Len: 2, Also: []int{2}},
	{Name: "udp.length", Title: "Length", Type: field.Uint, Off: 4, Len: 2},
	{Name: "udp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 6, Len: 2},
	{Name: "udp.checksum.status", Title: "Checksum Status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the datagram and its pseudo header",
		Find: func([]byte, func(field.Span, field.Value) bool) {}},
	{Name: "udp.payload", Title: "Payload", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
		if len(b) <= 8 {
			return -1, 0
		}
		return 8, len(b) - 8
	})},
}}

// Package fddi declares the fields of FDDI (ANSI X3.139).
package fddi

import (
	"math/bits"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "fddi", Title: "Fiber Distributed Data Interface", Fields: []field.Field{
	proto.Hex("fddi.fc", "Frame Control", 0, 1, 0),
	proto.Hex("fddi.fc.clf", "Class/Length/Format", 0, 1, 0xf0),
	proto.When(proto.Dec("fddi.fc.prio", "Priority", 0, 1, 0x07), func(b []byte) bool { return len(b) > 0 && b[0]&0xf0 == 0x50 }),
	{Name: "fddi.dst", Title: "Destination", Type: field.Ether, Find: address(1)},
	{Name: "fddi.src", Title: "Source", Type: field.Ether, Find: address(7)},
	{Name: "fddi.addr", Title: "Source or Destination Address", Type: field.Ether, Hidden: true, Find: address(1, 7)},
}}

// address turns addresses around: FDDI sends the highest bit of each byte first, and captures have the bytes as they were sent.
func address(places ...int) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		for _, off := range places {
			if off+6 > len(b) {
				return
			}
			a := make([]byte, 6)
			for i := range a {
				a[i] = bits.Reverse8(b[off+i])
			}
			if !yield(field.Span{Off: off, Len: 6}, field.Value{Type: field.Ether, B: a}) {
				return
			}
		}
	}
}

// Package null declares the fields of the BSD loopback header (LINKTYPE_NULL and LINKTYPE_LOOP).
package null

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header in the byte order of the machine that captured.
var Fields = table(Family)

// LoopFields are those of the header in network byte order.
var LoopFields = table(func(b []byte) uint32 { return binary.BigEndian.Uint32(b) })

func table(family func(b []byte) uint32) field.Table {
	at := func(kind bool) proto.Find {
		return func(b []byte, yield func(field.Span, field.Value) bool) {
			if len(b) < 4 {
				return
			}
			if f := family(b); (f > maxFamily) == kind {
				if kind {
					f &= 0xffff
				}
				yield(field.Span{Len: 4}, field.U(uint64(f)))
			}
		}
	}
	return field.Table{Proto: "null", Title: "Null/Loopback", Fields: []field.Field{
		{Name: "null.type", Title: "Type", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("eth.type"), Find: at(true)},
		{Name: "null.family", Title: "Family", Type: field.Uint, Names: proto.Names("null.family"), Find: at(false)},
	}}
}

// maxFamily is the highest number that is an address family; beyond it are Ethernet types.
const maxFamily = 1500

// Family reads the address family from the first four bytes of b. The header
// has the byte order of its machine, and some systems wrote two bytes behind two of zero.
func Family(b []byte) uint32 {
	family := binary.LittleEndian.Uint32(b)
	switch {
	case family&0xff000000 != 0, family&0xff0000 >= 0x060000:
		return binary.BigEndian.Uint32(b)
	case family&0xffff0000 != 0:
		return family >> 16
	}
	return family
}

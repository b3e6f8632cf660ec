// Package tr declares the fields of token ring (IEEE 802.5).
package tr

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header. The highest bit of the source address says that routing information follows.
var Fields = field.Table{Proto: "tr", Title: "Token-Ring", Fields: []field.Field{
	proto.Hex("tr.ac", "Access Control", 0, 1, 0),
	proto.Dec("tr.priority", "Priority", 0, 1, 0xe0),
	proto.Bit("tr.frame", "Frame", 0, 1, 0x10),
	proto.Dec("tr.monitor_cnt", "Monitor Count", 0, 1, 0x08),
	proto.Dec("tr.priority_reservation", "Priority Reservation", 0, 1, 0x07),
	proto.Hex("tr.fc", "Frame Control", 1, 1, 0),
	proto.Named(proto.Dec("tr.frame_type", "Frame Type", 1, 1, 0xc0), field.Names{0: "MAC", 1: "LLC"}),
	proto.Dec("tr.frame_pcf", "Frame PCF", 1, 1, 0x0f),
	proto.Fixed("tr.dst", "Destination", field.Ether, 2, 6),
	{Name: "tr.src", Title: "Source", Type: field.Ether, Find: source},
	{Name: "tr.addr", Title: "Source or Destination Address", Type: field.Ether, Hidden: true, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) >= 14 && yield(field.Span{Off: 2, Len: 6}, field.Value{Type: field.Ether, B: b[2:8]}) {
			source(b, yield)
		}
	}},
	proto.Bit("tr.sr", "Source Routed", 8, 1, 0x80),
	proto.When(proto.Dec("tr.rif_bytes", "RIF Bytes", 14, 1, 0x1f), routed),
	proto.When(proto.Dec("tr.broadcast", "Broadcast Type", 14, 1, 0xe0), routed),
	proto.When(proto.Dec("tr.max_frame_size", "Maximum Frame Size", 15, 1, 0x70), routed),
	proto.When(proto.Dec("tr.direction", "Direction", 15, 1, 0x80), routed),
}}

func routed(b []byte) bool { return len(b) >= 16 && b[8]&0x80 != 0 && b[14]&0x1f > 0 }

// source is the source address without its routing bit.
func source(b []byte, yield func(field.Span, field.Value) bool) {
	if len(b) < 14 {
		return
	}
	a := [6]byte(b[8:14])
	a[0] &^= 0x80
	yield(field.Span{Off: 8, Len: 6}, field.Value{Type: field.Ether, B: a[:]})
}

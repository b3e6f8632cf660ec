// Package stp declares the fields of the spanning tree protocol (IEEE 802.1D, 9.3).
package stp

import (
	"math"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of a configuration or rapid spanning tree message. Times are in seconds.
var Fields = field.Table{Proto: "stp", Title: "Spanning Tree Protocol", Fields: []field.Field{
	proto.Hex("stp.protocol", "Protocol Identifier", 0, 2, 0),
	proto.Dec("stp.version", "Protocol Version Identifier", 2, 1, 0),
	proto.Named(proto.Hex("stp.type", "BPDU Type", 3, 1, 0), proto.Names("stp.type")),
	proto.When(proto.Hex("stp.flags", "BPDU flags", 4, 1, 0), whole),
	proto.When(proto.Bit("stp.flags.tcack", "Topology Change Acknowledgment", 4, 1, 0x80), whole),
	proto.When(proto.Bit("stp.flags.tc", "Topology Change", 4, 1, 0x01), whole),
	{Name: "stp.root.prio", Title: "Root Bridge Priority", Type: field.Uint, Bits: true, Find: priority(5)},
	proto.When(proto.Dec("stp.root.ext", "Root Bridge System ID Extension", 5, 2, 0x0fff), whole),
	proto.When(proto.Fixed("stp.root.hw", "Root Bridge System ID", field.Ether, 7, 6), whole),
	proto.When(proto.Dec("stp.root.cost", "Root Path Cost", 13, 4, 0), whole),
	{Name: "stp.bridge.prio", Title: "Bridge Priority", Type: field.Uint, Bits: true, Find: priority(17)},
	proto.When(proto.Dec("stp.bridge.ext", "Bridge System ID Extension", 17, 2, 0x0fff), whole),
	proto.When(proto.Fixed("stp.bridge.hw", "Bridge System ID", field.Ether, 19, 6), whole),
	proto.When(proto.Hex("stp.port", "Port identifier", 25, 2, 0), whole),
	seconds("stp.msg_age", "Message Age", 27),
	seconds("stp.max_age", "Max Age", 29),
	seconds("stp.hello", "Hello Time", 31),
	seconds("stp.forward", "Forward Delay", 33),
}}

// whole reports whether the message has more than its type: a topology change notification has not.
func whole(b []byte) bool { return len(b) >= 35 && b[3] != 0x80 }

// priority is the upper four bits of an identifier, counted in steps of 4,096.
func priority(off int) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if whole(b) {
			yield(field.Span{Off: off, Len: 2}, field.U(field.Number(b[off:off+2], false)&0xf000))
		}
	}
}

// seconds is a time in units of 1/256 s.
func seconds(name, title string, off int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Float, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if whole(b) {
			n := float64(field.Number(b[off:off+2], false)) / 256
			yield(field.Span{Off: off, Len: 2}, field.Value{Type: field.Float, U: math.Float64bits(n)})
		}
	}}
}

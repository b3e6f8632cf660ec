// Package llc declares the fields of logical link control (IEEE 802.2) and of
// the subnetwork access protocol behind it (IEEE 802, 9.2).
package llc

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header, SNAP included.
var Fields = field.Table{Proto: "llc", Title: "Logical-Link Control", Fields: []field.Field{
	proto.Named(proto.Hex("llc.dsap", "DSAP", 0, 1, 0), proto.Names("llc.dsap")),
	proto.Bit("llc.dsap.ig", "IG Bit", 0, 1, 0x01),
	proto.Named(proto.Hex("llc.ssap", "SSAP", 1, 1, 0), proto.Names("llc.dsap")),
	proto.Bit("llc.ssap.cr", "CR Bit", 1, 1, 0x01),
	{Name: "llc.control", Title: "Control", Type: field.Uint, Base: field.Hex, Width: 2, Find: control},
	{Name: "llc.control.n_r", Title: "N(R)", Type: field.Uint, Bits: true, Find: numbers(func(c uint16) bool { return c&3 != 3 }, 0xfe00)},
	{Name: "llc.control.n_s", Title: "N(S)", Type: field.Uint, Bits: true, Find: numbers(func(c uint16) bool { return c&1 == 0 }, 0x00fe)},
	{Name: "llc.control.s_ftype", Title: "Supervisory frame type", Type: field.Uint, Base: field.Hex, Width: 2, Bits: true, Names: field.Names{0: "Receiver ready", 1: "Receiver not ready", 2: "Reject"},
		Find: numbers(func(c uint16) bool { return c&3 == 1 }, 0x000c)},
	{Name: "llc.control.ftype", Title: "Frame type", Type: field.Uint, Base: field.Hex, Width: 1, Bits: true,
		Names: field.Names{0: "Information frame", 1: "Supervisory frame", 3: "Unnumbered frame"}, Find: frameType},
	proto.When(proto.Dec("llc.oui", "Organization Code", 3, 3, 0), snap),
	proto.Named(proto.When(proto.Hex("llc.type", "Type", 6, 2, 0), organisation(0, 0x0000f8)), proto.Names("eth.type")),
	proto.When(proto.Hex("llc.cisco_pid", "PID", 6, 2, 0), organisation(0x00000c)),
	proto.When(proto.Hex("llc.iana_pid", "PID", 6, 2, 0), organisation(0x00005e)),
	proto.When(proto.Hex("llc.apple_atalk_pid", "PID", 6, 2, 0), organisation(0x080007)),
	proto.When(proto.Hex("llc.pid", "Protocol ID", 6, 2, 0), func(b []byte) bool { return snap(b) && !organisation(0, 0x0000f8, 0x00000c, 0x00005e, 0x080007)(b) }),
}}

// snap reports whether the header goes on with an organisation and a protocol.
func snap(b []byte) bool { return len(b) >= 8 && b[0] == 0xaa && b[1]&^1 == 0xaa && b[2]&3 == 3 }

func organisation(codes ...uint64) func(b []byte) bool {
	return func(b []byte) bool {
		if !snap(b) {
			return false
		}
		oui := field.Number(b[3:6], false)
		for _, c := range codes {
			if oui == c {
				return true
			}
		}
		return false
	}
}

// controlOf is the control field and its length: one byte for unnumbered frames, else two, the second one high.
func controlOf(b []byte) (c uint16, n int) {
	switch {
	case len(b) < 3:
		return 0, 0
	case b[2]&3 == 3:
		return uint16(b[2]), 1
	case len(b) < 4:
		return 0, 0
	}
	return uint16(b[2]) | uint16(b[3])<<8, 2
}

func control(b []byte, yield func(field.Span, field.Value) bool) {
	if c, n := controlOf(b); n > 0 {
		yield(field.Span{Off: 2, Len: n}, field.U(uint64(c)))
	}
}

func numbers(when func(c uint16) bool, mask uint16) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if c, n := controlOf(b); n == 2 && when(c) {
			yield(field.Span{Off: 2, Len: n}, field.U(uint64(c&mask)/uint64(mask&-mask)))
		}
	}
}

// frameType is one bit for information frames, else two.
func frameType(b []byte, yield func(field.Span, field.Value) bool) {
	c, n := controlOf(b)
	if n == 0 {
		return
	}
	kind := uint64(c & 3)
	if c&1 == 0 {
		kind = 0
	}
	yield(field.Span{Off: 2, Len: n}, field.U(kind))
}

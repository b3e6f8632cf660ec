// Package gre declares the fields of GRE (RFC 1701, RFC 2784, RFC 2890) and of its version for PPTP (RFC 2637, 4.1).
package gre

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Flags, the upper bits of the first two bytes; the lowest three are the version.
const (
	checksum = 0x8000
	routing  = 0x4000
	key      = 0x2000
	sequence = 0x1000
	ack      = 0x0080
)

// Fields of the header. What follows the first four bytes is there by the flags.
var Fields = field.Table{Proto: "gre", Title: "Generic Routing Encapsulation", Fields: []field.Field{
	proto.Hex("gre.flags_and_version", "Flags and Version", 0, 2, 0),
	proto.Bit("gre.flags.checksum", "Checksum Bit", 0, 2, checksum),
	proto.Bit("gre.flags.routing", "Routing Bit", 0, 2, routing),
	proto.Bit("gre.flags.key", "Key Bit", 0, 2, key),
	proto.Bit("gre.flags.sequence_number", "Sequence Number Bit", 0, 2, sequence),
	proto.Bit("gre.flags.strict_source_route", "Strict Source Route Bit", 0, 2, 0x0800),
	proto.Dec("gre.flags.recursion_control", "Recursion control", 0, 2, 0x0700),
	proto.When(proto.Bit("gre.flags.ack", "Acknowledgment", 0, 2, ack), func(b []byte) bool { return len(b) > 1 && b[1]&7 == 1 }),
	proto.When(proto.Dec("gre.flags.reserved", "Flags (Reserved)", 0, 2, 0x00f8), func(b []byte) bool { return len(b) > 1 && b[1]&7 == 0 }),
	proto.When(proto.Dec("gre.flags.reserved", "Flags (Reserved)", 0, 2, 0x0078), func(b []byte) bool { return len(b) > 1 && b[1]&7 == 1 }),
	proto.Dec("gre.flags.version", "Version", 0, 2, 7),
	proto.Named(proto.Hex("gre.proto", "Protocol Type", 2, 2, 0), proto.Names("gre.proto")),
	proto.When(proto.Hex("gre.checksum", "Checksum", 4, 2, 0), has(checksum|routing)),
	proto.When(proto.Dec("gre.offset", "Offset", 6, 2, 0), has(checksum|routing)),
	proto.Moved(proto.Hex("gre.key", "Key", 0, 4, 0), func(b []byte) int { return behind(b, key, 0) }),
	proto.Moved(proto.Dec("gre.key.payload_length", "Payload Length", 0, 2, 0), func(b []byte) int { return behind(b, key, 1) }),
	proto.Moved(proto.Dec("gre.key.call_id", "Call ID", 2, 2, 0), func(b []byte) int { return behind(b, key, 1) }),
	proto.Moved(proto.Dec("gre.sequence_number", "Sequence Number", 0, 4, 0), func(b []byte) int { return max(behind(b, sequence, 0), behind(b, sequence, 1)) }),
	proto.Moved(proto.Dec("gre.ack_number", "Acknowledgment Number", 0, 4, 0), func(b []byte) int { return behind(b, ack, 1) }),
}}

func head(b []byte) uint16 { return uint16(field.Number(b[:2], false)) }

func has(flags uint16) func(b []byte) bool {
	return func(b []byte) bool { return len(b) >= 4 && head(b)&flags != 0 }
}

// behind is the offset of the field that a flag announces, in headers of a version; -1 when there is none.
func behind(b []byte, flag uint16, version uint16) int {
	if len(b) < 4 || head(b)&7 != version || head(b)&flag == 0 {
		return -1
	}
	at := 4
	if head(b)&(checksum|routing) != 0 {
		at += 4
	}
	for _, f := range [...]uint16{key, sequence, ack} {
		if f == flag {
			return at
		}
		if head(b)&f != 0 {
			at += 4
		}
	}
	return -1
}

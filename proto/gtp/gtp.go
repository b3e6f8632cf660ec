// Package gtp declares the fields of the header of the GPRS tunnelling
// protocol, version 1 (3GPP TS 29.281, 5.1; TS 29.060, 6).
package gtp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "gtp", Title: "GPRS Tunneling Protocol", Fields: []field.Field{
	proto.When(proto.Hex("gtp.flags", "Flags", 0, 1, 0), first),
	proto.When(proto.Dec("gtp.flags.version", "Version", 0, 1, 0xe0), first),
	proto.When(proto.Dec("gtp.flags.payload", "Protocol type", 0, 1, 0x10), first),
	proto.When(proto.Dec("gtp.flags.reserved", "Reserved", 0, 1, 0x08), first),
	proto.When(proto.Bit("gtp.flags.e", "Is Next Extension Header present?", 0, 1, 0x04), first),
	proto.When(proto.Bit("gtp.flags.s", "Is Sequence Number present?", 0, 1, 0x02), first),
	proto.When(proto.Bit("gtp.flags.pn", "Is N-PDU number present?", 0, 1, 0x01), first),
	proto.Named(proto.When(proto.Hex("gtp.message", "Message Type", 1, 1, 0), first), proto.Names("gtp.message")),
	proto.When(proto.Dec("gtp.length", "Length", 2, 2, 0), first),
	proto.When(proto.Hex("gtp.teid", "TEID", 4, 4, 0), first),
	proto.When(proto.Hex("gtp.seq_number", "Sequence number", 8, 2, 0), flag(0x02)),
	proto.When(proto.Hex("gtp.npdu_number", "N-PDU Number", 10, 1, 0), flag(0x01)),
	proto.When(proto.Hex("gtp.ext_hdr.next", "Next extension header type", 11, 1, 0), flag(0x04)),
}}

// first holds for version 1 of the tunnel: version 2 and GTP' have other headers.
func first(b []byte) bool { return len(b) > 0 && b[0]>>4 == 3 }

func flag(mask byte) func(b []byte) bool {
	return func(b []byte) bool { return first(b) && b[0]&mask != 0 }
}

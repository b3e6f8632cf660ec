// Package ppp declares the fields of PPP (RFC 1661, RFC 1662) and of the
// protocols that set a link up: LCP, IPCP, PAP (RFC 1334), CHAP (RFC 1994).
package ppp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header. Address and control may be left out, and a protocol number may be one byte.
var Fields = field.Table{Proto: "ppp", Title: "Point-to-Point Protocol", Fields: []field.Field{
	proto.When(proto.Hex("ppp.address", "Address", 0, 1, 0), framed),
	proto.When(proto.Hex("ppp.control", "Control", 1, 1, 0), framed),
	{Name: "ppp.protocol", Title: "Protocol", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("ppp.protocol"), Find: protocol},
}}

func framed(b []byte) bool { return len(b) >= 2 && b[0] == 0xff }

func protocol(b []byte, yield func(field.Span, field.Value) bool) {
	at := 0
	if framed(b) {
		at = 2
	}
	n := 2
	if at < len(b) && b[at]&1 != 0 { // compressed: RFC 1661, 6.5
		n = 1
	}
	if at+n <= len(b) {
		yield(field.Span{Off: at, Len: n}, field.U(field.Number(b[at:at+n], false)))
	}
}

var codes = field.Names{
	1: "Configuration Request", 2: "Configuration Ack", 3: "Configuration Nak", 4: "Configuration Reject", 5: "Termination Request", 6: "Termination Ack",
	7: "Code Reject", 8: "Protocol Reject", 9: "Echo Request", 10: "Echo Reply", 11: "Discard Request", 12: "Identification", 13: "Time Remaining",
}

// LCP, IPCP and IPv6CP are the fields of a configuration packet (RFC 1661, 5).
var (
	LCP    = configuration("lcp", "PPP Link Control Protocol")
	IPCP   = configuration("ipcp", "PPP IP Control Protocol")
	IPv6CP = configuration("ipv6cp", "PPP IPv6 Control Protocol")
)

func configuration(name, title string) field.Table {
	return field.Table{Proto: name, Title: title, Fields: head("ppp", codes)}
}

func head(name string, codes field.Names) []field.Field {
	return []field.Field{
		proto.Named(proto.Dec(name+".code", "Code", 0, 1, 0), codes),
		proto.Dec(name+".identifier", "Identifier", 1, 1, 0),
		proto.Dec(name+".length", "Length", 2, 2, 0),
	}
}

// PAP are the fields of a password authentication packet. The password itself is not shown.
var PAP = field.Table{Proto: "pap", Title: "PPP Password Authentication Protocol", Fields: append(head("pap", field.Names{1: "Authenticate-Request", 2: "Authenticate-Ack", 3: "Authenticate-Nak"}),
	proto.When(proto.Dec("pap.peer_id.length", "Peer-ID-Length", 4, 1, 0), proto.Kind(1)),
	field.Field{Name: "pap.peer_id", Title: "Peer-ID", Type: field.String, Find: counted(4, 1)},
	proto.When(proto.Dec("pap.message.length", "Message-Length", 4, 1, 0), proto.Kind(2, 3)),
	field.Field{Name: "pap.message", Title: "Message", Type: field.String, Find: counted(4, 2, 3)},
)}

// CHAP are the fields of a challenge handshake packet.
var CHAP = field.Table{Proto: "chap", Title: "PPP Challenge Handshake Authentication Protocol", Fields: append(head("chap", field.Names{1: "Challenge", 2: "Response", 3: "Success", 4: "Failure"}),
	proto.When(proto.Dec("chap.value_size", "Value Size", 4, 1, 0), proto.Kind(1, 2)),
	field.Field{Name: "chap.value", Title: "Value", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
		if len(b) < 5 || !proto.Kind(1, 2)(b) || b[4] == 0 {
			return -1, 0
		}
		return 5, int(b[4])
	})},
	field.Field{Name: "chap.name", Title: "Name", Type: field.String, Find: proto.Slice(field.String, func(b []byte) (int, int) {
		if len(b) < 5 || !proto.Kind(1, 2)(b) {
			return -1, 0
		}
		return rest(b, 5+int(b[4]))
	})},
	field.Field{Name: "chap.message", Title: "Message", Type: field.String, Find: proto.Slice(field.String, func(b []byte) (int, int) {
		if len(b) < 4 || !proto.Kind(3, 4)(b) {
			return -1, 0
		}
		return rest(b, 4)
	})},
)}

// rest is what the packet's own length leaves from an offset on; none is no field.
func rest(b []byte, from int) (off, n int) {
	n = int(field.Number(b[2:4], false)) - from
	if n <= 0 {
		return -1, 0
	}
	return from, n
}

// counted is a string behind its length at an offset, in packets of the kinds.
func counted(at int, kinds ...byte) proto.Find {
	return proto.Slice(field.String, func(b []byte) (int, int) {
		if len(b) <= at || !proto.Kind(kinds...)(b) || b[at] == 0 {
			return -1, 0
		}
		return at + 1, int(b[at])
	})
}

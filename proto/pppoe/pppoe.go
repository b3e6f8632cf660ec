// Package pppoe declares the fields of PPP over Ethernet (RFC 2516, 4 and appendix A).
package pppoe

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

func header() []field.Field {
	return []field.Field{
		proto.Dec("pppoe.version", "Version", 0, 1, 0xf0),
		proto.Dec("pppoe.type", "Type", 0, 1, 0x0f),
		proto.Named(proto.Hex("pppoe.code", "Code", 1, 1, 0), proto.Names("pppoe.code")),
		proto.Hex("pppoe.session_id", "Session ID", 2, 2, 0),
		proto.Dec("pppoe.payload_length", "Payload Length", 4, 2, 0),
	}
}

// Fields of the header in a session.
var Fields = field.Table{Proto: "pppoes", Title: "PPP-over-Ethernet Session", Fields: header()}

// Types of tags.
const (
	serviceName = 0x0101
	acName      = 0x0102
	hostUniq    = 0x0103
	acCookie    = 0x0104
	relay       = 0x0110
)

// DiscoveryFields are those of discovery: the header and its tags.
var DiscoveryFields = field.Table{Proto: "pppoed", Title: "PPP-over-Ethernet Discovery", Fields: append(header(),
	tags.In(proto.Named(proto.Hex("pppoed.tag", "Tag", 0, 2, 0), tagNames), nil),
	tags.In(proto.Dec("pppoed.tag_length", "Tag Length", 2, 2, 0), nil),
	tag("pppoed.tags.service_name", "Service-Name", field.String, serviceName),
	tag("pppoed.tags.ac_name", "AC-Name", field.String, acName),
	tag("pppoed.tags.host_uniq", "Host-Uniq", field.Bytes, hostUniq),
	tag("pppoed.tags.ac_cookie", "AC-Cookie", field.Bytes, acCookie),
	tag("pppoed.tags.relay_session_id", "Relay-Session-Id", field.Bytes, relay),
)}

var tagNames = field.Names{
	0: "End-Of-List", serviceName: "Service-Name", acName: "AC-Name", hostUniq: "Host-Uniq", acCookie: "AC-Cookie", 0x0105: "Vendor-Specific",
	relay: "Relay-Session-Id", 0x0120: "PPP-Max-Payload", 0x0201: "Service-Name-Error", 0x0202: "AC-System-Error", 0x0203: "Generic-Error",
}

// tag is the value of the tags of a type; an empty one is no field.
func tag(name, title string, t field.Type, kind uint64) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Find: tags.Rest(t, 4, func(e []byte) bool {
		return len(e) > 4 && field.Number(e[:2], false) == kind
	})}
}

var tags = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < 6 {
		return
	}
	end := min(len(b), 6+int(field.Number(b[4:6], false)))
	for at := 6; at+4 <= end; {
		n := 4 + int(field.Number(b[at+2:at+4], false))
		if at+n > end || !yield(at, n) || field.Number(b[at:at+2], false) == 0 {
			return
		}
		at += n
	}
})

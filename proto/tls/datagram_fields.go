package tls

import (
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// DatagramFields are those of a layer of records of DTLS: those of TLS, which Wireshark names alike, and its own.
var DatagramFields = field.Table{Proto: "dtls", Title: "Datagram Transport Layer Security", Fields: slices.Concat(
	alike(recordFields), datagramRecordFields, alike(handshakeFields), fragmentFields, alike(helloFields), alike(extensionFields), alike(certificateFields), insideFields)}

// onlyTLS are fields that Wireshark has for TLS and not for DTLS.
var onlyTLS = map[string]bool{"tls.record.opaque_type": true}

// alike are fields of TLS as they are named for DTLS.
func alike(of []field.Field) (list []field.Field) {
	for _, f := range of {
		if name, ok := strings.CutPrefix(f.Name, "tls."); ok && !onlyTLS[f.Name] {
			f.Name = "dtls." + name
			list = append(list, f)
		}
	}
	return list
}

var datagramRecordFields = []field.Field{
	at(u16("dtls.record.epoch", "Epoch"), onWire(func(r *Record) (int, int, bool) { return r.Off + 3, 2, !r.Unified })),
	at(proto.Dec("dtls.record.sequence_number", "Sequence Number", 0, 6, 0), onWire(func(r *Record) (int, int, bool) { return r.Off + 5, 6, !r.Unified })),
	at(raw("dtls.record.connection_id", "Connection ID"), onWire(func(r *Record) (int, int, bool) { return r.IDAt, r.IDLen, r.IDLen > 0 })),
}

// onWire are spots in the headers of records that are on the wire.
func onWire(get func(r *Record) (off, n int, ok bool)) spots {
	return inRecords(func(_ []byte, r *Record, note *field.Note) (int, int, bool) {
		off, n, ok := get(r)
		return off, n, ok && !Opened(note)
	})
}

var fragmentFields = []field.Field{
	at(u16("dtls.handshake.message_seq", "Message Sequence"), heads(func(m *Message) (int, int) { return m.Off + 4, 2 })),
	at(u24("dtls.handshake.fragment_offset", "Fragment Offset"), heads(func(m *Message) (int, int) { return m.Off + 6, 3 })),
	at(u24("dtls.handshake.fragment_length", "Fragment Length"), heads(func(m *Message) (int, int) { return m.Off + 9, 3 })),
	at(u8("dtls.handshake.cookie_length", "Cookie Length"), cookies(func(at, n int) (int, int) { return at - 1, 1 })),
	at(raw("dtls.handshake.cookie", "Cookie"), cookies(func(at, n int) (int, int) { return at, n })),
}

// cookies are parts of the cookies of hellos, and of what asks for them.
func cookies(part func(at, n int) (int, int)) spots {
	return inMessages(func(b []byte, m *Message) (int, int, bool) {
		at, n := -1, 0
		if m.isVerify() {
			at, n = m.Body+3, int(b[m.Body+2])
		} else if h, ok := helloOf(b, m); ok {
			at, n = h.cookie, h.cookieLen
		}
		off, size := part(at, n)
		return off, size, at >= 0 && size > 0
	})
}

// isVerify reports whether a message asks a client for a second hello, with the cookie in it.
func (m *Message) isVerify() bool {
	return m.Datagram && !m.Encrypted && !m.Part && m.Type == helloVerify && m.Body+3 <= m.End
}

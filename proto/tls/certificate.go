package tls

import (
	"github.com/wiretale/wiretale/field"
	x509 "github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/proto"
)

// Certificates come in the clear before TLS 1.3 (RFC 5246, 7.4.2; RFC 8446, 4.4.2).
var certificateFields = []field.Field{
	at(u8("tls.handshake.certificate_request_context_length", "Certificate Request Context Length"), chains(func(_ []byte, m *Message, list int) (int, int, bool) {
		return m.Body, 1, list > m.Body
	})),
	at(u24("tls.handshake.certificates_length", "Certificates Length"), chains(func(_ []byte, m *Message, list int) (int, int, bool) { return list, 3, true })),
	at(label("tls.handshake.certificates", "Certificates"), chains(func(_ []byte, m *Message, list int) (int, int, bool) {
		return list + 3, m.End - list - 3, list+3 < m.End
	})),
	at(u24("tls.handshake.certificate_length", "Certificate Length"), certificates(true)),
	at(raw("tls.handshake.certificate", "Certificate"), certificates(false)),
	at(proto.Dec("tls.handshake.session_ticket_lifetime_hint", "Session Ticket Lifetime Hint", 0, 4, 0), inMessages(func(_ []byte, m *Message) (int, int, bool) {
		return m.Body, 4, m.Type == newSessionTicket
	})),
	at(u16("tls.handshake.session_ticket_length", "Session Ticket Length"), inMessages(func(_ []byte, m *Message) (int, int, bool) {
		return m.Body + 4, 2, m.Type == newSessionTicket
	})),
	at(proto.Named(proto.Hex("tls.handshake.server_curve_type", "Curve Type", 0, 1, 0), proto.Names("tls.handshake.server_curve_type")), inMessages(curve(0))),
	at(proto.Named(x16("tls.handshake.server_named_curve", "Named Curve"), groups), inMessages(curve(1))),
}

// namedCurve is the one kind of curve in use (RFC 8422, 5.4).
const namedCurve = 3

// curve is a part of a ServerKeyExchange that names a curve.
func curve(off int) func(b []byte, m *Message) (int, int, bool) {
	return func(b []byte, m *Message) (int, int, bool) {
		ok := m.Type == serverKeyExchange && m.Body+3 <= m.End && b[m.Body] == namedCurve && groups[uint64(be16(b[m.Body+1:]))] != ""
		return m.Body + off, 1 + off, ok
	}
}

// chains are spots in messages with a chain of certificates, whose list begins at an offset: behind the context of a request in TLS 1.3.
func chains(get func(b []byte, m *Message, list int) (off, n int, ok bool)) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		eachChain(b, note, func(m *Message, list int) bool {
			off, n, ok := get(b, m, list)
			return !ok || off+n > m.End || yield(off, n)
		})
	}
}

func eachChain(b []byte, note *field.Note, yield func(m *Message, list int) bool) {
	Messages(b, note, func(m *Message) bool {
		if m.Encrypted || m.Part || m.Type != certificate || m.Body >= m.End {
			return true
		}
		list := m.Body
		if equal(Version(note)) == TLS13 {
			list += 1 + int(b[m.Body])
		}
		return yield(m, list)
	})
}

// certificates are the certificates of a chain, or their lengths. In TLS 1.3 each has extensions behind it.
func certificates(length bool) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		eachChain(b, note, func(m *Message, list int) bool {
			for o := list + 3; o+3 <= m.End; {
				n := be24(b[o:])
				if o+3+n > m.End {
					break
				}
				off, size := o+3, n
				if length {
					off, size = o, 3
				}
				if !yield(off, size) {
					return false
				}
				if o += 3 + n; list > m.Body && o+2 <= m.End {
					o += 2 + be16(b[o:])
				}
			}
			return true
		})
	}
}

// insideFields are those of what certificates say.
var insideFields = x509.Grammar.Noted(certificates(false))

// ssl2Fields are those of a hello of SSL 2.0 (RFC 5246, E.2).
var ssl2Fields = []field.Field{
	at(u16("tls.handshake.cipher_spec_len", "Cipher Spec Length"), inSSL2(3)),
	at(u16("tls.handshake.challenge_length", "Challenge Length"), inSSL2(7)),
	at(proto.Named(proto.Hex("tls.handshake.cipherspec", "Cipher Spec", 0, 3, 0), proto.Names("tls.handshake.cipherspec")), func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Records(b, note, func(r *Record) bool {
			if r.Type != 0 || !isSSL2Hello(b[r.Off:]) {
				return true
			}
			from := r.Body + 9
			for o := from; o+3 <= min(from+be16(b[r.Body+3:]), r.End); o += 3 {
				if !yield(o, 3) {
					return false
				}
			}
			return true
		})
	}),
}

// inSSL2 is a length in the hello.
func inSSL2(off int) spots {
	return inRecords(func(b []byte, r *Record, _ *field.Note) (int, int, bool) {
		return r.Body + off, 2, r.Type == 0 && isSSL2Hello(b[r.Off:])
	})
}

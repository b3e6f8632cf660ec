package tls

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds TLS in connections: on the ports that Wireshark takes for it, and on any other by its hello or records.
var Stream = proto.Stream{
	ID: proto.TLS,
	Ports: []uint16{
		324, 443, 465, 636, 802, 853, 993, 995, 1300, 2221, 2443, 3249, 3250, 3251, 3252, 3496, 5061, 5671, 5684, 5868, 8883, 11207, 19999, 27017,
	},
	Looks: Looks,
	Opens: true, Resumes: true,
	Begins: &proto.UnitLayer{ID: proto.TLS, Note: field.Note{noteForm: formTaken}},
	New:    func() proto.Session { return new(session) },
}

// A session is what both directions of a connection said so far.
type session struct {
	version uint16 // 0 while it is not known
	hello2  bool   // the client began with a hello of SSL 2.0: the server may answer in it
	handshake
	opener *opener // nil without keys
	sides  [2]struct {
		encrypted bool
		continues int // bytes of a handshake message that are still to come
	}
}

// Extent takes all records that are whole; else it waits for the first.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	at := 0
	for at < len(p.Data) {
		n := s.length(p.Data[at:])
		switch {
		case n == unknown && s.opener != nil && p.Len == len(p.Data):
			return proto.Extent(at + s.next(p.Data[at:]))
		case n == unknown:
			return proto.Extent(p.Len) // nothing follows that could be told from it
		case n == short || at+n > p.Len:
			if at > 0 {
				return proto.Extent(at)
			}
			if n == short {
				return proto.More
			}
			return proto.Extent(n)
		}
		at += n
	}
	if at == 0 {
		return proto.More
	}
	return proto.Extent(at)
}

// next is where the next record begins in bytes that begin inside one: where a header of the connection's version is that leads to another one, or beyond the bytes.
func (s *session) next(b []byte) int {
	version := min(s.version, TLS12) // that of records, in TLS 1.3 too
	begins := func(b []byte) bool { return len(b) >= headerLen && header(b) && be16(b[1:]) == int(version) }
	for i := 1; i+headerLen <= len(b); i++ {
		if b[i] < ChangeCipherSpec || b[i] > ApplicationData || !begins(b[i:]) {
			continue
		}
		if behind := i + headerLen + be16(b[i+3:]); behind+headerLen > len(b) && b[i] == ApplicationData || behind+headerLen <= len(b) && begins(b[behind:]) {
			return i
		}
	}
	return len(b)
}

const (
	short   = 0
	unknown = -1
)

// length is the length of the record that b begins with.
func (s *session) length(b []byte) int {
	switch {
	case header(b):
		if len(b) < headerLen {
			return short
		}
		return headerLen + be16(b[3:])
	case s.version == SSL20 || s.version == 0 && s.hello2 || isSSL2Hello(b):
		switch {
		case len(b) < 3:
			return short
		case b[0]&0x80 != 0:
			return 2 + be16(b)&0x7fff
		}
		return 3 + be16(b)&0x3fff
	}
	return unknown
}

// Unit follows what the records say of the connection.
func (s *session) Unit(u *proto.Unit) {
	side := &s.sides[u.Dir]
	if u.Gap {
		side.continues = 0
	}
	l := proto.UnitLayer{ID: proto.TLS, Len: u.Len}
	if u.Rest { // of a record that was taken in
		l.Note[noteForm], l.Note[noteVersion] = formTaken, uint64(s.version)
		u.Layers = append(u.Layers, l)
		return
	}
	if side.encrypted {
		l.Note[noteEncrypted] = 1
	}
	if s.version == 0 && s.hello2 && !header(u.Data) && !isSSL2Hello(u.Data) {
		s.version = SSL20
	}
	l.Note[noteContinues], l.Note[noteVersion] = uint64(side.continues), uint64(s.version)
	known := false
	for w := WalkOf(u.Data, &l.Note); w.Next(); {
		r := &w.Record
		known = true
		s.record(u.Data, r)
		s.turn(s, u, r, len(u.Layers))
		if r.Type == ChangeCipherSpec {
			side.encrypted = true
		}
		if r.Type == Handshake {
			if side.continues -= r.Continues; side.continues == 0 {
				side.continues = overhang(u.Data, r)
			}
		}
	}
	if !known {
		l.Note[noteForm] = formTaken
	}
	l.Note[noteVersion] = uint64(s.version)
	u.Layers = append(u.Layers, l)
	if s.opener != nil {
		s.opener.unit(u, len(u.Layers)-1, known)
	}
}

// record learns the version: of a hello of the server, else of the first record that can have no other.
func (s *session) record(b []byte, r *Record) {
	if r.Type == 0 {
		s.ssl2(b, r)
		return
	}
	if r.Type != Handshake {
		s.settle(r.Version)
		return
	}
	first := true
	for w := messagesIn(b, r); w.next(); {
		m := &w.Message
		h, ok := helloOf(b, m)
		switch {
		case ok && m.Type == serverHello:
			s.version = chosen(b, m, &h)
		case first && !m.Encrypted && m.Type != clientHello:
			s.settle(r.Version)
		}
		first = false
	}
}

func (s *session) settle(version uint16) {
	if s.version == 0 && (version >= SSL30 && version <= TLS13 || isDatagramVersion(int(version))) {
		s.version = version
	}
}

// ssl2 is for records of SSL 2.0: a hello of the client is no answer yet.
func (s *session) ssl2(b []byte, r *Record) {
	if isSSL2Hello(b[r.Off:]) {
		s.hello2 = true
	}
}

// chosen is the version that a ServerHello chooses: that of its extension, if it has one (RFC 8446, 4.2.1).
func chosen(b []byte, m *Message, h *hello) uint16 {
	if version := named(b, m, h); version>>8 != draft {
		return version
	}
	return TLS13
}

// draft is the first byte of the versions of drafts of TLS 1.3; the second is the draft's number.
const draft = 0x7f

// named is the same with the versions of drafts as they are.
func named(b []byte, m *Message, h *hello) uint16 {
	version := uint16(be16(b[h.version:]))
	if h.extensions >= 0 {
		extensionsIn(b, h.extensions, min(h.extensions+h.extensionsLen, m.End), m.Type, func(e *extension) bool {
			if e.kind == supportedVersions && e.body+2 <= e.end {
				version = uint16(be16(b[e.body:]))
			}
			return true
		})
	}
	return version
}

// helloRetry is the random of a ServerHello that asks for another ClientHello (RFC 8446, 4.1.3).
var helloRetry = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// IsRetry reports whether a message is a Hello Retry Request, which has the form of a ServerHello.
func IsRetry(b []byte, m *Message) bool {
	h, ok := helloOf(b, m)
	return ok && m.Type == serverHello && bytes.Equal(b[h.random:min(h.random+32, m.End)], helloRetry)
}

// Version is that of the connection behind a layer, as its note has it; 0 while it is not known.
func Version(note *field.Note) uint16 { return uint16(note[noteVersion]) }

package tls

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Association follows DTLS in the datagrams between two endpoints: each datagram is a unit.
var Association = proto.Stream{
	ID: proto.DTLS, Opens: true, Datagrams: true,
	Looks: func(b []byte) bool { return LooksDatagram(b, false) },
	New:   func() proto.Session { return new(association) },
}

// An association is what both sides said so far. Records may be missing, come again, and in any order.
type association struct {
	session
	peers [2]peer
}

// A peer is what one side sends.
type peer struct {
	fragments fragments
	offered   int // length of the connection ID that it wants in what it gets, plus one; 0 for none
}

// Extent takes the whole datagram.
func (s *association) Extent(p *proto.Piece) proto.Extent {
	var note field.Note
	note[noteForm] = formDatagram
	note[noteID] = uint64(s.idLen(p.Dir))
	known := false
	datagramRecords(p.Data, &note, func(*Record) bool { known = true; return false })
	if !known {
		return proto.NotThis
	}
	return proto.Extent(p.Len)
}

// idLen is the length of the connection ID in what a side sends, plus one, when both sides agreed on it (RFC 9146, 3); 0 while nobody knows.
func (s *association) idLen(dir int) int {
	if s.peers[0].offered == 0 || s.peers[1].offered == 0 {
		return 0
	}
	return s.peers[1-dir].offered
}

// Unlock gives the keys.
func (s *association) Unlock(keys proto.Secrets) {
	if s.session.Unlock(keys); s.opener != nil {
		s.opener.datagrams = &datagrams{}
	}
}

// Ordered: the order of datagrams is nobody's.
func (s *association) Ordered() bool { return false }

// Unit follows what the records of a datagram say.
func (s *association) Unit(u *proto.Unit) {
	l := proto.UnitLayer{ID: proto.DTLS, Len: u.Len}
	l.Note[noteForm], l.Note[noteVersion], l.Note[noteID] = formDatagram, uint64(s.version), uint64(s.idLen(u.Dir))
	at := len(u.Layers)
	u.Layers = append(u.Layers, l)
	n := 0
	datagramRecords(u.Data, &l.Note, func(r *Record) bool {
		switch {
		case r.Unified && s.version == 0:
			s.version = DTLS13
		case r.Encrypted:
			s.settle(r.Version)
		default:
			s.record(u.Data, r)
			s.turn(&s.session, u, r, at)
		}
		if s.one(u, r) && n < maxMarked {
			u.Layers[at].Note[noteForm] |= formFirst << n
		}
		n++
		return true
	})
	u.Layers[at].Note[noteVersion] = uint64(s.version)
	u.Layers[at].Note[noteID] = uint64(s.idLen(u.Dir))
}

// one takes in a record, and reports whether it was opened.
func (s *association) one(u *proto.Unit, r *Record) bool {
	switch {
	case r.Encrypted && s.opener != nil:
		return s.opened(u, r)
	case r.Encrypted || r.Type != Handshake:
		return false
	}
	s.handshakes(u, u.Data, r)
	return false
}

// handshakes takes in the messages of a record that lies in b, and shows those that were put together.
func (s *association) handshakes(u *proto.Unit, b []byte, r *Record) {
	messagesOf(b, r, func(m *Message) bool {
		if m.Encrypted || m.End-m.Body < m.FragLen {
			return false
		}
		said, ok := s.peers[u.Dir].fragments.take(b[m.Off:m.End], m)
		if !ok {
			return true
		}
		if m.Part {
			s.whole(u, r, said)
		}
		s.message(u, r, said)
		return true
	})
}

// whole adds a message that was put together as a layer of its own.
func (s *association) whole(u *proto.Unit, r *Record, said []byte) {
	room := u.Room(datagramHeader + len(said))
	if room == nil {
		return
	}
	putHeader(room, r, Handshake, len(said))
	copy(room[datagramHeader:], said)
	l := proto.UnitLayer{ID: proto.DTLS, In: u.Open(room, "reassembled"), Len: len(room), Beside: true}
	l.Note[noteVersion], l.Note[noteForm] = uint64(s.version), formDatagram|formOpened|formWhole
	u.Layers = append(u.Layers, l)
	one := Record{Type: Handshake, Body: datagramHeader, End: len(room), Len: len(said), Version: r.Version, Datagram: true}
	s.record(room, &one)
}

// putHeader writes the header of a record of n bytes that is opened.
func putHeader(b []byte, r *Record, content byte, n int) {
	b[0], b[1], b[2] = content, byte(r.Version>>8), byte(r.Version)
	clear(b[3:11])
	b[11], b[12] = byte(n>>8), byte(n)
}

// message takes in a handshake message with its header, as if it had come in one fragment.
func (s *association) message(u *proto.Unit, r *Record, said []byte) {
	m := Message{Type: said[0], Len: len(said) - fragmentHeader, Body: fragmentHeader, End: len(said), Datagram: true}
	if h, ok := helloOf(said, &m); ok && h.extensions >= 0 {
		s.learn(u.Dir, said, &m, &h)
	}
	if s.opener != nil {
		s.opener.said(u, r, said)
	}
}

// connectionID is the extension with the ID that a side wants in what it gets (RFC 9146, 3).
const connectionID = 54

// learn takes the length of a connection ID from a hello.
func (s *association) learn(dir int, b []byte, m *Message, h *hello) {
	s.peers[dir].offered = 0
	extensionsIn(b, h.extensions, min(h.extensions+h.extensionsLen, m.End), m.Type, func(e *extension) bool {
		if e.kind == connectionID && e.body < e.end {
			s.peers[dir].offered = 1 + int(b[e.body])
		}
		return true
	})
}

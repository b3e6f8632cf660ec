// Package redact finds credentials in what applications say, and what to put in their place: as many bytes that say nothing.
//
// Package scrub writes from zeros what may be kept. This package goes the other way: what was said stays, without what lets
// somebody in. What it has no rules for it says it does not know.
package redact

import (
	"github.com/wiretale/wiretale/proto"
)

// Blank stands in the place of what was there.
const Blank = 'x'

// Longest is the longest edit in bytes; what is longer is several.
const Longest = 1 << 12

// An Edit puts other bytes in the place of those at an offset of a unit: as many. The offset is negative for bytes of the units before.
type Edit struct {
	Off  int
	With []byte
}

// A Session is what both sides of a connection said so far. The zero value is a connection that begins.
type Session struct {
	edits []Edit
	last  proto.ID
	mail  [2]dialogue
	login loginTDS
	http2 [2]packed
}

// Unit finds what is to be blanked in a unit, by the protocol of its first layer; known says that there are rules for all that is in it. The edits are valid until the next call.
func (s *Session) Unit(u *proto.Unit) (edits []Edit, known bool) {
	s.edits = s.edits[:0]
	if len(u.Layers) > 0 {
		s.last = u.Layers[0].ID
	}
	known = true
	switch s.last {
	case proto.HTTP:
		known = s.http(u.Data)
	case proto.HTTP2:
		s.frames(u)
	case proto.SMTP, proto.POP, proto.IMAP:
		s.lines(u.Dir, u.Data, s.last)
	case proto.LDAP:
		s.ldap(u.Data)
	case proto.TDS:
		s.tds(u.Data)
	case proto.DNSStream:
	default:
		known = false
	}
	return s.edits, known
}

// put puts bytes in the place of those at an offset.
func (s *Session) put(off int, with []byte) {
	for len(with) > Longest {
		s.edits = append(s.edits, Edit{off, with[:Longest]})
		off, with = off+Longest, with[Longest:]
	}
	if len(with) > 0 {
		s.edits = append(s.edits, Edit{off, with})
	}
}

// blank blanks n bytes at an offset.
func (s *Session) blank(off, n int) {
	for n > 0 {
		part := min(n, Longest)
		s.put(off, blanks[:part])
		off, n = off+part, n-part
	}
}

// blanks are Longest of them; nobody changes them.
var blanks = func() []byte {
	b := make([]byte, Longest)
	for i := range b {
		b[i] = Blank
	}
	return b
}()

// A span is a part of a text: from an offset to another, which is excluded.
type span struct{ from, to int }

// Apply puts the edits into the bytes of their unit, as far as they lie in it, and returns how many did.
func Apply(b []byte, edits []Edit) (n int64) {
	for _, e := range edits {
		if from, to := max(e.Off, 0), min(e.Off+len(e.With), len(b)); from < to {
			copy(b[from:to], e.With[from-e.Off:])
			n++
		}
	}
	return n
}

// Package ber takes values of the Basic Encoding Rules apart (X.690, 8) by a
// grammar: a tree of nodes that names the fields of a protocol and where they
// lie. LDAP, Kerberos and certificates share it.
//
// Only definite lengths are read: LDAP forbids others (RFC 4511, 5.1), and so
// do the Distinguished Encoding Rules of Kerberos (RFC 4120, 5) and certificates.
package ber

// Identifier octets of universal types.
const (
	Boolean          = 0x01
	Integer          = 0x02
	BitString        = 0x03
	OctetString      = 0x04
	ObjectIdentifier = 0x06
	Enumerated       = 0x0a
	SequenceTag      = 0x30
	SetTag           = 0x31
)

// An Element is one value with its header. Offsets count from the start of the buffer.
type Element struct {
	// Tag is the identifier octet: class, constructed bit and the number of the tag. Numbers
	// beyond 30 have octets of their own behind it, which are skipped: neither protocol has such a tag.
	Tag  byte
	Off  int // of the identifier octet
	Body int // of the content
	End  int // end of what there is of the content
	Len  int // length of the content as it says
}

// Cut reports whether the buffer ends inside the element.
func (e *Element) Cut() bool { return e.Body+e.Len > e.End }

// Constructed reports whether the content is elements.
func (e *Element) Constructed() bool { return e.Tag&0x20 != 0 }

// Context is the identifier octet of a context-specific tag.
func Context(number byte, constructed bool) byte {
	if constructed {
		return 0xa0 | number
	}
	return 0x80 | number
}

// Application is the identifier octet of a constructed tag of the application class.
func Application(number byte) byte { return 0x60 | number }

const (
	// maxTag bounds the octets of a tag's number.
	maxTag = 4
	// maxLength bounds the octets of a length that count: a content of 2^31 bytes is none.
	maxLength = 4
)

// Next is the element at offset at of b, which ends before end. Its header must be there whole, its content need not.
func Next(b []byte, at, end int) (e Element, ok bool) {
	end = min(end, len(b))
	if at < 0 || at >= end {
		return e, false
	}
	e.Tag, e.Off = b[at], at
	at++
	if e.Tag&0x1f == 0x1f {
		for n := 0; ; n++ {
			if at >= end || n == maxTag {
				return e, false
			}
			if at++; b[at-1]&0x80 == 0 {
				break
			}
		}
	}
	e.Len, e.Body, ok = length(b[at:end], at)
	e.End = e.Body + min(e.Len, max(0, end-e.Body))
	return e, ok
}

// length reads the octets of a length, which begin at offset at (X.690, 8.1.3).
func length(b []byte, at int) (n, body int, ok bool) {
	switch {
	case len(b) == 0 || b[0] == 0x80:
		return 0, 0, false
	case b[0] < 0x80:
		return int(b[0]), at + 1, true
	}
	octets := int(b[0] & 0x7f)
	if octets >= len(b) {
		return 0, 0, false
	}
	for i, c := range b[1 : 1+octets] {
		if c != 0 && octets-i > maxLength {
			return 0, 0, false
		}
		n = n<<8 | int(c)
	}
	return n, at + 1 + octets, n <= 1<<31-1
}

// Find is the first element in e with a tag.
func Find(b []byte, e *Element, tag byte) (one Element, ok bool) {
	for at := e.Body; ; at = one.End {
		if one, ok = Next(b, at, e.End); !ok || one.Tag == tag {
			return one, ok
		}
	}
}

// Size is the length of the whole element that b begins with, header included; 0 while the header goes on beyond b, -1 when it is none.
func Size(b []byte) int {
	e, ok := Next(b, 0, len(b))
	switch {
	case ok:
		return e.Body + e.Len
	case short(b):
		return 0
	}
	return -1
}

// short reports whether b is the begin of a header.
func short(b []byte) bool {
	at := 1
	if len(b) > 0 && b[0]&0x1f == 0x1f {
		for at < len(b) && at <= maxTag && b[at]&0x80 != 0 {
			at++
		}
		if at > maxTag {
			return false
		}
		at++
	}
	if at >= len(b) {
		return true
	}
	return b[at] > 0x80 && b[at] <= 0x80|2*maxLength && at+int(b[at]&0x7f) >= len(b)
}

// Uint is the content of an integer as an unsigned number of 32 bits at least: its lower 64 bits.
func Uint(content []byte) uint64 {
	var n uint64
	if len(content) > 0 && content[0]&0x80 != 0 {
		n = ^uint64(0)
	}
	for _, c := range content {
		n = n<<8 | uint64(c)
	}
	return n
}

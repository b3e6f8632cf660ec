package dns

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Bounds of a name: RFC 1035, 3.1 has 255 bytes at most. A name of one-letter
// labels has 127 of them, so more jumps lead nowhere.
const (
	maxText  = 254 // letters and dots; Wireshark's bound too
	maxJumps = 128
)

// Kinds of the byte that a label begins with (its upper two bits).
const (
	label    = 0x00
	extended = 0x40
	pointer  = 0xc0
	bitmap   = 0x41 // a label of bits, which nobody sends any more (RFC 6891, 5)
)

// What stands for a name that is none, in Wireshark's words.
const (
	root        = "<Root>"
	tooLong     = "<Name too long>"
	loops       = "<Name contains a pointer that loops>"
	unknownKind = "<Unknown extended label>"
)

// NameLen is the number of bytes that the name at off takes at its own place,
// without what its pointer leads to; 0 when it does not end inside b, or has a label of no known kind.
func NameLen(b []byte, off int) int {
	start := off
	for off >= 0 && off < len(b) {
		c := int(b[off])
		switch {
		case c == 0:
			return off + 1 - start
		case c&0xc0 == label:
			off += 1 + c
		case c&0xc0 == pointer && off+2 <= len(b):
			return off + 2 - start
		case c&0xc0 == extended && c != bitmap:
			return off + 1 - start
		default:
			return 0
		}
	}
	return 0
}

// AppendName appends the name at off as text: labels with dots between them,
// control characters escaped, [root] for the empty name. What is no name is
// said in angle brackets. It reports false where the bytes end before the name does.
// Work and text are bounded whatever the bytes are.
func AppendName(dst, b []byte, off int) ([]byte, bool) {
	var raw [maxText]byte
	n, bad, ok := rawName(&raw, b, off)
	switch {
	case !ok:
		return dst, false
	case bad != "":
		return append(dst, bad...), true
	case n == 0:
		return append(dst, root...), true
	}
	return appendText(dst, raw[:n]), true
}

// NameText is the name at off as a string.
func NameText(b []byte, off int) (string, bool) {
	t, ok := AppendName(nil, b, off)
	return string(t), ok
}

// rawName collects the bytes of a name with dots between its labels; bad is what stands for a name that is none.
//
//  1. A label is copied. The name is too long when it does not fit.
//  2. A pointer goes on elsewhere. A name that has looked at as many bytes as the message has comes back to where it was.
//  3. A zero ends the name.
func rawName(raw *[maxText]byte, b []byte, off int) (n int, bad string, ok bool) {
	seen, jumps := 0, 0
	for off >= 0 && off < len(b) {
		c := int(b[off])
		if off++; c == 0 {
			return n, "", true
		}
		seen++
		switch kind := c & 0xc0; {
		case kind == label:
			if off+c > len(b) {
				return 0, "", false
			}
			dot := min(n, 1)
			if n+dot+c >= maxText {
				return 0, tooLong, true
			}
			if dot == 1 {
				raw[n] = '.'
			}
			n += dot + copy(raw[n+dot:], b[off:off+c])
			off += c
			seen += c
		case kind == pointer:
			if off >= len(b) {
				return 0, "", false
			}
			jumps++
			if seen++; seen >= len(b) || jumps > maxJumps {
				return 0, loops, true
			}
			off = c&0x3f<<8 | int(b[off])
		case kind == extended && c != bitmap:
			return 0, unknownKind, jumps == 0
		default:
			return 0, "", false
		}
	}
	return 0, "", false
}

// short are the escapes that have a letter of their own.
var short = [...]byte{'\a': 'a', '\b': 'b', '\t': 't', '\n': 'n', '\v': 'v', '\f': 'f', '\r': 'r'}

// appendText makes bytes of a name printable as Wireshark does: UTF-8 stays, what does not print is escaped.
func appendText(dst, raw []byte) []byte {
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && n <= 1:
			n = badRun(raw)
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case r < 0x80 && r >= ' ' && r != 0x7f:
			dst = append(dst, byte(r))
		case int(r) < len(short) && short[r] != 0:
			dst = append(dst, '\\', short[r])
		case r < 0x80:
			dst = append(dst, '\\', '0'+byte(r>>6), '0'+byte(r>>3&7), '0'+byte(r&7))
		case unicode.IsPrint(r) || unicode.Is(unicode.Zs, r):
			dst = utf8.AppendRune(dst, r)
		case r < 0x10000:
			dst = fmt.Appendf(dst, "\\u%04X", r)
		default:
			dst = fmt.Appendf(dst, "\\U%08X", r)
		}
		raw = raw[n:]
	}
	return dst
}

// badRun is how many bytes one replacement character stands for: a lead byte and what follows it as far as it could belong to it.
func badRun(raw []byte) int {
	n, most := 1, 1
	switch c := raw[0]; {
	case c >= 0xf0:
		most = 4
	case c >= 0xe0:
		most = 3
	case c >= 0xc0:
		most = 2
	}
	for n < min(most, len(raw)) && raw[n]&0xc0 == 0x80 {
		n++
	}
	return n
}

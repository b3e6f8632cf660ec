package scrub

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// kept are labels that say what a name is for, and not whose it is.
var kept = map[string]bool{
	"com": true, "net": true, "org": true, "local": true, "localdomain": true, "localhost": true, "arpa": true, "in-addr": true, "ip6": true,
	"www": true, "wpad": true, "isatap": true, "ipc$": true,
	"_tcp": true, "_udp": true, "_ldap": true, "_kerberos": true, "_kpasswd": true, "_gc": true, "_msdcs": true, "_sites": true, "_dns-sd": true, "_services": true,
	"_http": true, "_https": true, "_sip": true, "_smb": true,
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// label is the replacement of a word of a name: of the same length, digits for a word of digits, without regard to case.
func (s *secret) label(word string) string {
	lower := strings.ToLower(word)
	if lower == "" || kept[lower] {
		return word
	}
	if to, ok := s.names[lower]; ok {
		return to
	}
	to := make([]byte, len(lower))
	digits := strings.Trim(lower, "0123456789") == ""
	for i, r := range s.random("name", []byte(lower), len(lower)) {
		if digits {
			to[i] = '0' + r%10
		} else {
			to[i] = letters[int(r)%len(letters)]
		}
	}
	if string(to) == lower { // of few letters that may be
		to[0] = letters[(int(to[0])+1)%len(letters)]
	}
	if len(s.names) < maxCached {
		s.names[lower] = string(to)
	}
	return string(to)
}

// separators stand between the words of a name or path and stay.
const separators = ".\\/:@;,= \x00*?&#()[]{}<>|\"'+%!~\t\r\n"

// words replaces the words of a text in place.
func (s *secret) words(out, in []byte) {
	copy(out, in)
	for at := 0; at < len(in); {
		n := bytes.IndexAny(in[at:], separators)
		if n < 0 {
			n = len(in) - at
		}
		copy(out[at:at+n], s.label(string(in[at:at+n])))
		at += n + 1
	}
}

// wide replaces the words of a text of UTF-16, little-endian, in place.
func (s *secret) wide(out, in []byte) {
	units := make([]uint16, len(in)/2)
	for i := range units {
		units[i] = uint16(in[2*i]) | uint16(in[2*i+1])<<8
	}
	for at := 0; at < len(units); {
		n := at
		for n < len(units) && (units[n] > 127 || strings.IndexByte(separators, byte(units[n])) < 0) {
			n++
		}
		word := s.sized(string(utf16.Decode(units[at:n])), n-at)
		for i := at; i < n; i++ {
			out[2*i], out[2*i+1] = word[i-at], 0
		}
		if n < len(units) {
			out[2*n], out[2*n+1] = byte(units[n]), 0
		}
		at = n + 1
	}
}

// sized is the replacement of a word in so many letters: letters beyond ASCII have more bytes than units.
func (s *secret) sized(word string, n int) string {
	to := s.label(word)
	for len(to) < n {
		to += "x"
	}
	return to[:n]
}

// looksWide reports whether a text is UTF-16 with letters of ASCII for the most part.
func looksWide(b []byte) bool {
	zero := 0
	for i := 1; i < len(b); i += 2 {
		if b[i] == 0 {
			zero++
		}
	}
	return len(b)%2 == 0 && zero*4 > len(b)
}

// text replaces a text, whichever of the two it is.
func (s *secret) text(out, in []byte) {
	if looksWide(in) {
		s.wide(out, in)
	} else {
		s.words(out, in)
	}
}

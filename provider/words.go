package provider

import "github.com/wiretale/wiretale/internal/bin"

// words keeps the strings of earlier events: the same names come again and
// again, and a string that is known costs no allocation. It belongs to one
// Event, so it needs no lock, and it is bounded.
type words struct {
	wide, narrow map[string]string // bytes of the payload to the string that they are
}

const (
	maxWords      = 4096
	maxWordLength = 128 // bytes
)

// word16 decodes UTF-16LE.
func (e *Event) word16(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxWordLength {
		return bin.DecodeUTF16(b)
	}
	e.wordTables()
	s, ok := e.words.wide[string(b)]
	if !ok {
		s = bin.DecodeUTF16(b)
		keep(e.words.wide, b, s)
	}
	return s
}

// word8 is a byte string; bytes that are not UTF-8 stay as they are.
func (e *Event) word8(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxWordLength {
		return string(b)
	}
	e.wordTables()
	s, ok := e.words.narrow[string(b)]
	if !ok {
		s = string(b)
		keep(e.words.narrow, b, s)
	}
	return s
}

func (e *Event) wordTables() {
	if e.words == nil {
		e.words = &words{wide: map[string]string{}, narrow: map[string]string{}}
	}
}

func keep(m map[string]string, b []byte, s string) {
	if len(m) >= maxWords {
		clear(m)
	}
	m[string(b)] = s
}

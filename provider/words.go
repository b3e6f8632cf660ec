package provider

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/bin"
)

// words keeps the strings of earlier events: the same names come again and
// again, and a string that is known costs no allocation. It belongs to one
// Event, so it needs no lock, and it is bounded.
type words struct {
	known   map[string]string
	scratch [maxWordLength]byte
}

const (
	maxWords      = 4096
	maxWordLength = 128 // bytes of the string
)

// word16 decodes UTF-16LE.
func (e *Event) word16(b []byte) string {
	n := len(b) / 2
	if n == 0 {
		return ""
	}
	if n > maxWordLength {
		return bin.DecodeUTF16(b)
	}
	w := e.wordTable()
	for i := range n {
		c := binary.LittleEndian.Uint16(b[2*i:])
		if c >= 0x80 {
			return bin.DecodeUTF16(b)
		}
		w.scratch[i] = byte(c)
	}
	return w.word(w.scratch[:n])
}

// word8 is a byte string; bytes that are not UTF-8 stay as they are.
func (e *Event) word8(b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case len(b) > maxWordLength:
		return string(b)
	}
	return e.wordTable().word(b)
}

func (e *Event) wordTable() *words {
	if e.words == nil {
		e.words = &words{known: map[string]string{}}
	}
	return e.words
}

func (w *words) word(b []byte) string {
	if s, ok := w.known[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(w.known) < maxWords {
		w.known[s] = s
	}
	return s
}

// untilNUL16 is what comes before a UTF-16 NUL, and the size with it; all of b when there is none.
func untilNUL16(b []byte) (data []byte, n int, ok bool) {
	i := 0
	// Four units at a time: subtracting one borrows into the top bit of a unit
	// only when the unit is zero or had the top bit, or follows one that was zero.
	const ones, tops = 0x0001000100010001, 0x8000800080008000
	for ; i+8 <= len(b); i += 8 {
		u := binary.LittleEndian.Uint64(b[i:])
		if (u-ones)&^u&tops != 0 {
			break
		}
	}
	for ; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i:i], i + 2, true
		}
	}
	return b, len(b), true
}

// untilNUL is what comes before a NUL byte, and the size with it; all of b when there is none.
func untilNUL(b []byte) (data []byte, n int, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i:i], i + 1, true
		}
	}
	return b, len(b), true
}

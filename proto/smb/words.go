package smb

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/wiretale/wiretale/field"
)

// words are the parameters of a command, and the bytes behind them ([MS-CIFS] 2.2.3.2, 2.2.3.3), as far as they were captured.
type words struct {
	words []byte
	bytes []byte
	from  int // where bytes begins in the message
}

func (w words) u16(off int) uint16 {
	if off+2 <= len(w.words) {
		return binary.LittleEndian.Uint16(w.words[off:])
	}
	return 0
}

func (w words) u32(off int) uint32 {
	if off+4 <= len(w.words) {
		return binary.LittleEndian.Uint32(w.words[off:])
	}
	return 0
}

// offset is a place in a file: its low half, and the high one when the command has so many words that it has one.
func (w words) offset(low, high, count int) int64 {
	at := int64(w.u32(low))
	if len(w.words) >= 2*count {
		at |= int64(w.u32(high)&0x7fffffff) << 32
	}
	return at
}

// andX are the commands that another one may follow in the same message.
var andX = map[uint8]bool{lockingAndX: true, openAndX: true, readAndX: true, writeAndX: true, 0x73: true, 0x74: true, treeConnect: true, ntCreate: true}

// each calls a function with the commands of a message: the one of the header, and those that follow it.
func each(command uint8, b []byte, do func(command uint8, w words)) {
	at := HeaderLen
	for range maxAndX {
		if at >= len(b) {
			return
		}
		end := min(len(b), at+1+2*int(b[at]))
		w := words{words: b[at+1 : end], from: min(len(b), end+2)}
		if end+2 <= len(b) {
			w.bytes = b[end+2 : min(len(b), end+2+int(binary.LittleEndian.Uint16(b[end:])))]
		}
		do(command, w)
		if !andX[command] || len(w.words) < 4 || w.words[0] == noAndX || int(w.u16(2)) <= at {
			return
		}
		command, at = w.words[0], int(w.u16(2))
	}
}

// text is the text that b holds behind so many bytes, with a share before it; from is where b begins in the message, and text in UTF-16 is aligned to it.
func (c *Connection) text(h *Header, b []byte, from, skip int, share string) string {
	if skip > len(b) {
		return ""
	}
	b, from = b[skip:], from+skip
	c.wide = append(c.wide[:0], share...)
	start := len(c.wide)
	if h.Flags2&flagUnicode != 0 {
		if from%2 != 0 && len(b) > 0 {
			b = b[1:]
		}
		c.wide = appendWide(c.wide, b)
	} else {
		for _, x := range b {
			if x == 0 {
				break
			}
			c.wide = utf8.AppendRune(c.wide, rune(x))
		}
	}
	if share != "" && len(c.wide) > start && c.wide[start] != '\\' {
		c.wide = append(c.wide[:start], append([]byte{'\\'}, c.wide[start:]...)...)
	}
	return c.names.Keep(c.wide)
}

// flagUnicode says in Flags2 that text is UTF-16.
const flagUnicode = 0x8000

// appendWide appends UTF-16LE text up to a zero in UTF-8.
func appendWide(dst, b []byte) []byte {
	for len(b) >= 2 {
		r := rune(binary.LittleEndian.Uint16(b))
		if b = b[2:]; r == 0 {
			break
		}
		if utf16.IsSurrogate(r) && len(b) >= 2 {
			if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b))); pair != utf8.RuneError {
				r, b = pair, b[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// offersVersion2 reports whether a negotiation offers a dialect of version 2.
func offersVersion2(b []byte) (found bool) {
	dialects(b, func(_ field.Span, v field.Value) bool {
		found = strings.HasPrefix(v.S, "SMB 2.")
		return !found
	})
	return found
}

package procmoncsv

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Byte order marks.
var (
	utf8BOM   = []byte("\xef\xbb\xbf")
	littleUTF = []byte("\xff\xfe")
	bigUTF    = []byte("\xfe\xff")
)

// A wide turns UTF-16 with a byte order mark into UTF-8; anything else passes as it is.
type wide struct {
	r     io.Reader
	order binary.ByteOrder
	unit  int // bytes of a unit: 2 in UTF-16, else 1
	in    []byte
	have  int
	out   []byte
	err   error
}

// newWide looks at the first bytes of r.
func newWide(r io.Reader) *wide {
	head := make([]byte, 2)
	n, _ := io.ReadFull(r, head)
	w := &wide{r: r, unit: 1}
	switch {
	case n == 2 && bytes.Equal(head, littleUTF):
		w.unit, w.order = 2, binary.LittleEndian
	case n == 2 && bytes.Equal(head, bigUTF):
		w.unit, w.order = 2, binary.BigEndian
	default:
		w.r = io.MultiReader(bytes.NewReader(head[:n]), r)
		return w
	}
	w.in = make([]byte, 64<<10)
	return w
}

// Read implements io.Reader.
func (w *wide) Read(p []byte) (int, error) {
	if w.unit == 1 {
		return w.r.Read(p)
	}
	for len(w.out) == 0 && w.err == nil {
		var n int
		n, w.err = w.r.Read(w.in[w.have:])
		w.have += n
		w.decode()
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	if n == 0 {
		return 0, w.err
	}
	return n, nil
}

// decode turns the units that are there into UTF-8; half a surrogate pair waits for its other half.
func (w *wide) decode() {
	w.out = w.out[:0]
	at := 0
	for ; at+2 <= w.have; at += 2 {
		c := rune(w.order.Uint16(w.in[at:]))
		if utf16.IsSurrogate(c) {
			if at+4 > w.have && w.err == nil {
				break
			}
			pair := rune(utf8.RuneError)
			if at+4 <= w.have {
				pair = utf16.DecodeRune(c, rune(w.order.Uint16(w.in[at+2:])))
			}
			if c = pair; pair != utf8.RuneError {
				at += 2
			}
		}
		w.out = utf8.AppendRune(w.out, c)
	}
	w.have = copy(w.in, w.in[at:w.have])
}

// size is the length in the file of text that was read.
func (w *wide) size(b []byte) int64 {
	if w.unit == 1 {
		return int64(len(b))
	}
	n := int64(0)
	for _, r := range string(b) {
		n += 2
		if r > 0xffff {
			n += 2
		}
	}
	return n
}

// plain is the first bytes of a file as UTF-8 without a byte order mark.
func plain(head []byte) []byte {
	if !bytes.HasPrefix(head, littleUTF) && !bytes.HasPrefix(head, bigUTF) {
		return bytes.TrimPrefix(head, utf8BOM)
	}
	b, _ := io.ReadAll(newWide(bytes.NewReader(head)))
	return b
}

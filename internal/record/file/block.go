// Package file writes recordings: one pcapng section with packets as enhanced
// packet blocks and events as journal entries. docs/formats/record.md says
// how. Everything is little-endian and appended to one buffer; whole blocks
// go out, so that whatever ends the program leaves a file that can be read.
package file

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/format/pcapng"
)

// Block types (pcapng draft, 10.1).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockStatistics = 5
	blockEnhanced   = 6
	blockJournal    = 9
	blockCustom     = 0xbad
)

var le = binary.LittleEndian

// begin begins a block at the end of the buffer and returns its place.
func (w *Writer) begin(kind uint32) int {
	at := len(w.buf)
	w.buf = le.AppendUint32(w.buf, kind)
	w.buf = le.AppendUint32(w.buf, 0)
	return at
}

// end pads a block and writes its length at both of its ends.
func (w *Writer) end(at int) {
	w.pad(at)
	n := uint32(len(w.buf) - at + 4)
	le.PutUint32(w.buf[at+4:], n)
	w.buf = le.AppendUint32(w.buf, n)
}

var zeros [4]byte

func (w *Writer) pad(from int) { w.buf = append(w.buf, zeros[:-(len(w.buf)-from)&3]...) }

func (w *Writer) u16(v uint16) { w.buf = le.AppendUint16(w.buf, v) }
func (w *Writer) u32(v uint32) { w.buf = le.AppendUint32(w.buf, v) }
func (w *Writer) u64(v uint64) { w.buf = le.AppendUint64(w.buf, v) }

// maxOption is what the length of an option can say.
const maxOption = 0xffff

// text appends an option with a string, unless it is empty.
func (w *Writer) text(code uint16, s string) {
	if s == "" {
		return
	}
	s = s[:min(len(s), maxOption)]
	w.u16(code)
	w.u16(uint16(len(s)))
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, zeros[:-len(s)&3]...)
}

func (w *Writer) number(code uint16, v uint64) {
	w.u16(code)
	w.u16(8)
	w.u64(v)
}

// time appends a time, the upper half first.
func (w *Writer) time(ns int64) {
	t := uint64(max(0, ns))
	w.u32(uint32(t >> 32))
	w.u32(uint32(t))
}

func (w *Writer) endOptions() { w.u32(pcapng.OptEnd) }

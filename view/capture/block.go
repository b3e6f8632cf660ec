package capture

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// order is the byte order that numbers are written in.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func orderOf(big bool) order {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Block types (pcapng draft, 10.1).
const (
	blockSection       = 0x0a0d0d0a
	blockInterface     = 1
	blockSimple        = 3
	blockNames         = 4
	blockStatistics    = 5
	blockEnhanced      = 6
	blockJournal       = 9
	blockSecrets       = 10
	blockCustom        = 0xbad
	blockCustomNo      = 0x40000bad // not to be copied
	blockDarwinProcess = 0x80000001 // Apple's: process id, then options
)

// A block is assembled at the end of the writer's buffer.
type block struct {
	order
	buf   []byte
	begin int
}

// block begins a block; end of it returns the buffer.
func (w *PcapNG) block(kind uint32) block {
	b := block{order: w.order, buf: w.buf, begin: len(w.buf)}
	b.u32(kind)
	b.u32(0)
	return b
}

func (b *block) u16(v uint16) { b.buf = b.AppendUint16(b.buf, v) }
func (b *block) u32(v uint32) { b.buf = b.AppendUint32(b.buf, v) }

// ticks is a time: the upper half first, in either byte order.
func (b *block) ticks(v uint64) {
	b.u32(uint32(v >> 32))
	b.u32(uint32(v))
}

var zeros [4]byte

// bytes appends v and pads it to four bytes.
func (b *block) bytes(v []byte) {
	b.buf = append(b.buf, v...)
	b.buf = append(b.buf, zeros[:-len(v)&3]...)
}

// maxOption is what the length of an option can say.
const maxOption = 0xffff

// option appends an option. One that is too long for its length is cut.
func (b *block) option(code uint16, v []byte) {
	v = v[:min(len(v), maxOption)]
	b.u16(code)
	b.u16(uint16(len(v)))
	b.bytes(v)
}

// text appends an option with a string unless it is empty.
func (b *block) text(code uint16, s string) {
	if s != "" {
		b.said(code, s)
	}
}

// said appends an option with a string, at most as much of it as fits, in whole characters.
func (b *block) said(code uint16, s string) {
	if len(s) > maxOption {
		n := maxOption
		for n > maxOption-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	b.u16(code)
	b.u16(uint16(len(s)))
	b.buf = append(b.buf, s...)
	b.buf = append(b.buf, zeros[:-len(s)&3]...)
}

func (b *block) texts(code uint16, list []string) {
	for _, s := range list {
		b.said(code, s)
	}
}

func (b *block) number32(code uint16, v uint32) {
	b.u16(code)
	b.u16(4)
	b.u32(v)
}

func (b *block) number64(code uint16, v uint64) {
	b.u16(code)
	b.u16(8)
	b.buf = b.AppendUint64(b.buf, v)
}

// options appends options as they were written in the byte order of from, but not those that ask not to be copied.
func (b *block) options(kind uint32, list []trace.Option, from order) {
	for _, o := range list {
		if o.Code == pcapng.OptCustomTextNo || o.Code == pcapng.OptCustomBytesNo || o.Code == pcapng.OptEnd {
			continue
		}
		v := o.Value[:min(len(o.Value), maxOption)]
		b.u16(o.Code)
		b.u16(uint16(len(v)))
		at := len(b.buf)
		b.bytes(v)
		if from != b.order {
			swap(b.buf[at:at+len(v)], numbersOf(kind, o.Code))
		}
	}
}

// end appends the length and returns the buffer with the block.
func (b *block) end() []byte {
	n := uint32(len(b.buf) - b.begin + 4)
	b.PutUint32(b.buf[b.begin+4:], n)
	b.u32(n)
	return b.buf
}

// numbersOf are the sizes of the numbers that the value of an option begins with: they depend on the byte order.
func numbersOf(kind uint32, code uint16) []int {
	if code == pcapng.OptCustomText || code == pcapng.OptCustomBytes {
		return []int{4} // enterprise number
	}
	switch kind {
	case blockInterface:
		switch code {
		case pcapng.OptIfSpeed, pcapng.OptIfOffset, pcapng.OptIfTxSpeed, pcapng.OptIfRxSpeed:
			return []int{8}
		}
	case blockEnhanced:
		switch code {
		case pcapng.OptProcess:
			return []int{4, 4}
		case pcapng.OptDarwinProcess, pcapng.OptDarwinEffect:
			return []int{4}
		}
	case blockStatistics:
		switch {
		case code == pcapng.OptStatStart || code == pcapng.OptStatEnd:
			return []int{4, 4}
		case code >= pcapng.OptStatReceived && code <= pcapng.OptStatDelivered:
			return []int{8}
		}
	}
	return nil
}

// swap reverses the numbers at the start of v, in their sizes.
func swap(v []byte, sizes []int) {
	for _, n := range sizes {
		if len(v) < n {
			return
		}
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			v[i], v[j] = v[j], v[i]
		}
		v = v[n:]
	}
}

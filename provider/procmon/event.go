package procmon

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A part is some bytes of an event with where they lie in it.
type part struct {
	b  []byte
	at int
}

// has reports whether the part has n bytes at off.
func (p part) has(off, n int) bool { return off >= 0 && n <= len(p.b)-off }

// cut is what follows off in the part.
func (p part) cut(off int) part {
	off = min(off, len(p.b))
	return part{p.b[off:], p.at + off}
}

// number is the little-endian number of size bytes at off, 0 when the part ends before it.
func (p part) number(off, size int) uint64 {
	if !p.has(off, size) {
		return 0
	}
	return field.Number(p.b[off:off+size], true)
}

// span is where n bytes at off lie in the event, as far as the part has them.
func (p part) span(off, n int) field.Span {
	off = min(off, len(p.b))
	return field.Span{Off: p.at + off, Len: min(n, len(p.b)-off)}
}

// A decoder lays out one event of a log.
type decoder struct {
	e       *provider.Event
	pointer int // size of an address on the machine
	detail  part
	extra   part // valid iff hasExtra
	result  uint32
	scratch [256]byte

	hasExtra bool
}

// layEvent lays out an event of a log: 52 bytes, the stack, the detail of the operation, and maybe what it returned.
func layEvent(e *provider.Event, rec *trace.Record) {
	d := decoder{e: e, pointer: int(rec.Event.PointerSize)}
	b, h := rec.Data, rec.Event
	d.result = binary.LittleEndian.Uint32(b[resultAt:])
	at := headerLen + int(binary.LittleEndian.Uint16(b[depthAt:]))*d.pointer
	size := int(binary.LittleEndian.Uint32(b[detailLenAt:]))
	if at > len(b) {
		e.Short = true
		at = len(b)
	}
	if size > len(b)-at {
		e.Short, size = true, len(b)-at
	}
	d.detail = part{b[at : at+size : at+size], at}
	if off := int(binary.LittleEndian.Uint32(b[extraAt:])); off != 0 {
		d.setExtra(b, off)
	}
	name := Operation(Class(h.Task), h.ID, 0)
	switch Class(h.Task) {
	case Process:
		d.process(h)
	case Registry:
		d.registry(h)
	case FileSystem:
		name = d.fileSystem(h)
	case Network:
		name = d.network(h, name)
	default:
		d.common("", field.Span{})
	}
	e.Compose(provider.Key{ID: h.ID, Version: h.Version}, name, vocabulary)
}

// setExtra finds the bytes that the operation returned: a length u16 and the bytes, at off from the start of the event.
func (d *decoder) setExtra(b []byte, off int) {
	if off < headerLen || off > len(b)-2 {
		d.e.Short = true
		return
	}
	n := int(binary.LittleEndian.Uint16(b[off:]))
	if off+2+n > len(b) {
		d.e.Short = true
		n = len(b) - off - 2
	}
	d.extra, d.hasExtra = part{b[off+2 : off+2+n : off+2+n], off + 2}, true
}

// common puts the fields that every event has: path, result, duration.
func (d *decoder) common(path string, at field.Span) {
	b := d.e.Payload
	d.e.Put(fPath, field.S(path), at)
	d.e.Put(fResult, field.S(ResultText(d.result)), field.Span{Off: resultAt, Len: 4})
	if d.result != pending {
		d.e.Put(fDuration, duration(binary.LittleEndian.Uint64(b[durationAt:])), field.Span{Off: durationAt, Len: 8})
	}
}

// duration turns units of 100 ns into a value.
func duration(ticks uint64) field.Value {
	return field.Value{Type: field.Duration, U: min(ticks, math.MaxInt64/100) * 100}
}

// num puts a number of the part; nothing when the part ends before it.
func (d *decoder) num(id uint8, p part, off, size int) {
	if !p.has(off, size) {
		return
	}
	d.e.Put(id, d.value(id, p.number(off, size)), p.span(off, size))
}

// value is a number as a field's style has it.
func (d *decoder) value(id uint8, u uint64) field.Value {
	switch words[id].style {
	case boolean:
		return field.Value{Type: field.Bool, U: min(u, 1)}
	case seconds, inWords:
		return duration(u)
	case date:
		return fileTime(u)
	case signed:
		return field.Value{Type: field.Int, U: uint64(int64(int32(u)))}
	}
	return field.U(u)
}

// epoch is 1970-01-01 as FILETIME: 100 ns since 1601-01-01.
const epoch = 116444736000000000

// fileTime is a time where it can be told in nanoseconds of an int64, else the number as it stands.
func fileTime(u uint64) field.Value {
	ticks := int64(u) - epoch
	if u > math.MaxInt64 || ticks > math.MaxInt64/100 || ticks < math.MinInt64/100 {
		return field.U(u)
	}
	return field.Value{Type: field.Time, U: uint64(ticks * 100)}
}

// put puts a text.
func (d *decoder) put(id uint8, s string, at field.Span) { d.e.Put(id, field.S(s), at) }

// kept is a text that was made in the decoder's memory; short ones are kept.
func (d *decoder) kept(b []byte) string { return d.e.UTF8(b) }

// A counted says how long a text is and in which letters: characters in 15 bits, and bit 15 for one byte a character.
type counted uint16

func (c counted) size() int {
	if c&0x8000 != 0 {
		return int(c & 0x7fff)
	}
	return 2 * int(c)
}

// text is a counted text at off, and what follows it.
func (d *decoder) text(p part, off int, c counted) (s string, at field.Span, next int) {
	n := c.size()
	if !p.has(off, n) {
		d.e.Short = true
		n = max(0, len(p.b)-off)
		off = min(off, len(p.b))
	}
	b := p.b[off : off+n]
	if c&0x8000 != 0 {
		return d.e.UTF8(b), p.span(off, n), off + n
	}
	return d.e.UTF16(b), p.span(off, n), off + n
}

// wide is UTF-16 of size bytes at off, up to its NUL, or as far as the part goes.
func (d *decoder) wide(p part, off, size int) (string, field.Span) {
	off = min(off, len(p.b))
	size = max(0, min(size, len(p.b)-off))
	b := p.b[off : off+size]
	for i := 0; i+1 < len(b); i += 2 {
		if b[i]|b[i+1] == 0 {
			b = b[:i]
			break
		}
	}
	return d.e.UTF16(b), p.span(off, size)
}

// Operation is the name of an operation, as the Operation column has it but for the protocol of the network; code and
// number when it is not known.
func Operation(c Class, code uint16, sub uint8) string {
	if c == FileSystem && sub != 0 {
		if names, ok := refined[code]; ok {
			if name, ok := names[sub]; ok {
				return name
			}
			return "<Unknown>"
		}
	}
	if int(c) < len(operations) && int(code) < len(operations[c]) {
		return operations[c][code]
	}
	return "<Unknown>"
}

// ResultText is the Result column of an NTSTATUS code; "" for an operation that is pending.
func ResultText(status uint32) string {
	if s, ok := results[status]; ok {
		return s
	}
	return "0x" + upper(uint64(status))
}

func upper(u uint64) string {
	b := strconv.AppendUint(nil, u, 16)
	for i, c := range b {
		if c >= 'a' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

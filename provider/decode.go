package provider

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/wiretale/wiretale/field"
)

// Payload rules: fields are packed in the order of the layout. A string ends
// with NUL or with the payload. A length or count is that of the field it
// refers to. A pointer has the size of the event, not of the file. What
// follows the last known field is kept in Extra; a payload that ends inside a
// field leaves Short. Nothing fails.

// fixedSize is the size of a type in bytes, 0 for one whose size is in the data.
func fixedSize(t InType, pointer int) int {
	switch t {
	case InInt8, InUInt8:
		return 1
	case InInt16, InUInt16:
		return 2
	case InInt32, InUInt32, InFloat, InBoolean, InHexInt32:
		return 4
	case InInt64, InUInt64, InDouble, InFileTime, InHexInt64:
		return 8
	case InGUID, InSystemTime:
		return 16
	case InPointer:
		return pointer
	}
	return 0
}

// width is the size of one unit of a length in bytes.
func width(t InType) int {
	if t == InUnicodeString || t == InCountedString {
		return 2
	}
	return 1
}

// A step is how to decode a field: the plain numbers, which are most fields,
// are read where the walk stands, without a call.
type step struct {
	kind field.Type // of a plain number, None for every other field
	size uint8      // of a plain number in bytes, 0 for a pointer
	list bool
}

func newStep(f *Field) step {
	s := step{list: f.array()}
	if s.list {
		return s
	}
	switch f.In {
	case InUInt8, InUInt16, InUInt32, InUInt64, InHexInt32, InHexInt64:
		if f.Out != OutPort && f.Out != OutIPv4 && f.Out != OutBoolean {
			s.kind, s.size = field.Uint, uint8(fixedSize(f.In, 0))
		}
	case InPointer:
		s.kind = field.Pointer
	}
	return s
}

// A walker decodes one payload.
type walker struct {
	payload []byte
	pointer int
	event   *Event
}

// decode lays d over the payload of e.
func (e *Event) decode(d *Definition, payload []byte, pointer int) {
	e.Def, e.Payload, e.Extra, e.Short, e.pointer = d, payload, nil, false, pointer
	e.clearArrays()
	n, off := e.walk(d.Fields, d.plan, payload, pointer)
	e.Short = n < len(d.Fields)
	e.Extra = payload[off:]
}

// walk decodes fields one after the other into Values, Spans and Arrays. It
// returns how many there were and where they end.
func (e *Event) walk(fields []Field, plan []step, payload []byte, pointer int) (n, off int) {
	if cap(e.Values) < len(fields) {
		e.Values, e.Spans = make([]field.Value, len(fields)), make([]field.Span, len(fields))
	}
	values, spans := e.Values[:len(fields)], e.Spans[:len(fields)]
	e.Values, e.Spans = values, spans
	w := walker{payload: payload, pointer: pointer, event: e}
	for i := range plan {
		s := &plan[i]
		size, ok := int(s.size), true
		switch {
		case s.kind != field.None:
			if size == 0 {
				size = pointer
			}
			if ok = size <= len(payload)-off; ok {
				values[i] = field.Value{Type: s.kind, U: little(payload[off:], size)}
			}
		case s.list:
			values[i] = field.Value{}
			size, ok = w.array(&fields[i], i, off)
		default:
			values[i], size, ok = w.one(&fields[i], off, w.length(&fields[i]))
		}
		if !ok {
			e.Values, e.Spans = values[:i], spans[:i]
			return i, off
		}
		spans[i] = field.Span{Off: off, Len: size}
		off += size
	}
	return len(fields), off
}

func (e *Event) clearArrays() {
	e.elements = e.elements[:0]
	if len(e.Arrays) > 0 {
		clear(e.Arrays)
	}
}

// little reads a number of 1, 2, 4 or 8 bytes, which b has.
func little(b []byte, size int) uint64 {
	switch size {
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	}
	return uint64(b[0])
}

// length is the number of bytes that the length field gives, -1 when the field has none.
func (w *walker) length(f *Field) int {
	switch {
	case f.LengthOf >= 0 && f.LengthOf < len(w.event.Values):
		return scale(w.event.Values[f.LengthOf].U, f.In)
	case f.Length > 0:
		return f.Length * width(f.In)
	}
	return -1
}

// scale turns a length of the payload into bytes; one that no payload can have stays too long.
func scale(u uint64, t InType) int {
	if u > math.MaxInt32/2 {
		return math.MaxInt32
	}
	return int(u) * width(t)
}

// one decodes one element at off: its value and size. ok is false when the payload ends inside it.
func (w *walker) one(f *Field, off, length int) (v field.Value, n int, ok bool) {
	rest := w.payload[off:]
	if n := fixedSize(f.In, w.pointer); n > 0 {
		if n > len(rest) {
			return v, 0, false
		}
		return w.fixed(f, rest[:n:n]), n, true
	}
	data, n, ok := extent(f.In, rest, length, w.pointer)
	if !ok {
		return v, 0, false
	}
	return w.variable(f, data), n, true
}

// extent is the data of a field of variable size and the number of bytes that it takes with its prefix or NUL.
func extent(t InType, rest []byte, length, pointer int) (data []byte, n int, ok bool) {
	switch t {
	case InUnicodeString, InAnsiString:
		if length >= 0 {
			return counted(rest, 0, length)
		}
		if t == InUnicodeString {
			return untilNUL16(rest)
		}
		return untilNUL(rest)
	case InCountedString, InCountedAnsiString, InCountedBinary:
		if len(rest) < 2 {
			return nil, 0, false
		}
		return counted(rest, 2, int(binary.LittleEndian.Uint16(rest)))
	case InSID:
		if len(rest) < 8 {
			return nil, 0, false
		}
		return counted(rest, 0, 8+4*int(rest[1]))
	case InWBEMSID:
		return tokenUser(rest, pointer)
	}
	if length >= 0 {
		return counted(rest, 0, length)
	}
	return rest, len(rest), true // bytes of unknown length, or of a type that is not known: all that is left
}

// tokenUser is a TOKEN_USER (two pointers, ntifs.h) and the SID behind it, [MS-DTYP] 2.4.2.2, or four
// zero bytes when there is none. The pointers may be 0 with a SID behind them: then what
// follows the four bytes looks like more zeros and a SID, which no name does.
func tokenUser(b []byte, pointer int) (sid []byte, n int, ok bool) {
	if len(b) < 4 {
		return nil, 0, false
	}
	at := 2 * pointer
	follows := len(b) >= at+8 && b[4] == 0 && b[at] == 1 && b[at+1] <= 15
	if b[0]|b[1]|b[2]|b[3] == 0 && !follows {
		return nil, 4, true
	}
	if len(b) < at+8 {
		return nil, 0, false
	}
	return counted(b, at, 8+4*int(b[at+1]))
}

func counted(b []byte, prefix, length int) (data []byte, n int, ok bool) {
	if length > len(b)-prefix {
		return nil, 0, false
	}
	return b[prefix : prefix+length : prefix+length], prefix + length, true
}

// fixed decodes a number, time or GUID.
func (w *walker) fixed(f *Field, b []byte) field.Value {
	switch f.In {
	case InGUID:
		return field.Value{Type: field.GUID, B: b}
	case InSystemTime:
		return systemTime(b)
	}
	if f.Out == OutPort && len(b) == 2 {
		return field.Value{Type: field.Uint, U: uint64(binary.BigEndian.Uint16(b))}
	}
	u := field.Number(b, true)
	switch f.In {
	case InInt8:
		return field.Value{Type: field.Int, U: uint64(int64(int8(u)))}
	case InInt16:
		return field.Value{Type: field.Int, U: uint64(int64(int16(u)))}
	case InInt32:
		return field.Value{Type: field.Int, U: uint64(int64(int32(u)))}
	case InInt64:
		return field.Value{Type: field.Int, U: u}
	case InFloat:
		return field.Value{Type: field.Float, U: math.Float64bits(float64(math.Float32frombits(uint32(u))))}
	case InDouble:
		return field.Value{Type: field.Float, U: u}
	case InBoolean:
		return boolean(u)
	case InPointer:
		return field.Value{Type: field.Pointer, U: u}
	case InFileTime:
		return fileTime(u)
	}
	switch {
	case f.Out == OutIPv4 && len(b) == 4:
		return field.Value{Type: field.IPv4, U: u, B: b}
	case f.Out == OutBoolean:
		return boolean(u)
	}
	return field.Value{Type: field.Uint, U: u}
}

func boolean(u uint64) field.Value {
	if u != 0 {
		u = 1
	}
	return field.Value{Type: field.Bool, U: u}
}

// epoch is 1970-01-01 as FILETIME: 100 ns since 1601-01-01.
const epoch = 116444736000000000

// fileTime is a time when it can be told in nanoseconds of an int64, else the
// number as it stands: 0 and the largest values mean never.
func fileTime(u uint64) field.Value {
	ticks := int64(u) - epoch
	if u == 0 || u > math.MaxInt64 || ticks > math.MaxInt64/100 || ticks < math.MinInt64/100 {
		return field.Value{Type: field.Uint, U: u}
	}
	return field.Value{Type: field.Time, U: uint64(ticks * 100)}
}

// systemTime reads a SYSTEMTIME: eight u16: year, month, day of week, day, hour, minute, second, millisecond.
func systemTime(b []byte) field.Value {
	part := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	if y := part(0); y < 1970 || y > 2261 || part(1) < 1 || part(1) > 12 {
		return field.Value{Type: field.Bytes, B: b}
	}
	t := time.Date(part(0), time.Month(part(1)), part(3), part(4), part(5), part(6), part(7)*1e6, time.UTC)
	return field.Value{Type: field.Time, U: uint64(t.UnixNano())}
}

// variable decodes a string, bytes, an address or a SID.
func (w *walker) variable(f *Field, b []byte) field.Value {
	switch f.In {
	case InUnicodeString, InCountedString:
		return field.Value{Type: field.String, B: b, S: w.event.word16(trimNUL16(b))}
	case InAnsiString, InCountedAnsiString:
		return field.Value{Type: field.String, B: b, S: w.event.word8(trimNUL(b))}
	case InSID, InWBEMSID:
		return field.Value{Type: field.SID, B: b}
	}
	switch {
	case f.Out == OutSocketAddress:
		return field.Value{Type: field.SockAddr, B: b}
	case f.Out == OutIPv6 && len(b) == 16:
		return field.Value{Type: field.IPv6, B: b}
	case (f.Out == OutIPv4 || f.Out == OutIPv6) && len(b) == 4:
		return field.Value{Type: field.IPv4, B: b}
	case (f.Out == OutMAC || f.Out == OutHexInt8) && len(b) == 6:
		return field.Value{Type: field.Ether, B: b}
	case f.Out == OutString || f.Out == OutUTF8 || f.Out == OutJSON:
		return field.Value{Type: field.String, B: b, S: w.event.word8(trimNUL(b))}
	}
	return field.Value{Type: field.Bytes, B: b}
}

// trimNUL drops what follows the first NUL of a string of given length.
func trimNUL(b []byte) []byte {
	data, _, _ := untilNUL(b)
	return data
}

func trimNUL16(b []byte) []byte {
	data, _, _ := untilNUL16(b)
	return data
}

// array decodes a list into Event.Arrays and returns the number of bytes it takes.
func (w *walker) array(f *Field, index, off int) (n int, ok bool) {
	count, start := f.Count, off
	switch {
	case f.Counted:
		if len(w.payload)-off < 2 {
			return 0, false
		}
		count = int(binary.LittleEndian.Uint16(w.payload[off:]))
		off += 2
	case f.CountOf >= 0:
		if f.CountOf >= len(w.event.Values) {
			return 0, false
		}
		count = int(min(w.event.Values[f.CountOf].U, math.MaxInt32))
	case f.Count == ToEnd:
		size := fixedSize(f.In, w.pointer)
		if size == 0 {
			return 0, false
		}
		count = (len(w.payload) - off) / size
	}
	if count > (len(w.payload)-off)/max(f.least(), 1) {
		return 0, false
	}
	e := w.event
	first := len(e.elements)
	var inner *Event // a structure has its own numbering of fields
	var plan []step
	if f.In == InStruct {
		inner, plan = &Event{words: e.words}, stepsOf(f.Members)
	}
	for range count {
		v, n, ok := w.element(f, off, inner, plan)
		if !ok || n == 0 { // elements that take no bytes would let a count in the payload size the list
			return 0, false
		}
		e.elements = append(e.elements, v)
		off += n
	}
	if e.Arrays == nil {
		e.Arrays = map[int][]field.Value{}
	}
	e.Arrays[index] = e.elements[first:len(e.elements):len(e.elements)]
	return off - start, true
}

// element decodes one element of a list. A structure is kept as its bytes.
func (w *walker) element(f *Field, off int, inner *Event, plan []step) (v field.Value, n int, ok bool) {
	if f.In != InStruct {
		return w.one(f, off, w.length(f))
	}
	rest := w.payload[off:]
	n, ok = inner.structure(f.Members, plan, rest, w.pointer)
	if !ok {
		return v, 0, false
	}
	return field.Value{B: rest[:n:n]}, n, true
}

// structure lays members over the start of b and returns the size; Values and Arrays have what is in them.
func (e *Event) structure(members []Field, plan []step, b []byte, pointer int) (size int, ok bool) {
	e.clearArrays()
	n, size := e.walk(members, plan, b, pointer)
	return size, n == len(members)
}

// stepsOf is the plan of the members of a structure; lists of structures are rare enough to make it for each.
func stepsOf(members []Field) []step {
	plan := make([]step, len(members))
	for i := range members {
		plan[i] = newStep(&members[i])
	}
	return plan
}

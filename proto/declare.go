package proto

import "github.com/wiretale/wiretale/field"

// The constructors here declare the fields that headers are made of: numbers
// and bits at fixed places. off and n count bytes from the start of the layer.

// Dec is a number of n bytes that is printed in decimal.
func Dec(name, title string, off, n int, mask uint64) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Uint, Off: off, Len: n, Mask: mask}
}

// Hex is a number of n bytes that is printed in hex.
func Hex(name, title string, off, n int, mask uint64) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Uint, Base: field.Hex, Off: off, Len: n, Mask: mask}
}

// Bit is a flag in a number of n bytes.
func Bit(name, title string, off, n int, mask uint64) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Bool, Off: off, Len: n, Mask: mask}
}

// Fixed is n bytes of a type that is no number.
func Fixed(name, title string, t field.Type, off, n int) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Off: off, Len: n}
}

// Little makes a field of a fixed place little-endian.
func Little(f field.Field) field.Field {
	f.Little = true
	return f
}

// Named gives the values of a field their names.
func Named(f field.Field, names field.Names) field.Field {
	f.Names = names
	return f
}

// Hidden leaves a field out of the details tree: it repeats what others show, for filters.
func Hidden(f field.Field) field.Field {
	f.Hidden = true
	return f
}

// Answering are the fields of a message that answers a question, by Wireshark's names of the protocol: the record with the question, and the time since
// then. Package stream pairs them.
func Answering(protocol string) []field.Field {
	const from = "from the connection"
	unknown := func([]byte, func(field.Span, field.Value) bool) {}
	return []field.Field{
		{Name: protocol + ".response_to", Title: "Response to", Type: field.Uint, Width: 4, Derived: from, Find: unknown},
		{Name: protocol + ".time", Title: "Time since the request", Type: field.Duration, Derived: from, Find: unknown},
	}
}

// When makes a field of a fixed place one that only some layers have.
func When(f field.Field, has func(layer []byte) bool) field.Field {
	return Moved(f, func(b []byte) int {
		if has(b) {
			return 0
		}
		return -1
	})
}

// Moved makes a field of a fixed place one that lies by bytes further into
// the layer; a negative distance means that the layer has no such field.
func Moved(f field.Field, by func(layer []byte) int) field.Field {
	fixed := f
	f.Width, f.Off, f.Len, f.Mask = fixed.Size(), 0, 0, 0
	if fixed.Mask != 0 {
		f.Bits = true
	}
	f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
		n := by(b)
		if n < 0 || n > len(b) {
			return
		}
		fixed.All(b[n:], func(s field.Span, v field.Value) bool {
			s.Off += n
			return yield(s, v)
		})
	}
	return f
}

// In makes a field of a fixed place in an element one of each element of the list that the condition holds for; nil takes all.
func (w Walk) In(f field.Field, when func(element []byte) bool) field.Field {
	fixed := f
	f.Width, f.Off, f.Len, f.Mask, f.Bits = fixed.Size(), 0, 0, 0, fixed.Mask != 0
	f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
		w(b, func(at, n int) bool {
			e := b[at : at+n]
			more := true
			if when == nil || when(e) {
				fixed.All(e, func(s field.Span, v field.Value) bool {
					s.Off += at
					more = yield(s, v)
					return more
				})
			}
			return more
		})
	}
	return f
}

package proto

import (
	"github.com/wiretale/wiretale/field"
)

// A Find is the Find function of a [field.Field]. The constructors here cover
// the places that fields have in headers: behind something of variable
// length, twice (source and destination), and in lists of options.
type Find func(layer []byte, yield func(field.Span, field.Value) bool)

// value reads n bytes at off as t; false when they are not all there.
func value(b []byte, t field.Type, off, n int, mask uint64) (field.Span, field.Value, bool) {
	if off < 0 || n < 0 || off+n > len(b) {
		return field.Span{}, field.Value{}, false
	}
	if n == 0 {
		return field.Span{Off: off}, field.Value{Type: t}, true
	}
	return field.Span{Off: off, Len: n}, field.Read(b[off:off+n], t, mask, false), true
}

// At is a field of n bytes at the offset that at finds; a negative offset means that the layer has no such field.
func At(t field.Type, n int, mask uint64, at func(b []byte) int) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if s, v, ok := value(b, t, at(b), n, mask); ok {
			yield(s, v)
		}
	}
}

// Slice is a field at the offset and of the length that at finds; a negative offset means that the layer has no such field.
func Slice(t field.Type, at func(b []byte) (off, n int)) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		off, n := at(b)
		if s, v, ok := value(b, t, off, n, 0); ok {
			yield(s, v)
		}
	}
}

// If is a field at a fixed place of layers that the condition holds for.
func If(t field.Type, off, n int, mask uint64, when func(b []byte) bool) Find {
	return At(t, n, mask, func(b []byte) int {
		if off+n > len(b) || !when(b) {
			return -1
		}
		return off
	})
}

// Computed is a value that the bytes b[off:off+n] stand for.
func Computed(off, n int, get func(b []byte) field.Value) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if off+n <= len(b) {
			yield(field.Span{Off: off, Len: n}, get(b))
		}
	}
}

// A Walk yields the offset and length of each element of a list in a layer:
// options, sub-headers, labels. It ends at the first that is not there whole.
type Walk func(b []byte, yield func(off, n int) bool)

// All is a field of n bytes, off bytes into each element of the list that
// the condition holds for; nil takes all.
func (w Walk) All(t field.Type, off, n int, mask uint64, when func(element []byte) bool) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		w(b, func(at, length int) bool {
			if off+n > length || when != nil && !when(b[at:at+length]) {
				return true
			}
			s, v, ok := value(b, t, at+off, n, mask)
			return !ok || yield(s, v)
		})
	}
}

// Rest is what each element of the list has from off on.
func (w Walk) Rest(t field.Type, off int, when func(element []byte) bool) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		w(b, func(at, length int) bool {
			if off > length || when != nil && !when(b[at:at+length]) {
				return true
			}
			s, v, ok := value(b, t, at+off, length-off, 0)
			return !ok || yield(s, v)
		})
	}
}

// Repeat is a field of n bytes that fills each element of the list from off
// on, every stride bytes.
func (w Walk) Repeat(t field.Type, off, n, stride int, when func(element []byte) bool) Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		w(b, func(at, length int) bool {
			if when != nil && !when(b[at:at+length]) {
				return true
			}
			for o := off; o+n <= length; o += stride {
				s, v, ok := value(b, t, at+o, n, 0)
				if !ok || !yield(s, v) {
					return false
				}
			}
			return true
		})
	}
}

// Kind holds for elements whose first byte is one of the kinds.
func Kind(kinds ...byte) func([]byte) bool {
	return func(e []byte) bool {
		for _, k := range kinds {
			if len(e) > 0 && e[0] == k {
				return true
			}
		}
		return false
	}
}

// KindSize holds for elements of a kind that are n bytes long.
func KindSize(kind byte, n int) func([]byte) bool {
	return func(e []byte) bool { return len(e) == n && e[0] == kind }
}

// TLV walks options of a type byte, a length byte, and a value. single names
// the types that are one byte only; whole says whether the length counts the
// two bytes before the value. end ends the list, -1 never.
func TLV(span func(b []byte) (from, to int), single func(kind byte) bool, whole bool, end int) Walk {
	return tlv(span, single, whole, end, false)
}

// Heads is TLV with an option at the end of which less was captured than the list has: for types and lengths, not for values.
func Heads(span func(b []byte) (from, to int), single func(kind byte) bool, whole bool, end int) Walk {
	return tlv(span, single, whole, end, true)
}

func tlv(span func(b []byte) (from, to int), single func(kind byte) bool, whole bool, end int, cut bool) Walk {
	return func(b []byte, yield func(off, n int) bool) {
		from, list := span(b)
		to := min(list, len(b))
		for from >= 0 && from < to {
			n := 1
			if !single(b[from]) {
				if from+1 >= to {
					return
				}
				n = int(b[from+1])
				if !whole {
					n += 2
				}
				if cut && from+n > to && from+n <= list {
					n = to - from
				}
				if n < 2 || from+n > to {
					return
				}
			}
			if !yield(from, n) || int(b[from]) == end {
				return
			}
			from += n
		}
	}
}

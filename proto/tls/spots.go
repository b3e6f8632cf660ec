package tls

import "github.com/wiretale/wiretale/field"

// spots are the places of a field in a layer: offset and length of each.
type spots func(b []byte, note *field.Note, yield func(off, n int) bool)

// at makes a field one that lies at spots. One with a length of its own begins at each of them.
func at(f field.Field, s spots) field.Field {
	n, t := f.Len, f.Type
	f.Width, f.Len = f.Size(), 0
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		s(b, note, func(off, length int) bool {
			switch {
			case t == field.None:
				return yield(field.Span{Off: off, Len: min(length, len(b)-off)}, field.Value{})
			case n > 0:
				length = n
			}
			if off < 0 || length < 0 || off+length > len(b) {
				return true
			}
			return yield(field.Span{Off: off, Len: length}, field.Read(b[off:off+length], t, 0, false))
		})
	}
	return f
}

// inRecords are spots in the records that get has any for.
func inRecords(get func(b []byte, r *Record, note *field.Note) (off, n int, ok bool)) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Records(b, note, func(r *Record) bool {
			off, n, ok := get(b, r, note)
			return !ok || yield(off, n)
		})
	}
}

// inMessages are spots in the handshake messages that get has any for; those that are encrypted are left out.
func inMessages(get func(b []byte, m *Message) (off, n int, ok bool)) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Messages(b, note, func(m *Message) bool {
			if m.Encrypted || m.Part {
				return true
			}
			off, n, ok := get(b, m)
			return !ok || off+n > m.End || yield(off, n)
		})
	}
}

// inHellos are spots in hellos.
func inHellos(get func(b []byte, m *Message, h *hello) (off, n int, ok bool)) spots {
	return inMessages(func(b []byte, m *Message) (int, int, bool) {
		h, ok := helloOf(b, m)
		if !ok {
			return 0, 0, false
		}
		return get(b, m, &h)
	})
}

// inExtensions are spots in the extensions of one kind.
func inExtensions(kind int, get func(b []byte, e *extension, yield func(off, n int) bool) bool) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		extensions(b, note, func(e *extension) bool { return e.kind != kind || get(b, e, yield) })
	}
}

// lead is a number of n bytes at the start of the extensions of a kind, when those are of a ClientHello or client is false.
func lead(kind, n int, client bool) spots {
	return inExtensions(kind, func(_ []byte, e *extension, yield func(off, n int) bool) bool {
		return client && e.of != clientHello || e.body+n > e.end || yield(e.body, n)
	})
}

// listed are the elements of n bytes in a list with a length of size bytes before it, which the extensions of a kind are.
func listed(kind, size, n int) spots {
	return inExtensions(kind, func(_ []byte, e *extension, yield func(off, n int) bool) bool {
		for o := e.body + size; o+n <= e.end; o += n {
			if !yield(o, n) {
				return false
			}
		}
		return true
	})
}

// strings are the elements of a list of strings, each with a length of one byte before it; size is that of the list's own length.
func stringsIn(kind, size int, length bool) spots {
	return inExtensions(kind, func(b []byte, e *extension, yield func(off, n int) bool) bool {
		for o := e.body + size; o < e.end; o += 1 + int(b[o]) {
			if o+1+int(b[o]) > e.end {
				break
			}
			off, n := o+1, int(b[o])
			if length {
				off, n = o, 1
			}
			if !yield(off, n) {
				return false
			}
		}
		return true
	})
}

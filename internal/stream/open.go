package stream

import (
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxOpen bounds the units of one direction that wait for bytes; the oldest is given up.
	maxOpen = 4
	// maxKept is how many bytes of a unit are put together. Of a longer one only the length counts beyond it.
	maxKept = 1 << 20
)

// An open unit goes on beyond the segments that were seen.
type open struct {
	span        // to is the end as far as it is known
	whole bool  // the length is not known: all of the next segment belongs to it
	until bool  // it ends when the sender closes; to is no limit then
	gap   bool  // bytes before it are missing
	full  bool  // no more of it is kept
	have  int64 // how many of its bytes passed
	began request.Mark
	head  []byte // the first of them, with zeros where none passed
}

// holds reports whether the byte at an offset belongs to the unit.
func (o *open) holds(at int64) bool { return at >= o.from && (o.until || at < o.to) }

// take puts in n bytes of the unit, of which data was captured, and reports whether it is whole.
func (o *open) take(at int64, data []byte, n int64, m *memory) bool {
	if o.whole {
		o.whole, o.to = false, at+n
	}
	o.have += n
	if i := at - o.from; i < maxKept {
		o.put(int(i), data[:min(len(data), maxKept-int(i))], m)
		if int64(len(data)) < n { // the capture cut the segment: what lies behind is not known to follow
			o.head, o.full = o.head[:min(len(o.head), int(i)+len(data))], true
		}
	}
	return !o.until && o.have >= o.to-o.from
}

// put keeps data, which begins i bytes into the unit.
func (o *open) put(i int, data []byte, m *memory) {
	if !o.full && i+len(data) > len(o.head) {
		grown := m.grow(o.head, i+len(data))
		if o.full = grown == nil; !o.full {
			o.head = grown
		}
	}
	if i < len(o.head) {
		copy(o.head[i:], data)
	}
}

// extend notes what the protocol says of the unit's end, when n bytes of it are known of.
func (o *open) extend(e proto.Extent, n int64) {
	o.whole, o.until = e == proto.More, e == proto.UntilEnd
	switch {
	case o.whole:
		o.to = o.from + n + 1
	case o.until:
		o.to = o.from + n
	default:
		o.to = o.from + int64(e)
	}
}

// memory gives open units their bytes, within a bound for all of them.
type memory struct {
	held int      // bytes behind units that are open
	free [][]byte // spare ones
}

const (
	maxHeld  = 8 << 20 // of one Applications
	maxSpare = 16
	minBlock = 4 << 10
)

// grow makes b n bytes long, the new ones zero; nil when there is no room for it.
func (m *memory) grow(b []byte, n int) []byte {
	if n <= len(b) {
		return b
	}
	if n > cap(b) {
		size := max(minBlock, 2*cap(b), n)
		if m.held-cap(b)+size > maxHeld {
			return nil
		}
		bigger := m.take(size)[:len(b)]
		copy(bigger, b)
		m.give(b)
		b = bigger
	}
	at := len(b)
	b = b[:n]
	clear(b[at:])
	return b
}

func (m *memory) take(size int) []byte {
	for i, b := range m.free {
		if cap(b) >= size {
			m.free = slices.Delete(m.free, i, i+1)
			m.held += cap(b)
			return b[:0]
		}
	}
	m.held += size
	return make([]byte, 0, size)
}

// give returns the bytes of a unit.
func (m *memory) give(b []byte) {
	if cap(b) == 0 {
		return
	}
	m.held -= cap(b)
	if len(m.free) < maxSpare {
		m.free = append(m.free, b[:0])
	}
}

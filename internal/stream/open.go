package stream

import (
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxOpen bounds the units of one direction that wait for bytes; the oldest is given up.
	maxOpen = 4
	// maxKept is how many bytes of a unit are put together. Of a longer one only the length counts beyond it.
	maxKept = 1 << 20
	// maxWhole is the same for units that are worth nothing unless they are whole: the longest READ of Windows with its headers.
	maxWhole = 8<<20 + 64<<10
	// maxFew is the same for units whose end is known, where nobody looks at packets: the headers of SMB, and a name. What a protocol needed to know the end is kept too.
	maxFew = 1 << 10
)

// An open unit goes on beyond the segments that were seen.
type open struct {
	span        // to is the end as far as it is known
	whole bool  // the length is not known: all of the next segment belongs to it
	until bool  // it ends when the sender closes; to is no limit then
	gap   bool  // bytes before it are missing
	full  bool  // no more of it is kept
	all   bool  // more than usual is kept: it is worth nothing unless it is whole
	few   bool  // only its head is kept
	have  int64 // how many of its bytes passed
	told  bool  // it was taken in without what is missing of it
	solid int64 // how many of its first bytes passed without a hole
	began request.Mark
	last  request.Mark // the latest segment that brought bytes of it
	head  []byte       // the first of them, with zeros where none passed
}

// holds reports whether the byte at an offset belongs to the unit.
func (o *open) holds(at int64) bool { return at >= o.from && (o.until || at < o.to) }

// most is how many bytes of the unit are kept.
func (o *open) most() int {
	switch {
	case o.all:
		return maxWhole
	case o.few:
		return max(maxFew, len(o.head))
	}
	return maxKept
}

// take puts in n bytes of the unit, of which data was captured, and reports whether it is whole.
func (o *open) take(at int64, data []byte, n int64, m *memory) bool {
	if o.whole {
		o.whole, o.to = false, at+n
	}
	o.have += n
	if at-o.from <= o.solid {
		o.solid = max(o.solid, at-o.from+n)
	}
	if i, most := at-o.from, o.most(); i < int64(most) {
		o.put(int(i), data[:min(len(data), most-int(i))], m)
		if int64(len(data)) < n { // the capture cut the segment: what lies behind is not known to follow
			o.head, o.full = o.head[:min(len(o.head), int(i)+len(data))], true
		}
	}
	return !o.until && o.have >= o.to-o.from
}

// put keeps data, which begins i bytes into the unit.
func (o *open) put(i int, data []byte, m *memory) {
	if !o.full && i+len(data) > len(o.head) {
		grown := m.grow(o.head, i+len(data), o.all)
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

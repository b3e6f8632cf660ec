package point

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/wiretale/wiretale/proto/tcp"
)

// An anchor is a place in a stream of TCP that its bytes alone choose: 24 bytes. Whoever carries the bytes on, in whatever
// segments and behind whatever else, has the same anchors.
type anchor struct {
	hash uint64 // of anchorBytes bytes
	time int64  // of the segment that completes them
	talk uint32 // as in print
	seq  uint32 // of the first of them
}

func (a *anchor) conv() int { return int(a.talk >> 1) }

// anchorBytes is how many bytes an anchor is the hash of. A snap length of 96 leaves 26 of a segment with time stamps.
const anchorBytes = 16

// marks are the bytes that anchors begin with. Looking for a byte is what processors do fastest, and two of 256 values are some eight anchors in
// 1,000 bytes that are compressed or encrypted. One is a letter that text has in one of 70 places, the other a digit. Zeros have none.
var marks = [...]byte{'b', '7'}

// A strand is one direction of a connection as far as it was looked at.
type strand struct {
	next uint32 // number behind the last byte
	n    uint8  // bytes of tail that are valid
	kept uint16 // anchors since the level rose, and as many before
	open bool
	// level is how many low bits of a hash are zero for the anchors that are kept: a stream that is twice as long has
	// a constant number of anchors more, and those of its other copy, wherever that begins, are among them.
	level uint8
	tail  [anchorBytes - 1]byte // what came before next
}

// A braid is the directions of one connection.
type braid struct {
	conv    uint32
	strands [2]strand
}

const (
	// manyAnchors is how many a direction keeps before it keeps only half of them: those of some 32 KB; fewAnchors are so many when room is short.
	manyAnchors, fewAnchors = 256, 16
	// maxAnchorLevel is the thinnest sample of a direction.
	maxAnchorLevel = 24
	// braids is how many connections a recorder follows at a time. One that comes back is followed from there on.
	braids = 1 << 10
	// leastAnchors is how many anchors a recorder may have whatever the length of its source: 384 KiB.
	leastAnchors = 1 << 14
	// anchorShare is the part of the length of a source that all anchors may use.
	anchorShare = 400
	anchorSize  = 24
)

// Anchors are those of one lane of a source. When they are more than there is room for, directions that have many keep
// fewer; when none has, half of all are left out, by their hashes.
type anchors struct {
	list   []anchor
	braids []braid
	limit  int
	many   int // how many a direction keeps before it keeps half of them
	level  int // of all anchors
}

// A payload is what a segment carries of a stream.
type payload struct {
	time  int64
	talk  uint32 // as in print
	seq   uint32 // of the segment
	flags tcp.Flags
	size  int    // of the payload
	data  []byte // what was captured of it; it may go on behind
}

// add looks at the payload of a segment.
func (r *anchors) add(p *payload) {
	if p.size <= 0 {
		return
	}
	if r.braids == nil {
		r.braids = make([]braid, braids)
	}
	id := p.talk >> 1
	b := &r.braids[id%braids]
	if b.conv != id || !b.strands[0].open && !b.strands[1].open {
		*b = braid{conv: id}
	}
	seq := p.seq
	if p.flags&flagSYN != 0 {
		seq++
	}
	data := p.data[:min(len(p.data), p.size)]
	at := anchor{time: p.time, talk: p.talk}
	t := &b.strands[p.talk&1]
	end, known := seq+uint32(p.size), int32(t.next-seq)
	switch {
	case !t.open || known < 0:
		t.n = 0
	case known >= int32(p.size) || int(known) > len(data): // sent again, or late: a piece of its own
		r.scan(t, data, seq, at)
		return
	case known > 0: // some of it is new
		data, seq = data[known:], t.next
	}
	r.across(t, data, seq, at)
	r.scan(t, data, seq, at)
	t.open, t.next = true, end
	if seq+uint32(len(data)) != end { // cut by a snap length
		t.n = 0
		return
	}
	t.keep(data)
}

// keep remembers the end of what came, for anchors that go on in the next segment.
func (t *strand) keep(data []byte) {
	if len(data) >= len(t.tail) {
		t.n = uint8(copy(t.tail[:], data[len(data)-len(t.tail):]))
		return
	}
	stay := min(int(t.n), len(t.tail)-len(data))
	copy(t.tail[:], t.tail[int(t.n)-stay:t.n])
	t.n = uint8(stay + copy(t.tail[stay:], data))
}

// across finds the anchors that begin in what came before and end in data.
func (r *anchors) across(t *strand, data []byte, seq uint32, at anchor) {
	if t.n == 0 || len(data) == 0 {
		return
	}
	var both [2 * (anchorBytes - 1)]byte
	n := copy(both[:], t.tail[:t.n])
	n += copy(both[n:], data[:min(len(data), anchorBytes-1)])
	r.scan(t, both[:n], seq-uint32(t.n), at)
}

// scan finds the anchors that lie in data, of which seq is the first byte.
func (r *anchors) scan(t *strand, data []byte, seq uint32, at anchor) {
	if len(data) < anchorBytes {
		return
	}
	last := len(data) - anchorBytes
	for _, m := range marks {
		for i := 0; i <= last; i++ {
			k := bytes.IndexByte(data[i:last+1], m)
			if k < 0 {
				break
			}
			i += k
			w := data[i : i+anchorBytes]
			at.hash = mix(binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:]))
			if bits.TrailingZeros64(at.hash) < max(int(t.level), r.level) {
				continue
			}
			at.seq = seq + uint32(i)
			r.put(t, at)
		}
	}
}

// put keeps an anchor. Those of a byte that repeats are one.
func (r *anchors) put(t *strand, a anchor) {
	if n := len(r.list); n > 0 && r.list[n-1].hash == a.hash && r.list[n-1].talk == a.talk {
		return
	}
	if t.kept++; int(t.kept) >= r.many {
		t.kept, t.level = uint16(r.many/2), min(t.level+1, maxAnchorLevel)
	}
	if len(r.list) == cap(r.list) {
		r.list = slices.Grow(r.list, min(max(256, 3*len(r.list)), max(r.limit-len(r.list), 1)))
	}
	if r.list = append(r.list, a); len(r.list) >= r.limit {
		r.thin()
	}
}

// thin leaves out anchors until there is room.
func (r *anchors) thin() {
	for len(r.list) >= r.limit {
		switch {
		case r.many > fewAnchors:
			r.many /= 2
			r.shorten()
		case r.level < maxAnchorLevel:
			r.level++
			r.list = slices.DeleteFunc(r.list, func(a anchor) bool { return bits.TrailingZeros64(a.hash) < r.level })
		default: // all alike
			r.list = r.list[:r.limit/2]
		}
	}
}

// shorten gives each direction the least level at which it has no more than many anchors.
func (r *anchors) shorten() {
	last := uint32(0)
	for i := range r.list {
		last = max(last, r.list[i].talk)
	}
	has := make([]uint32, last+1)
	for i := range r.list {
		has[r.list[i].talk]++
	}
	ranks := map[uint32]*[maxAnchorLevel + 1]int{} // of directions that have too many: how many of each level
	for i := range r.list {
		a := &r.list[i]
		if int(has[a.talk]) <= r.many {
			continue
		}
		n := ranks[a.talk]
		if n == nil {
			n = new([maxAnchorLevel + 1]int)
			ranks[a.talk] = n
		}
		n[min(bits.TrailingZeros64(a.hash), maxAnchorLevel)]++
	}
	levels := make(map[uint32]int, len(ranks))
	for talk, n := range ranks {
		level := 0
		for left := int(has[talk]); left > r.many && level < maxAnchorLevel; level++ {
			left -= n[level]
		}
		levels[talk] = level
	}
	r.list = slices.DeleteFunc(r.list, func(a anchor) bool {
		return int(has[a.talk]) > r.many && bits.TrailingZeros64(a.hash) < levels[a.talk]
	})
}

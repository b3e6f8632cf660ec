package point

import (
	"slices"

	"github.com/wiretale/wiretale/proto"
)

// A hit is a packet that two points have.
type hit struct {
	a, b int32 // index into the prints of the talks
	kind hitKind
}

// hitKind says how certain a hit is.
type hitKind uint8

const (
	certain hitKind = iota // numbers, content and identification are equal, and nothing else has them
	single                 // numbers and content are equal, and nothing else has them
	ordered                // one of several alike: clock and order leave no other
	ranged                 // its bytes are there, in segments of another size
	altered                // everything but its payload is there, in as many bytes
)

// clocked reports whether the hit tells the time of the same packet at both points.
func (k hitKind) clocked() bool { return k <= single }

// A comparison matches the packets of two talks.
type comparison struct {
	a, b    *talk
	flipped bool
	tcp     bool
	bytes   int       // of the payload that count: wideBytes, shortBytes or 0
	shift   [2]uint32 // what the sequence numbers of each side of A are on the way to B
	hits    [2][]hit  // by direction at A
	taken   [2][]bool // prints that are matched, of A and B
	idKept  [2]bool   // by direction: identifications survive the way
	// undecided are packets of A and B, by direction, of which nothing tells which are the same.
	undecided [2][2]int64
	rangesB   [2]int64 // segments at B whose bytes A has in others
	alike     []mark   // differences of the first ones of packets that are alike, several at a point
	memory    *memory
}

// A memory is what one comparison after another uses.
type memory struct {
	keys    [2][]keyed
	samples []sample
}

// compare matches what is certain: see [comparison.exact].
func compare(a, b *talk, flipped bool, shift [2]uint32, m *memory) *comparison {
	c := &comparison{a: a, b: b, flipped: flipped, tcp: a.conv.Proto == proto.TCP, bytes: wideBytes, shift: shift, memory: m}
	c.taken = [2][]bool{make([]bool, len(a.prints)), make([]bool, len(b.prints))}
	for _, t := range []*talk{a, b} {
		for i := range t.prints {
			c.bytes = min(c.bytes, t.prints[i].comparable())
		}
	}
	for d := range 2 {
		c.exact(d)
	}
	return c
}

// comparable is how much of the content another print of the packet can be compared with.
func (q *print) comparable() int {
	switch have := int(q.have); {
	case have == wideBytes || have >= int(q.size):
		return wideBytes
	case have >= shortBytes:
		return shortBytes
	}
	return 0
}

// way are the prints of the packets of direction d of A at both points.
func (c *comparison) way(d int) (a, b []int32) {
	e := d
	if c.flipped {
		e = 1 - d
	}
	return c.a.ways[d], c.b.ways[e]
}

// key is what a packet has at both points. atA shifts the numbers to those of B.
func (c *comparison) key(q *print, d int, atA bool) uint64 {
	k := c.numbers(q, d, atA)
	if c.tcp && q.size == 0 {
		return mix(k, uint64(q.window))
	}
	return mix(k, c.content(q))
}

// numbers is the part of the key that is not content.
func (c *comparison) numbers(q *print, d int, atA bool) uint64 {
	seq, ack := q.seq, q.ack
	if atA {
		seq += c.shift[d]
		if q.flags&flagACK != 0 {
			ack += c.shift[1-d]
		}
	}
	k := mix(uint64(seq)<<32|uint64(ack), uint64(q.size))
	if c.tcp {
		return mix(k, uint64(q.flags&(flagSYN|flagFIN|flagRST)))
	}
	return k
}

func (c *comparison) content(q *print) uint64 {
	switch c.bytes {
	case wideBytes:
		return uint64(q.wide)
	case shortBytes:
		return uint64(q.short)
	}
	return 0
}

// A keyed print is one with its key, to be sorted.
type keyed struct {
	key uint64
	at  int32
}

// keys are those of the prints of A (0) or B (1), sorted; equal ones in order of the records. They are valid until the next call for the same point.
func (c *comparison) keys(point int, way []int32, key func(*print) (uint64, bool)) []keyed {
	prints, out := c.a.prints, slices.Grow(c.memory.keys[point][:0], len(way))
	if point == 1 {
		prints = c.b.prints
	}
	for _, i := range way {
		if k, ok := key(&prints[i]); ok {
			out = append(out, keyed{k, i})
		}
	}
	c.memory.keys[point] = out
	slices.SortFunc(out, func(a, b keyed) int {
		if a.key == b.key {
			return int(a.at) - int(b.at)
		}
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return out
}

func (k keyed) value() uint64 { return k.key }

// both yields what has each key that both lists have. They are sorted by it.
func both[T interface{ value() uint64 }](a, b []T, yield func(a, b []T)) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].value() < b[0].value():
			a = a[1:]
		case a[0].value() > b[0].value():
			b = b[1:]
		default:
			n, m := equal(a), equal(b)
			yield(a[:n], b[:m])
			a, b = a[n:], b[m:]
		}
	}
}

// equal is how many have the key of the first.
func equal[T interface{ value() uint64 }](list []T) int {
	n := 1
	for n < len(list) && list[n].value() == list[0].value() {
		n++
	}
	return n
}

// exact matches the packets of direction d that nothing else can be:
//
//  1. Numbers, size, content and identification are equal, and one print of each point has them.
//  2. The same without the identification, where the path rewrites it or there is none. Where it survives the
//     way, a packet with another one is another packet: a copy that was sent again.
//
// Without any content (a short snap length) a datagram needs its identification.
func (c *comparison) exact(d int) {
	wa, wb := c.way(d)
	key := func(atA, withID bool) func(*print) (uint64, bool) {
		return func(q *print) (uint64, bool) {
			k := c.key(q, d, atA)
			if !withID {
				return k, c.tcp || c.bytes > 0
			}
			return mix(k, uint64(q.id)), q.id != 0
		}
	}
	both(c.keys(0, wa, key(true, true)), c.keys(1, wb, key(false, true)), func(a, b []keyed) {
		if c.copied(a, b) {
			c.hitCopied(d, a, b)
		}
	})
	alike, differ := len(c.hits[d]), 0
	la, lb := c.keys(0, wa, key(true, false)), c.keys(1, wb, key(false, false))
	both(la, lb, func(a, b []keyed) {
		switch {
		case len(a) > 1 || len(b) > 1:
			first := hit{a: a[0].at, b: b[0].at}
			c.alike = append(c.alike, mark{c.a.prints[first.a].time, c.delta(first)})
		case c.free(a[0].at, b[0].at) && c.ids(a[0].at, b[0].at):
			differ++
		}
	})
	c.idKept[d] = alike > 9*differ
	both(la, lb, func(a, b []keyed) {
		if len(a) == 1 && len(b) == 1 && c.free(a[0].at, b[0].at) && !(c.idKept[d] && c.ids(a[0].at, b[0].at)) {
			c.hit(d, a[0].at, b[0].at, single)
		}
	})
}

// altered matches packets whose payload something on the way changed: numbers and size of a segment, or identification and size of a datagram, are equal, and
// the clock has it due. It comes after all that is matched with its payload.
func (c *comparison) altered(d int, when *due) {
	if c.bytes == 0 {
		return
	}
	wa, wb := c.way(d)
	open := func(point int, way []int32) []keyed {
		return c.keys(point, untaken(way, c.taken[point]), func(q *print) (uint64, bool) {
			switch {
			case q.size == 0 || !c.tcp && (q.id == 0 || !c.idKept[d]):
				return 0, false
			case c.tcp:
				return c.numbers(q, d, point == 0), true
			}
			return mix(c.numbers(q, d, point == 0), uint64(q.id)), true
		})
	}
	both(open(0, wa), open(1, wb), func(a, b []keyed) { c.inOrder(d, a, b, when, altered) })
}

// check takes back what is equal but cannot be the same packet by its times: of a segment that was sent twice, either point may have recorded the other copy.
// Where nothing else matches either, and the one is only late, they are left undecided: see heldUp.
func (c *comparison) check(d int, when *due) {
	kept := c.hits[d][:0]
	for _, h := range c.hits[d] {
		if h.kind != single || when.fits(c.a.prints[h.a].time, c.b.prints[h.b].time) {
			kept = append(kept, h)
			continue
		}
		c.taken[0][h.a], c.taken[1][h.b] = false, false
	}
	c.hits[d] = kept
}

// ids reports whether both prints have an identification.
func (c *comparison) ids(a, b int32) bool { return c.a.prints[a].id != 0 && c.b.prints[b].id != 0 }

func (c *comparison) free(a, b int32) bool { return !c.taken[0][a] && !c.taken[1][b] }

func (c *comparison) hit(d int, a, b int32, kind hitKind) {
	c.taken[0][a], c.taken[1][b] = true, true
	c.hits[d] = append(c.hits[d], hit{a, b, kind})
}

// delta is the time at B minus that at A.
func (c *comparison) delta(h hit) int64 {
	return difference(c.b.prints[h.b].time, c.a.prints[h.a].time)
}

// repeated matches packets that several prints look like, once the clock tells when each is due: in order, where one
// is due and no other of the same is. The others are left undecided, and all of them without a clock.
func (c *comparison) repeated(d int, when *due) {
	c.alikeLeft(d, func(a, b []keyed) {
		if when == nil {
			c.leave(d, a, b)
			return
		}
		c.inOrder(d, a, b, when, ordered)
	})
}

// alikeLeft yields what is left of like packets of direction d.
func (c *comparison) alikeLeft(d int, yield func(a, b []keyed)) {
	wa, wb := c.way(d)
	left := func(point int, way []int32) []keyed {
		return c.keys(point, untaken(way, c.taken[point]), func(q *print) (uint64, bool) { return c.key(q, d, point == 0), c.tcp || c.bytes > 0 })
	}
	both(left(0, wa), left(1, wb), yield)
}

// heldUp leaves what is left of like packets when as many are at both points, each later than it is due: they may have been held up, and none is
// lost. It comes after all that can be matched.
func (c *comparison) heldUp(d int, when *due) {
	c.alikeLeft(d, func(a, b []keyed) {
		if len(a) != len(b) {
			return
		}
		for i := range a {
			if !when.overdue(c.a.prints[a[i].at].time, c.b.prints[b[i].at].time) {
				return
			}
		}
		c.leave(d, a, b)
	})
}

// leave gives up on packets that are so much alike that nothing tells which are which.
func (c *comparison) leave(d int, a, b []keyed) {
	for _, k := range a {
		c.taken[0][k.at] = true
	}
	for _, k := range b {
		c.taken[1][k.at] = true
	}
	c.undecided[d][0] += int64(len(a))
	c.undecided[d][1] += int64(len(b))
}

// untaken are those of the prints that are not matched.
func untaken(way []int32, taken []bool) (out []int32) {
	for _, i := range way {
		if !taken[i] {
			out = append(out, i)
		}
	}
	return out
}

// inOrder matches two lists of like packets. Where one could be either of two, it is matched
// only when as many are on both sides: which of them is lost cannot be told otherwise.
func (c *comparison) inOrder(d int, a, b []keyed, when *due, kind hitKind) {
	fit := func(i, j int) bool {
		if i >= len(a) || j >= len(b) {
			return false
		}
		x, y := &c.a.prints[a[i].at], &c.b.prints[b[j].at]
		if c.idKept[d] && x.id != 0 && y.id != 0 && x.id != y.id {
			return false
		}
		return when.fits(x.time, y.time)
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if !fit(i, j) {
			if when.late(c.a.prints[a[i].at].time, c.b.prints[b[j].at].time) {
				i++
			} else {
				j++
			}
			continue
		}
		n, m := 1, 1
		for {
			if fit(i+n, j+m-1) || fit(i+n, j) {
				n++
			} else if fit(i+n-1, j+m) || fit(i, j+m) {
				m++
			} else {
				break
			}
		}
		switch {
		case n == m:
			for k := range n {
				c.hit(d, a[i+k].at, b[j+k].at, kind)
			}
		case !when.near:
			c.leave(d, a[i:i+n], b[j:j+m])
		}
		i, j = i+n, j+m
	}
}

package point

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/wiretale/wiretale/proto"
)

// A spot is a piece of a stream that can be looked for in others: an anchor, or the payload of a segment of a connection that carries little.
type spot struct {
	hash uint64
	time int64
	talk uint32 // index into the talks of the side, times 2, plus the direction
	seq  uint32 // of the first byte
	size uint32
}

func (s spot) value() uint64 { return s.hash }
func (s spot) dir() int      { return int(s.talk & 1) }

// whole reports whether the spot is the payload of a segment.
func (s *spot) whole() bool { return s.size != anchorBytes }

const (
	// shortTalk is how much a direction carries at most whose segments are looked for as they are: it may have no anchor.
	shortTalk = 1 << 10
	// leastWhole is the least segment that is looked for. It is longer than an anchor, which tells them apart.
	leastWhole = anchorBytes + 1
)

// open reports whether a talk of TCP is not found.
func (s *side) open() bool {
	return slices.ContainsFunc(s.talks, func(t *talk) bool { return !t.met && t.conv.Proto == proto.TCP })
}

// spot looks for spots in the talks of TCP that are not found: by hash and place; what was sent twice is there once.
func (s *side) spot() {
	s.spots, s.hashes = nil, map[uint32][]uint64{}
	for _, list := range s.anchors {
		for i := range list {
			a := &list[i]
			id, dir := a.conv(), a.talk&1
			if m, ok := s.moved[id]; ok {
				id, dir = m.to, dir^m.turned
			}
			if k, ok := slices.BinarySearchFunc(s.talks, id, byID); ok && !s.talks[k].met {
				s.spots = append(s.spots, spot{a.hash, a.time, uint32(k)<<1 | dir, a.seq, anchorBytes})
			}
		}
	}
	for k, t := range s.talks {
		if !t.met {
			s.segments(k, t)
		}
	}
	slices.SortFunc(s.spots, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.talk, b.talk), cmp.Compare(a.seq, b.seq), cmp.Compare(a.time, b.time))
	})
	s.spots = slices.CompactFunc(s.spots, func(a, b spot) bool { return a.hash == b.hash && a.talk == b.talk && a.seq == b.seq })
	for i := range s.spots {
		if q := &s.spots[i]; !q.whole() {
			s.hashes[q.talk] = append(s.hashes[q.talk], q.hash)
		}
	}
}

func byID(t *talk, id int) int { return cmp.Compare(t.conv.ID, id) }

// segments adds those of a talk that carries little.
func (s *side) segments(k int, t *talk) {
	if t.conv.Proto != proto.TCP {
		return
	}
	for d, way := range t.ways {
		total := uint64(0)
		for _, i := range way {
			total += uint64(t.prints[i].size)
		}
		if total == 0 || total > shortTalk {
			continue
		}
		for _, i := range way {
			q := &t.prints[i]
			if q.size < leastWhole || q.comparable() != wideBytes {
				continue
			}
			hash := mix(uint64(q.wide)<<32|uint64(q.short), uint64(q.size))
			s.spots = append(s.spots, spot{hash, q.time, uint32(k)<<1 | uint32(d), q.seq, q.size})
		}
	}
}

// alike is the part of the anchors of two strands, sorted, that both have, of the one that has fewer. Each has them to a level that depends on how
// much of the stream its point saw: the level counts at which most are common. False when there are too few to say.
func alike(a, b []uint64) (part float64, ok bool) {
	const few = 4
	var na, nb, common [maxAnchorLevel + 1]int
	count := func(n *[maxAnchorLevel + 1]int, hash uint64) { n[min(bits.TrailingZeros64(hash), maxAnchorLevel)]++ }
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			count(&na, a[i])
			i++
		case i == len(a) || b[j] < a[i]:
			count(&nb, b[j])
			j++
		default:
			count(&na, a[i])
			count(&nb, a[i])
			count(&common, a[i])
			i, j = i+1, j+1
		}
	}
	x, y, c := 0, 0, 0
	for l := maxAnchorLevel; l >= 0; l-- {
		x, y, c = x+na[l], y+nb[l], c+common[l]
		if least := min(x, y); least >= few {
			part, ok = max(part, float64(c)/float64(least)), true
		}
	}
	return part, ok
}

// ended reports whether something between the points ended the connection and began another one: the bytes are the same, but segments without any,
// which each end makes by itself, are not; or each end counts its packets by itself.
func (c *comparison) ended() bool {
	const few = 3
	empty, same, ids, own := [2]int{}, 0, 0, 0
	for i := range c.a.prints {
		if c.a.prints[i].size == 0 {
			empty[0]++
		}
	}
	for i := range c.b.prints {
		if c.b.prints[i].size == 0 {
			empty[1]++
		}
	}
	for d := range 2 {
		for _, h := range c.hits[d] {
			p, q := &c.a.prints[h.a], &c.b.prints[h.b]
			switch {
			case p.size == 0:
				same++
			case p.id != 0 && q.id != 0:
				ids++
				if p.id != q.id {
					own++
				}
			}
		}
	}
	n := min(empty[0], empty[1])
	return n >= few && 2*same < n || ids > 0 && 2*own > ids
}

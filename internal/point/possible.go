package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A Possible is two conversations whose packets have nothing in common but sizes, order and rhythm: one may be the other inside a tunnel, or encrypted anew.
// It is never more than possible, and no packet of it is matched or lost.
type Possible struct {
	A, B    *flow.Conversation
	Flipped bool
	Packets int64 // that agree, of A
	Of      int64 // that have a payload, of the one that has fewer
	More    int   // bytes of payload that most of them have more at B
}

const (
	// gram is how many packets in a row are compared: four differences of sizes, whatever a tunnel adds to each.
	gram = 5
	// leastLike is how many packets must agree, and likePart the part of those that the conversation with fewer has, in percent.
	leastLike, likePart = 20, 60
	// rhythm is how much longer than others a packet may take: a tenth of the time that they cover, and so much besides.
	rhythm = second / 10
)

// A pairing is two directions with the places where sizes agree.
type pairing struct {
	a, b  uint32 // talk and direction
	spots [][2]spot
}

// possible finds conversations that agree in sizes and order, among those that nothing else was found of.
func (c *couple) possible() {
	if c.a.sampled || c.b.sampled {
		return // packets are missing in between
	}
	busy := map[int]bool{}
	for i := range c.pair.Relays {
		busy[c.pair.Relays[i].A.ID], busy[c.pair.Relays[i].B.ID] = true, true
	}
	known := map[[2]uint32]*pairing{}
	var order []*pairing
	both(c.a.grams(busy), c.b.grams(busy), func(p, q []spot) {
		if len(p) > 1 || len(q) > 1 {
			return
		}
		k := [2]uint32{p[0].talk, q[0].talk}
		if known[k] == nil {
			known[k] = &pairing{a: k[0], b: k[1]}
			order = append(order, known[k])
		}
		known[k].spots = append(known[k].spots, [2]spot{p[0], q[0]})
	})
	slices.SortStableFunc(order, func(x, y *pairing) int { return cmp.Compare(len(y.spots), len(x.spots)) })
	taken := map[*flow.Conversation]bool{}
	index := map[[2]*flow.Conversation]int{}
	for _, p := range order {
		x := c.paired(p)
		if x == nil {
			continue
		}
		key := [2]*flow.Conversation{x.A, x.B}
		if i, ok := index[key]; ok && c.pair.Possible[i].Flipped == x.Flipped { // the other direction
			c.pair.Possible[i].Packets += x.Packets
			c.pair.Possible[i].Of += x.Of
			continue
		}
		if taken[x.A] || taken[x.B] {
			continue
		}
		taken[x.A], taken[x.B], index[key] = true, true, len(c.pair.Possible)
		c.pair.Possible = append(c.pair.Possible, *x)
	}
}

// grams are the sizes of packets in a row, of conversations that are not found, as spots: seq is the place of the first one.
func (s *side) grams(busy map[int]bool) (out []spot) {
	for k, t := range s.talks {
		if t.met || busy[t.conv.ID] {
			continue
		}
		for d := range t.ways {
			data := t.data(d)
			if len(data) < leastLike {
				continue
			}
			for i := 0; i+gram <= len(data); i++ {
				h, steps := uint64(0), 0
				for j := 1; j < gram; j++ {
					step := t.prints[data[i+j]].size - t.prints[data[i+j-1]].size
					if step != 0 {
						steps++
					}
					h = mix(h, uint64(step))
				}
				if steps >= gram/2 {
					q := &t.prints[data[i]]
					out = append(out, spot{h, q.time, uint32(k)<<1 | uint32(d), uint32(i), q.size})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.talk, b.talk), cmp.Compare(a.seq, b.seq))
	})
	return out
}

// data are the packets of a direction that have a payload.
func (t *talk) data(d int) (out []int32) {
	for _, i := range t.ways[d] {
		if t.prints[i].size > 0 {
			out = append(out, i)
		}
	}
	return out
}

// paired is what a pairing is worth, nil when it is nothing:
//
//  1. Of the spots those count that have what most have more at B, and that come in the same order.
//  2. They must be most of what the conversation with fewer packets has.
//  3. They must have taken about as long, and where the clock is known, what it allows.
func (c *couple) paired(p *pairing) *Possible {
	a, b := c.a.talks[p.a>>1], c.b.talks[p.b>>1]
	more := make([]int64, 0, len(p.spots))
	for _, s := range p.spots {
		more = append(more, int64(s[1].size)-int64(s[0].size))
	}
	slices.Sort(more)
	middle := more[len(more)/2]
	slices.SortFunc(p.spots, func(x, y [2]spot) int { return cmp.Compare(x[0].seq, y[0].seq) })
	covered, last, end := int64(0), int64(-1), uint32(0)
	var deltas []int64
	for _, s := range p.spots {
		if int64(s[1].size)-int64(s[0].size) != middle || int64(s[1].seq) <= last {
			continue
		}
		last = int64(s[1].seq)
		covered += int64(s[0].seq + gram - max(end, s[0].seq))
		end = s[0].seq + gram
		deltas = append(deltas, difference(s[1].time, s[0].time))
	}
	of := int64(min(len(a.data(int(p.a&1))), len(b.data(int(p.b&1)))))
	if covered < leastLike || covered*100 < of*likePart {
		return nil
	}
	slices.Sort(deltas)
	low, mid, high := deltas[len(deltas)/10], deltas[len(deltas)/2], deltas[len(deltas)*9/10]
	lasts := difference(p.spots[len(p.spots)-1][0].time, p.spots[0][0].time)
	if difference(high, low) > rhythm+lasts/10 {
		return nil
	}
	if off, ok := c.pair.Clock.At(p.spots[0][0].time); ok && away(difference(mid, off), together) || !ok && away(mid, nearby) {
		return nil
	}
	return &Possible{A: c.a.whole(a), B: c.b.whole(b), Flipped: p.a&1 != p.b&1, Packets: covered, Of: of, More: int(middle)}
}

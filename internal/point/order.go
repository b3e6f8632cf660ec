package point

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/trace"
)

// travelled says of a direction what else became of its packets, once all are matched: which came in another order, twice, or from elsewhere.
func (c *couple) travelled(f *found, d int, w *Way) {
	if w.From == Unknown {
		return
	}
	t := f.travel(d, w.From)
	t.there = c.b
	if t.swap {
		t.there = c.a
	}
	t.order(w)
	t.twice(w)
	t.foreign(w)
}

// A travel is one direction of a conversation from the point that its packets pass first to the other.
type travel struct {
	*found
	d      int
	first  *talk // at the first point
	there  *side // the second point
	second *talk
	swap   bool       // the first point is B
	trips  [][2]int32 // matched packets at both, whose time is theirs, in the order of the first
}

func (f *found) travel(d int, w Course) *travel {
	t := &travel{found: f, d: d, first: f.a, second: f.b, swap: w == BtoA}
	if t.swap {
		t.first, t.second = f.b, f.a
	}
	for _, h := range f.hits[d] {
		switch {
		case !h.kind.clocked():
		case t.swap:
			t.trips = append(t.trips, [2]int32{h.b, h.a})
		default:
			t.trips = append(t.trips, [2]int32{h.a, h.b})
		}
	}
	slices.SortFunc(t.trips, func(x, y [2]int32) int { return cmp.Compare(x[0], y[0]) })
	return t
}

// arrived are the places of the prints of the direction at the second point.
func (t *travel) arrived() []int32 {
	a, b := t.way(t.d)
	if t.swap {
		return a
	}
	return b
}

// takenAtSecond reports whether a packet of the second point is matched.
func (t *travel) takenAtSecond(i int32) bool { return t.taken[way(!t.swap)][i] }

// order counts packets that arrive after one that was sent later (RFC 4737, 3.3): how far they fall behind in packets (4.2) and in time (4.3).
// Who recorded two packets in another order than that of their identifications did so by itself.
func (t *travel) order(w *Way) {
	trips := slices.Clone(t.trips)
	slices.SortFunc(trips, func(x, y [2]int32) int { return cmp.Compare(x[1], y[1]) })
	var peaks []int // places in trips of those that were sent later than all that arrived before them
	for i, x := range trips {
		if n := len(peaks); n == 0 || x[0] > trips[peaks[n-1]][0] {
			peaks = append(peaks, i)
			continue
		}
		k, _ := slices.BinarySearchFunc(peaks, x[0], func(p int, sent int32) int { return cmp.Compare(trips[p][0], sent) })
		y := trips[peaks[k]] // the first that overtook it
		late := difference(t.second.prints[x[1]].time, t.second.prints[y[1]].time)
		if late < 0 || t.swapped(x[0], y[0]) {
			continue
		}
		w.Reordered++
		w.Extent, w.Late = max(w.Extent, int64(i-peaks[k])), max(w.Late, late)
		if at := w.at(); len(at.ReorderedAt)+2 <= maxPlaces {
			at.ReorderedAt = append(at.ReorderedAt, t.there.pos(&t.second.prints[y[1]]), t.there.pos(&t.second.prints[x[1]]))
		}
	}
}

// swapped reports whether the first point recorded x before y although it was sent after it.
func (t *travel) swapped(x, y int32) bool {
	p, q := &t.first.prints[x], &t.first.prints[y]
	return p.time > q.time || p.id != 0 && q.id != 0 && int16(q.id-p.id) < 0
}

// mostTwice is the part of the packets, in percent, from which copies are the recorder's: a port that is mirrored both ways has all of them.
const mostTwice = 50

// twice counts packets that the first point has once and the second more often.
func (t *travel) twice(w *Way) {
	for _, x := range t.trips {
		p, q := &t.first.prints[x[0]], &t.second.prints[x[1]]
		if n := int64(q.copies) - int64(p.copies); n > 0 {
			w.Twice += n
			if at := w.at(); len(at.TwiceAt) < maxPlaces {
				at.TwiceAt = append(at.TwiceAt, t.there.pos(q))
			}
		}
	}
	if w.Twice*100 > int64(len(t.trips))*mostTwice {
		w.Twice, w.Copied, w.at().TwiceAt = 0, true, nil
	}
}

// A Foreign packet is one that its sender did not send past the first point.
type Foreign struct {
	Pos        trace.Pos
	TTL, Usual uint8 // its own, and that of the matched packets
	Flags      uint8 // of TCP
	Why        Why
}

// Why says what tells that a packet comes from elsewhere, not only that it was missed.
type Why uint8

const (
	OtherTTL   Why = 1 << iota // no matched packet has its TTL
	OtherBytes                 // the first point has other content under the same numbers
	SentOn                     // it ends the connection, and its sender went on
)

func (w Why) String() string {
	var words []string
	for i, word := range []string{"ttl", "content", "sent_on"} {
		if w&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, ",")
}

const (
	// leastKnown is how much of a direction must be matched, in percent, for a packet to be called foreign.
	leastKnown = 99
	// leastFound is how many packets must be.
	leastFound = 3
)

// foreign finds packets of the second point that no device between the points can have left to the sender: the first point did not miss them.
func (t *travel) foreign(w *Way) {
	if w.Only == 0 || w.Matched < leastFound || w.Matched*100 < (w.Matched+w.Lost)*leastKnown {
		return
	}
	var ttls [256]int32
	usual := uint8(0)
	for _, x := range t.trips {
		q := &t.second.prints[x[1]]
		if ttls[q.ttl]++; ttls[q.ttl] > ttls[usual] {
			usual = q.ttl
		}
	}
	for _, i := range t.arrived() {
		q := &t.second.prints[i]
		if t.takenAtSecond(i) || len(w.Places().Foreign) == maxPlaces {
			continue
		}
		x := Foreign{Pos: t.there.pos(q), TTL: q.ttl, Usual: usual, Flags: q.flags}
		if ttls[q.ttl] == 0 {
			x.Why |= OtherTTL
		}
		x.Why |= t.contradicted(q)
		if x.Why != 0 {
			w.at().Foreign = append(w.at().Foreign, x)
		}
	}
}

// contradicted is what the first point has against a segment.
func (t *travel) contradicted(q *print) (why Why) {
	if !t.tcp {
		return 0
	}
	for _, x := range t.trips {
		p, o := &t.first.prints[x[0]], &t.second.prints[x[1]]
		if q.size > 0 && o.seq == q.seq && o.size == q.size && t.bytes > 0 && o.short != q.short {
			why |= OtherBytes
		}
		if q.flags&(flagRST|flagFIN) != 0 && o.time > q.time && p.flags&flagRST == 0 && (o.size > 0 || p.flags&flagFIN != 0 && q.flags&flagRST != 0) {
			why |= SentOn
		}
	}
	return why
}

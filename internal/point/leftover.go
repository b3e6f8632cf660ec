package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// finish matches what only the clock can match, and counts.
func (c *couple) finish(i int) {
	f := &c.found[i]
	m := Meeting{A: int32(f.a.conv.ID), B: int32(f.b.conv.ID), Flipped: f.flipped, How: f.how, Shift: f.shift, Sent: [2][2]bool{c.a.sent(f.a), c.b.sent(f.b)}}
	for d := range 2 {
		var when *due
		if len(c.pair.Clock.Segments) > 0 {
			when = c.due(c.ways[i][d])
			f.check(d, when)
			if near, ok := when.narrow(); ok {
				f.repeated(d, near)
			}
			f.repeated(d, when)
			f.altered(d, when)
			f.heldUp(d, when)
		} else {
			f.repeated(d, nil)
		}
		if f.tcp {
			f.ranges(d, when)
		}
		slices.SortFunc(f.hits[d], func(x, y hit) int { return cmp.Compare(x.a, y.a) })
		w := &m.Ways[d]
		w.From, w.TTL = c.ways[i][d], f.ttl(d)
		w.Matched = int64(len(f.hits[d]))
		for _, h := range f.hits[d] {
			switch h.kind {
			case ranged:
				w.Ranges++
			case altered:
				w.Altered++
				if at := w.at(); len(at.AlteredAt) < maxPlaces {
					at.AlteredAt = append(at.AlteredAt, c.a.pos(&f.a.prints[h.a]))
				}
			}
		}
		w.Matched -= w.Altered
		w.Alike = f.undecided[d]
		if len(f.hits[d]) > 0 {
			h := f.hits[d][0]
			w.DSCP = [2]uint8{f.a.prints[h.a].dscp, f.b.prints[h.b].dscp}
		}
		c.delays(f, d, w)
		c.leftover(f, d, w)
		c.travelled(f, d, w)
		c.remember(f, d, w)
	}
	c.pair.Meetings = append(c.pair.Meetings, m)
}

// sent says which ends of a talk sent packets.
func (s *side) sent(t *talk) [2]bool {
	has := s.convs.Traits(t.conv.ID)
	return [2]bool{has&flow.FirstSent != 0, has&flow.SecondSent != 0}
}

// delays measures how long the packets of a direction took, on the clock of the pair. Without a
// clock that both directions tell the level is not known, and nothing is said of it.
func (c *couple) delays(f *found, d int, w *Way) {
	if len(c.pair.Clock.Segments) == 0 || w.From == Unknown {
		return
	}
	list := make([]int64, 0, len(f.hits[d]))
	k := way(w.From == BtoA)
	for _, h := range f.hits[d] {
		if h.kind == ranged {
			continue
		}
		q := &f.a.prints[h.a]
		off, _ := c.pair.Clock.At(q.time)
		x := difference(f.delta(h), off)
		if w.From == BtoA {
			x = -x
		}
		list = append(list, x)
		if h.kind.clocked() {
			c.passed[k] = append(c.passed[k], passed{q.time, x, q.size, q.number, int32(len(c.pair.Meetings))})
		}
	}
	if c.level() {
		c.took[k] = append(c.took[k], list...)
		w.Delay = delayOf(list)
	}
}

// level reports whether both directions tell how far the clocks are apart.
func (c *couple) level() bool { return c.pair.Clock.Segments[0].Bound == Both }

// delayOf sorts the list.
func delayOf(list []int64) Delay {
	if len(list) == 0 {
		return Delay{}
	}
	slices.Sort(list)
	return Delay{int64(len(list)), list[0], list[len(list)/2], list[len(list)*95/100]}
}

// maxPlaces bounds the records that are named of one kind.
const maxPlaces = 20

// leftover counts what only one point has.
func (c *couple) leftover(f *found, d int, w *Way) {
	wa, wb := f.way(d)
	var only [2]int64
	var at [2][]trace.Pos
	var least, most [2]uint32 // sizes of those, and of what both have
	count := func(of *side, t *talk, way []int32, side int, covered func(int64) bool) {
		for _, i := range way {
			q := &t.prints[i]
			switch {
			case f.taken[side][i]:
				most[side] = max(most[side], q.size)
			case !covered(q.time):
				w.Outside++
			default:
				only[side]++
				if q.size > 0 && (least[side] == 0 || q.size < least[side]) {
					least[side] = q.size
				}
				if c.a.keep {
					at := w.at()
					at.missing[side] = append(at.missing[side], q.number)
				}
				if len(at[side]) < maxPlaces {
					at[side] = append(at[side], of.pos(q))
				}
			}
		}
	}
	count(c.a, f.a, wa, 0, func(t int64) bool { return c.covers(c.b, t, false, w.From) })
	count(c.b, f.b, wb, 1, func(t int64) bool { return c.covers(c.a, t, true, w.From) })
	if w.From == BtoA {
		only[0], only[1], at[0], at[1] = only[1], only[0], at[1], at[0]
	}
	w.Lost, w.Only = only[0], only[1]
	w.LeastLost, w.MostPassed = least[0], most[0]
	if w.From == BtoA {
		w.LeastLost, w.MostPassed = least[1], most[1]
	}
	if w.Lost+w.Only > 0 {
		w.at().LostAt, w.at().OnlyAt = at[0], at[1]
	}
}

// covers reports whether the other point captured when a packet with this time passed it on its
// course, or would have. The time is that of B with back.
func (c *couple) covers(other *side, t int64, back bool, w Course) bool {
	if t == trace.NoTime || other.First == trace.NoTime {
		return false
	}
	off := int64(0)
	if s := c.pair.Clock.Segments; len(s) > 0 {
		if off, _ = c.pair.Clock.At(t); back {
			off, _ = c.pair.Clock.At(t - off)
			off = -off
		}
	}
	e := c.uncertain()
	before, after := c.reach[0]+e, c.reach[1]+e
	switch {
	case w == Unknown:
		before = max(before, after)
		after = before
	case back == (w == BtoA): // the other point is the second one
		before, after = e, c.reach[w-AtoB]+e
	default:
		before, after = c.reach[w-AtoB]+e, e
	}
	return t+off-before >= other.First && t+off+after <= other.Last
}

// maxAlone bounds the conversations that are named.
const maxAlone = 20

// alone are the conversations of one point whose server the other point shows, by packets that both have or by ARP, in the time that it
// covers, and that got no answer. Endpoints that the other point has in other packets are another matter: see [Pair].
func (c *couple) alone() (out []Alone) {
	look := func(own, other *side, at int, back bool) {
		seen, asked, has := other.hosts(), own.asked(), other.byEnds()
		if len(c.found) == 0 {
			seen = nil
		}
		quiet := other.quiet()
		for _, t := range own.talks {
			to := t.conv.Ends[1].Addr()
			if t.met || len(t.ways[0]) == 0 || len(t.ways[1]) > 0 || to.IsMulticast() || to.IsUnspecified() || t.stays() {
				continue // what was answered arrived: the other point captured something else
			}
			shown := seen[to] || other.Heard(to) || seen[t.conv.Ends[0].Addr()]
			if !shown && !(quiet && t.conv.Proto == proto.TCP) {
				continue
			}
			if e, _ := endsOf(&t.conv); has[e] != nil {
				continue
			}
			x := Alone{At: at, Doubtful: !shown, Stray: asked.elsewhere(&t.conv)}
			for _, i := range t.ways[0] {
				if q := &t.prints[i]; c.covers(other, q.time, back, Unknown) {
					if x.Sent++; len(x.In) < maxPlaces {
						x.In = append(x.In, own.pos(q))
					}
				}
			}
			if x.Sent > 0 && len(out) < maxAlone {
				x.Conv = own.whole(t)
				out = append(out, x)
			}
		}
	}
	look(c.a, c.b, c.pair.A, false)
	look(c.b, c.a, c.pair.B, true)
	return out
}

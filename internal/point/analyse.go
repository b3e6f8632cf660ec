package point

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// Analyse compares the points, each with the prints of its source. Numbers of conversations in the prints are those in convs.
func Analyse(points []Point, prints []*Recorder, convs *flow.Conversations) *Result {
	r := &Result{Points: points}
	sides := make([]*side, len(points))
	for i := range points {
		p := &r.Points[i]
		p.Unit, p.Packets, p.heard = prints[i].unit, prints[i].net, prints[i].heard
		r.Sampled = max(r.Sampled, prints[i].level)
		sides[i] = gather(p, prints[i], convs)
	}
	for _, s := range sides {
		s.thin(r.Sampled)
	}
	for a := range sides {
		for b := a + 1; b < len(sides); b++ {
			if sides[a].any() && sides[b].any() && sides[a].Packets+sides[b].Packets > 0 {
				r.Pairs = append(r.Pairs, coupled(a, b, sides).pair)
			}
		}
	}
	return r
}

// A couple is two sides at work.
type couple struct {
	a, b  *side
	pair  Pair
	found []found
	ways  [][2]Course
	reach [2]int64 // longer than nearly all packets took, by course: AtoB, BtoA
	took  [2][]int64
}

func coupled(a, b int, sides []*side) *couple {
	c := &couple{a: sides[a], b: sides[b], pair: Pair{A: a, B: b}}
	for _, s := range []*side{c.a, c.b} {
		for _, t := range s.talks {
			t.met = false
		}
	}
	c.found = meet(c.a, c.b, &c.pair)
	c.orient()
	c.clock()
	for i := range c.found {
		c.finish(i)
	}
	c.pair.Delay = [2]Delay{delayOf(c.took[0]), delayOf(c.took[1])}
	c.pair.Alone = c.alone()
	return c
}

// orient finds out for each direction which point its packets pass first:
//
//  1. Routers lower the TTL.
//  2. Whatever the clocks show, the difference of their times is greater for the direction that passes A first, by the time of the way to B and back.
//  3. What is known of an address in other conversations.
//  4. The point that alone has answers to the sender is nearer to whoever answers.
func (c *couple) orient() {
	c.ways = make([][2]Course, len(c.found))
	senders := map[netip.Addr]int{}
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			c.ways[i][d] = f.byTTL(d)
		}
		c.ways[i] = opposite(c.ways[i])
		if c.ways[i] == [2]Course{} {
			c.ways[i] = f.byDelay()
		}
		for d := range 2 {
			switch c.ways[i][d] {
			case AtoB:
				senders[f.a.conv.Ends[d].Addr()]++
			case BtoA:
				senders[f.a.conv.Ends[d].Addr()]--
			}
		}
	}
	course := func(n int) Course {
		switch {
		case n > 0:
			return AtoB
		case n < 0:
			return BtoA
		}
		return Unknown
	}
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			if c.ways[i] == [2]Course{} {
				c.ways[i][d] = course(senders[f.a.conv.Ends[d].Addr()])
				c.ways[i] = opposite(c.ways[i])
			}
		}
		if c.ways[i] == [2]Course{} {
			c.ways[i] = opposite(c.byAnswers(f))
		}
	}
}

// opposite fills in a direction from the other one.
func opposite(w [2]Course) [2]Course {
	for d := range 2 {
		if w[d] == Unknown && w[1-d] != Unknown {
			w[d] = AtoB + BtoA - w[1-d]
		}
	}
	return w
}

func (f *found) byTTL(d int) Course {
	switch n := f.ttl(d); {
	case n > 0:
		return AtoB
	case n < 0:
		return BtoA
	}
	return Unknown
}

// ttl is the difference of the TTL, A minus B, that most matched packets have.
func (f *found) ttl(d int) int {
	var counts [511]int32
	best := 255
	for _, h := range f.hits[d] {
		if h.kind != ranged {
			counts[255+int(f.a.prints[h.a].ttl)-int(f.b.prints[h.b].ttl)]++
		}
	}
	for i := range counts {
		if counts[i] > counts[best] {
			best = i
		}
	}
	return best - 255
}

// byDelay compares the least differences of both directions, in each second.
func (f *found) byDelay() (w [2]Course) {
	var samples []sample
	for d := range 2 {
		for _, h := range f.hits[d] {
			if h.kind.clocked() {
				q := &f.a.prints[h.a]
				samples = append(samples, sample{q.number, q.time, f.delta(h), d == 1})
			}
		}
	}
	n := 0
	for _, b := range binned(samples) {
		if b.n[0] > 0 && b.n[1] > 0 {
			n += cmp.Compare(b.low[0].d, b.high[1].d)
		}
	}
	switch {
	case n > 0:
		w[0] = AtoB
	case n < 0:
		w[0] = BtoA
	}
	return opposite(w)
}

// byAnswers looks at who alone has packets to the senders.
func (c *couple) byAnswers(f *found) (w [2]Course) {
	for d := range 2 {
		if len(f.hits[d]) == 0 {
			continue
		}
		e := d
		if f.flipped {
			e = 1 - d
		}
		atA, atB := answers(c.a, f.a.conv.Ends[d]), answers(c.b, f.b.conv.Ends[e])
		switch {
		case atB > 0 && atA == 0:
			w[d] = AtoB
		case atA > 0 && atB == 0:
			w[d] = BtoA
		}
	}
	return w
}

func answers(s *side, to netip.AddrPort) (n int) {
	for _, t := range s.toward[to] {
		for d := range 2 {
			if t.conv.Ends[1-d] == to {
				n += len(t.ways[d])
			}
		}
	}
	return n
}

// coarse is how far the times of a point may be behind.
func coarse(p *Point) int64 {
	if p.Unit > 1 {
		return max(p.Tick, p.Unit)
	}
	return p.Tick
}

// clock fits the clocks, and says how long packets took at most.
func (c *couple) clock() {
	if c.a.Untimed || c.b.Untimed {
		return
	}
	var samples, loose []sample
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			for _, h := range f.hits[d] {
				q := &f.a.prints[h.a]
				if !h.kind.clocked() || q.time == trace.NoTime || f.b.prints[h.b].time == trace.NoTime {
					continue
				}
				s := sample{q.number, q.time, f.delta(h), c.ways[i][d] == BtoA}
				if s.d >= most || s.d <= -most {
					continue
				}
				if c.ways[i][d] == Unknown {
					loose = append(loose, s)
				} else {
					samples = append(samples, s)
				}
			}
		}
	}
	ticks := [2]int64{coarse(c.a.Point), coarse(c.b.Point)}
	unit := max(c.a.Unit, c.b.Unit)
	if len(samples) > 0 {
		c.pair.Clock = fit(samples, ticks, unit)
	} else if len(loose) > 0 {
		c.pair.Clock = fit(loose, ticks, unit)
		for i := range c.pair.Clock.Segments {
			c.pair.Clock.Segments[i].Bound = Loose
		}
	}
	if len(c.pair.Clock.Segments) == 0 {
		return
	}
	var took [2][]int64
	for _, s := range slices.Concat(samples, loose) {
		off, _ := c.pair.Clock.At(s.t)
		d := difference(s.d, off)
		if s.back {
			d = -d
		}
		took[way(s.back)] = append(took[way(s.back)], d)
	}
	for w, list := range took {
		if len(list) > 0 {
			slices.Sort(list)
			p50, p99 := list[len(list)/2], list[len(list)*99/100]
			c.reach[w] = p99 + max(leastPatience, 3*(p99-p50))
		}
	}
}

func way(back bool) int {
	if back {
		return 1
	}
	return 0
}

// leastPatience is how much later than nearly all others a packet may come at least.
const leastPatience = 5 * int64(1e6)

// due says when packets of a course arrive.
func (c *couple) due(w Course) *due {
	off := func(t int64) int64 { o, _ := c.pair.Clock.At(t); return o }
	e := c.uncertain()
	d := &due{offset: off, low: -e, high: e}
	switch w {
	case AtoB:
		d.high = c.reach[0] + e
	case BtoA:
		d.low = -c.reach[1] - e
	default:
		d.low, d.high = -e-c.reach[0], e+c.reach[0]
	}
	return d
}

// uncertain is how far off the time may be at which a packet of the other point is due: what its clock shows
// together with the way is measured, and not as uncertain as either.
func (c *couple) uncertain() int64 {
	e := int64(10_000)
	for i := range c.pair.Clock.Segments {
		e = max(e, c.pair.Clock.Segments[i].SumError)
	}
	return e + coarse(c.a.Point) + coarse(c.b.Point)
}

// finish matches what only the clock can match, and counts.
func (c *couple) finish(i int) {
	f := &c.found[i]
	m := Meeting{A: f.a.conv, B: f.b.conv, Flipped: f.flipped, How: f.how, Shift: f.shift}
	for d := range 2 {
		var when *due
		if len(c.pair.Clock.Segments) > 0 {
			when = c.due(c.ways[i][d])
			f.check(d, when)
			f.repeated(d, when)
		}
		if f.tcp {
			f.ranges(d, when)
		}
		slices.SortFunc(f.hits[d], func(x, y hit) int { return cmp.Compare(x.a, y.a) })
		w := &m.Ways[d]
		w.From, w.TTL = c.ways[i][d], f.ttl(d)
		w.Matched = int64(len(f.hits[d]))
		for _, h := range f.hits[d] {
			if h.kind == ranged {
				w.Ranges++
			}
		}
		if len(f.hits[d]) > 0 {
			h := f.hits[d][0]
			w.DSCP = [2]uint8{f.a.prints[h.a].dscp, f.b.prints[h.b].dscp}
		}
		c.delays(f, d, w)
		c.leftover(f, d, w)
	}
	c.pair.Meetings = append(c.pair.Meetings, m)
}

// delays measures how long the packets of a direction took, on the clock of the pair. Without a
// clock that both directions tell the level is not known, and nothing is said.
func (c *couple) delays(f *found, d int, w *Way) {
	if len(c.pair.Clock.Segments) == 0 || c.pair.Clock.Segments[0].Bound != Both || w.From == Unknown {
		return
	}
	list := make([]int64, 0, len(f.hits[d]))
	for _, h := range f.hits[d] {
		if h.kind == ranged {
			continue
		}
		off, _ := c.pair.Clock.At(f.a.prints[h.a].time)
		x := difference(f.delta(h), off)
		if w.From == BtoA {
			x = -x
		}
		list = append(list, x)
	}
	c.took[way(w.From == BtoA)] = append(c.took[way(w.From == BtoA)], list...)
	w.Delay = delayOf(list)
}

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
	count := func(t *talk, way []int32, side int, covered func(int64) bool) {
		for _, i := range way {
			q := &t.prints[i]
			switch {
			case f.taken[side][i]:
			case !covered(q.time):
				w.Outside++
			default:
				only[side]++
				if len(at[side]) < maxPlaces {
					at[side] = append(at[side], q.pos(t.conv.Source))
				}
			}
		}
	}
	count(f.a, wa, 0, func(t int64) bool { return c.covers(c.b, t, false, w.From) })
	count(f.b, wb, 1, func(t int64) bool { return c.covers(c.a, t, true, w.From) })
	w.Lost, w.Only, w.LostAt, w.OnlyAt = only[0], only[1], at[0], at[1]
	if w.From == BtoA {
		w.Lost, w.Only, w.LostAt, w.OnlyAt = only[1], only[0], at[1], at[0]
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
			if t.met || len(t.ways[0]) == 0 || len(t.ways[1]) > 0 || to.IsMulticast() || to.IsUnspecified() {
				continue // what was answered arrived: the other point captured something else
			}
			shown := seen[to] || other.Heard(to) || seen[t.conv.Ends[0].Addr()]
			if !shown && !(quiet && t.conv.TCP != nil) {
				continue
			}
			if e, _ := endsOf(t.conv); has[e] != nil {
				continue
			}
			x := Alone{Conv: t.conv, At: at, Doubtful: !shown, Stray: asked.elsewhere(t.conv)}
			for _, i := range t.ways[0] {
				if q := &t.prints[i]; c.covers(other, q.time, back, Unknown) {
					if x.Sent++; len(x.In) < maxPlaces {
						x.In = append(x.In, q.pos(t.conv.Source))
					}
				}
			}
			if x.Sent > 0 && len(out) < maxAlone {
				out = append(out, x)
			}
		}
	}
	look(c.a, c.b, c.pair.A, false)
	look(c.b, c.a, c.pair.B, true)
	return out
}

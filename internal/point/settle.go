package point

import (
	"cmp"
	"net/netip"
	"slices"
)

// settle finds relays, and says what is known of them:
//
//  1. Connections that are the same at both points tell the clock. Without any, relays do, where they agree: see [couple.agreement].
//  2. A relay that the clock contradicts is none. One that neither a clock nor an address speaks for is doubtful.
func (c *couple) settle() {
	if !c.a.open() || !c.b.open() {
		return
	}
	c.a.spot()
	c.b.spot()
	defer func() { c.a.spots, c.a.hashes, c.b.spots, c.b.hashes = nil, nil, nil, nil }()
	expected := expectation(c.found)
	known := expected != nil
	list := c.oriented(expected)
	if !known {
		if expected = c.agreement(list.relays); expected != nil {
			list = c.oriented(expected)
		}
	}
	for _, r := range list.relays {
		m := r.middle()
		if expected != nil && (known || r.linked()) && away(difference(m.d, expected(m.t)), nearby) {
			continue
		}
		r.Doubtful = expected == nil || !r.linked() && away(difference(m.d, expected(m.t)), together)
		c.pair.Relays = append(c.pair.Relays, *r)
	}
	slices.SortFunc(c.pair.Relays, func(x, y Relay) int {
		return cmp.Or(cmp.Compare(x.A.ID, y.A.ID), cmp.Compare(x.B.ID, y.B.ID))
	})
	c.pair.Ambiguous = list.ambiguous(c.pair.Relays)
}

func away(d, most int64) bool { return d > most || d < -most }

// oriented are the candidates with what was asked in them and their courses.
func (c *couple) oriented(expected func(int64) int64) *candidates {
	k := c.candidates(expected)
	k.relays = k.judged()
	for _, r := range k.relays {
		r.ask(c.a, c.b)
		r.orient()
	}
	return k
}

// maxAsks bounds the answers of a relay whose questions are looked for.
const maxAsks = 16

// ask adds the questions to the answers that both connections carry: whatever a proxy makes of them, the one to it comes before its own.
func (r *Relay) ask(a, b *side) {
	if r.Flipped {
		return
	}
	slices.SortStableFunc(r.hints, func(x, y evidence) int { return cmp.Compare(x.a.t, y.a.t) })
	n := 0
	for i := range r.hints {
		if h := &r.hints[i]; h.dir == 1 && n < maxAsks {
			n++
			x, okA := a.question(r.A.ID, h.a.t)
			y, okB := b.question(r.B.ID, h.b.t)
			e := evidence{a: mark{t: x}, b: mark{t: y}}
			switch {
			case !okA || !okB || slices.Contains(r.questions, e):
			case (e.delta() < h.delta()) != (r.byEnds() == BtoA): // its question was not captured, or it is none
				r.odd++
			default:
				r.questions = append(r.questions, e)
			}
		}
	}
}

// maxTurn is how many packets are looked back at for the beginning of a question.
const maxTurn = 1000

// question is when the client began to send what it sent last before it was answered at t, and false where a sample has left out packets.
func (s *side) question(id int, t int64) (begin int64, ok bool) {
	k, found := slices.BinarySearchFunc(s.talks, id, byID)
	if !found || s.sampled {
		return 0, false
	}
	prints := s.talks[k].prints
	i, _ := slices.BinarySearchFunc(prints, t, func(q print, t int64) int { return cmp.Compare(q.time, t) })
	for n := 0; i > 0 && n < maxTurn; n++ {
		i--
		switch q := &prints[i]; {
		case q.size == 0:
		case q.dir() == 0:
			begin, ok = q.time, true
		case ok:
			return begin, true
		}
	}
	return begin, ok && i == 0
}

// agreement is the clock that relays agree on, nil when they do not. What the one brings must come before what the other passes on, in all of them and
// with one clock for all: so it is not with downloads of the same files that have nothing to do with each other. An address in common says more,
// and one relay is enough when the clocks are not far apart; without any it takes several, or one with much in both directions.
func (c *couple) agreement(list []*Relay) func(int64) int64 {
	deltas := make([]int64, 0, len(list))
	for _, r := range list {
		deltas = append(deltas, r.middle().d)
	}
	d, n := densest(deltas)
	if n == 0 || 2*n < len(list) || n < minAgreeing && away(d, nearby) {
		return nil
	}
	var marks []mark
	var agreed []*Relay
	linked := false
	for _, r := range list {
		if m := r.middle(); !away(difference(m.d, d), together) {
			marks, agreed, linked = append(marks, m), append(agreed, r), linked || r.linked()
		}
	}
	clock := c.causal(agreed)
	switch {
	case clock == nil:
		return nil
	case linked, clock.Bound == Both && n >= minAgreeing, clock.Bound == Both && agreed[0].mutual() && !away(d, together):
		return following(marks)
	}
	return nil
}

// causal is the one clock that has what comes first come first, nil when there is none.
func (c *couple) causal(list []*Relay) *Segment {
	const outliers, odd = 10, 4 // one in so many may contradict, and no more
	all, strange := 0, 0
	for _, r := range list {
		all, strange = all+len(r.questions)+r.odd, strange+r.odd
	}
	if strange*odd > all {
		return nil
	}
	s := samplesOf(list)
	clock := fit(s, [2]int64{coarse(c.a.Point), coarse(c.b.Point)}, 1)
	if len(clock.Segments) != 1 || clock.Dropped*outliers > int64(len(s)) {
		return nil
	}
	return &clock.Segments[0]
}

// middle is the middle of the differences of a relay, with a time at A.
func (r *Relay) middle() mark {
	deltas := make([]int64, 0, len(r.hints))
	for i := range r.hints {
		deltas = append(deltas, r.hints[i].delta())
	}
	slices.Sort(deltas)
	return mark{r.hints[len(r.hints)/2].a.t, deltas[len(deltas)/2]}
}

func (e *evidence) delta() int64 { return difference(e.b.t, e.a.t) }

// mutual reports whether both directions have enough.
func (r *Relay) mutual() bool {
	return r.Ways[0].Spots >= leastSpots && r.Ways[1].Spots >= leastSpots
}

// legs are the addresses of both connections, in the direction of end 0 at A.
func (r *Relay) legs() (fromA, toA, fromB, toB netip.Addr) {
	e := 0
	if r.Flipped {
		e = 1
	}
	return r.A.Ends[0].Addr(), r.A.Ends[1].Addr(), r.B.Ends[e].Addr(), r.B.Ends[1-e].Addr()
}

// linked reports whether the one connection goes to where the other comes from, or both have the same endpoints.
func (r *Relay) linked() bool {
	fromA, toA, fromB, toB := r.legs()
	return toA == fromB || fromA == toB || fromA == fromB && toA == toB
}

// orient says which point bytes pass first: by where the connections begin and end, else by the times, as those of packets.
func (r *Relay) orient() {
	w := [2]Course{r.byEnds()}
	if w[0] == Unknown {
		w[0] = r.byDelay()
	}
	w = opposite(w)
	r.Ways[0].From, r.Ways[1].From = w[0], w[1]
}

// byEnds is the course of direction 0, when the one connection goes to where the other comes from.
func (r *Relay) byEnds() Course {
	fromA, toA, fromB, toB := r.legs()
	switch forth, back := toA == fromB, fromA == toB; {
	case forth && !back:
		return AtoB
	case back && !forth:
		return BtoA
	}
	return Unknown
}

func (r *Relay) byDelay() Course {
	n := 0
	for _, b := range binned(r.samples(func(d int) bool { return d == 1 })) {
		if b.n[0] > 0 && b.n[1] > 0 {
			n += cmp.Compare(b.low[0].d, b.high[1].d)
		}
	}
	switch {
	case n > 0:
		return AtoB
	case n < 0:
		return BtoA
	}
	return Unknown
}

// samples are the spots of the relay, and its questions, as packets that are at both points.
func (r *Relay) samples(back func(d int) bool) []sample {
	hints := append(slices.Clip(r.hints), r.questions...)
	out := make([]sample, 0, len(hints))
	for i := range hints {
		h := &hints[i]
		if d := h.delta(); d < most && d > -most {
			out = append(out, sample{t: h.a.t, d: d, back: back(h.dir)})
		}
	}
	return numbered(out)
}

// numbered puts samples in order of their times.
func numbered(list []sample) []sample {
	slices.SortStableFunc(list, func(x, y sample) int { return cmp.Compare(x.t, y.t) })
	for i := range list {
		list[i].order = uint32(i)
	}
	return list
}

// samplesOf are those of all relays whose course is known: bytes leave the first point before they come to the second, however long
// they are kept between them.
func samplesOf(list []*Relay) (out []sample) {
	for _, r := range list {
		if r.Ways[0].From != Unknown {
			out = append(out, r.samples(func(d int) bool { return r.Ways[d].From == BtoA })...)
		}
	}
	return numbered(out)
}

// relayed are the samples of what is no doubt relayed.
func (c *couple) relayed() []sample {
	var list []*Relay
	for i := range c.pair.Relays {
		if r := &c.pair.Relays[i]; !r.Doubtful {
			list = append(list, r)
		}
	}
	return samplesOf(list)
}

// relayDelays measures how long bytes took from one point to the other.
func (c *couple) relayDelays() {
	for i := range c.pair.Relays {
		r := &c.pair.Relays[i]
		if len(c.pair.Clock.Segments) > 0 && c.pair.Clock.Segments[0].Bound == Both {
			for d := range 2 {
				r.Ways[d].Delay = c.relayDelay(r, d)
			}
		}
		r.hints, r.questions = nil, nil
	}
}

func (c *couple) relayDelay(r *Relay, d int) Delay {
	if r.Doubtful || r.Ways[d].From == Unknown {
		return Delay{}
	}
	var list []int64
	for i := range r.hints {
		if h := &r.hints[i]; h.dir == d {
			off, _ := c.pair.Clock.At(h.a.t)
			x := difference(h.delta(), off)
			if r.Ways[d].From == BtoA {
				x = -x
			}
			list = append(list, x)
		}
	}
	return delayOf(list)
}

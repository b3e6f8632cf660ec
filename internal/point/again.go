package point

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A pace says when things were on the one clock of all points, for two of them.
type pace struct{ a, b *Timebase }

// pace is that of a pair, nil where the one clock does not tell its times both ways or where a clock was set back: a time would be two.
func (r *Result) pace(p *Pair) *pace {
	q := &pace{&r.Timebases[p.A], &r.Timebases[p.B]}
	for _, b := range []*Timebase{q.a, q.b} {
		if !b.Linked || b.Bound != Both {
			return nil
		}
		for i := 1; i < len(b.Stretches); i++ {
			if b.Stretches[i].From <= b.Stretches[i-1].To {
				return nil
			}
		}
	}
	return q
}

// took is how much later an evidence was at B than at A, and how far that may be off.
func (p *pace) took(e *evidence) (d, err int64) {
	a, ea := p.a.At(0, e.a.t)
	b, eb := p.b.At(0, e.b.t)
	return difference(b, a), total(ea, eb)
}

// A life is the time from the first to the last packet of a talk, on the one clock.
type life struct{ from, to, err int64 }

func lifeOf(t *talk, b *Timebase) life {
	from, x := b.At(0, t.prints[0].time)
	to, y := b.At(0, t.prints[len(t.prints)-1].time)
	return life{from, to, max(x, y)}
}

// An instant is a time on the one clock, and how far it may be off.
type instant struct{ t, err int64 }

func (b *Timebase) instant(t int64) (x instant) {
	x.t, x.err = b.At(0, t)
	return x
}

// has reports whether an instant may lie in the life.
func (l *life) has(x instant) bool {
	e := total(total(l.err, x.err), stamping)
	return x.t >= difference(l.from, e) && x.t <= total(l.to, e)
}

// A revision settles the relays of a pair once more, when the one clock of all points is known.
type revision struct {
	*couple
	of    *Result
	sides []*side
	times *pace
	lives [2]map[uint32]life // by index of the talk
	// proxies are the addresses that settled relays go to and come from, and first the point that all of them begin at.
	proxies map[hop]bool
	first   Course
	met     map[[2]int]map[int]*Meeting // of other points with A and B: see [revision.meeting]
}

// A hop is what a proxy is known by: the address that connections of A have on its side, that of those of B, and which come first.
type hop struct {
	a, b netip.Addr
	from Course
}

// revise settles relays again, by the clock that all pairs together tell:
//
//  1. A client waits for what a proxy does for it, so its connection lives while the other one has the bytes. Of a piece that several
//     connections have, those two are meant of which that is so, where time leaves one each way.
//  2. A relay is none when what comes first comes last by the clock.
//  3. What was doubtful, or one of several, is a relay when something besides its bytes shows it: see [revision.shown]. What is shown so makes
//     its proxy known for others.
func (r *Result) revise(sides []*side) {
	for i := range r.Pairs {
		p := &r.Pairs[i]
		doubtful := slices.ContainsFunc(p.Relays, func(x Relay) bool { return x.Doubtful })
		a, b := sides[p.A], sides[p.B]
		if !doubtful && p.Ambiguous == 0 || a.sampled || b.sampled {
			continue
		}
		if q := r.pace(p); q != nil {
			v := r.revision(p, sides)
			v.times = q
			v.run()
			p.Relays, p.Ambiguous = v.pair.Relays, v.pair.Ambiguous
			known := map[*flow.Conversation]bool{}
			for _, x := range p.Relays {
				known[x.A], known[x.B] = true, true
			}
			p.Possible = slices.DeleteFunc(p.Possible, func(x Possible) bool { return known[x.A] || known[x.B] })
		}
	}
}

func (r *Result) revision(p *Pair, sides []*side) *revision {
	return &revision{couple: &couple{a: sides[p.A], b: sides[p.B], pair: *p}, of: r, sides: sides, lives: [2]map[uint32]life{{}, {}},
		proxies: map[hop]bool{}, met: map[[2]int]map[int]*Meeting{}}
}

// open marks the talks that are found as the pair left them.
func (v *revision) open() {
	met := map[int]bool{}
	for i := range v.pair.Meetings {
		met[int(v.pair.Meetings[i].A)], met[int(v.pair.Meetings[i].B)] = true, true
	}
	for _, s := range []*side{v.a, v.b} {
		for _, t := range s.talks {
			t.met = met[t.conv.ID]
		}
	}
}

func (v *revision) run() {
	v.open()
	v.a.spot()
	v.b.spot()
	defer func() { v.a.spots, v.a.hashes, v.b.spots, v.b.hashes = nil, nil, nil, nil }()
	var settled, kept []Relay
	done := map[int]bool{} // connections of A whose relay is known
	for _, x := range v.pair.Relays {
		if !x.Doubtful {
			settled, done[x.A.ID] = append(settled, x), true
			v.proxies[x.hop()] = true
		}
	}
	v.begin(settled)
	k := &candidates{c: v.couple, known: map[[2]uint32]*likeness{}, crowded: map[uint32]int{}}
	both(v.a.spots, v.b.spots, func(x, y []spot) { v.vote(k, x, y) })
	var open []*Relay
	for _, x := range k.judged() {
		if !done[x.A.ID] {
			x.ask(v.a, v.b)
			if x.orient(); v.ordered(x) {
				open = append(open, x)
			}
		}
	}
	for known := -1; known < len(v.proxies); { // what is shown may show others
		known = len(v.proxies)
		open = slices.DeleteFunc(open, func(x *Relay) bool {
			if !v.shown(x) {
				return false
			}
			v.measure(x)
			settled = append(settled, *x)
			v.proxies[x.hop()], done[x.A.ID] = true, true
			return true
		})
	}
	ordered := map[[2]*flow.Conversation]bool{}
	for _, x := range open {
		ordered[[2]*flow.Conversation{x.A, x.B}] = true
	}
	for _, x := range v.pair.Relays { // still doubtful, and not contradicted
		if x.Doubtful && ordered[[2]*flow.Conversation{x.A, x.B}] && !done[x.A.ID] {
			kept = append(kept, x)
		}
	}
	v.pair.Relays = append(settled, kept...)
	slices.SortFunc(v.pair.Relays, func(x, y Relay) int {
		return cmp.Or(cmp.Compare(x.A.ID, y.A.ID), cmp.Compare(x.B.ID, y.B.ID))
	})
	v.pair.Ambiguous = k.ambiguous(v.pair.Relays)
}

// begin says at which point all settled relays begin, if they do.
func (v *revision) begin(settled []Relay) {
	for i := range settled {
		if from := settled[i].Ways[0].From; i == 0 {
			v.first = from
		} else if from != v.first {
			v.first = Unknown
		}
	}
}

// waits reports whether the connection on the side of the client lives while the other one has the bytes; both must where nobody knows which that is.
func waits(from Course, la, lb life, a, b instant) bool {
	return (from == BtoA || la.has(b)) && (from == AtoB || lb.has(a))
}

// maxCrowd bounds how many places of one piece are compared with each other.
const maxCrowd = 64

// vote takes what both sides have of one hash.
func (v *revision) vote(k *candidates, x, y []spot) {
	if len(x) == 1 && len(y) == 1 {
		k.vote(&x[0], &y[0])
		return
	}
	if len(x) > maxCrowd || len(y) > maxCrowd {
		k.crowd(x)
		return
	}
	var rows, columns, only [maxCrowd]int // how many of the other side each may be, and the last one
	var at [maxCrowd]instant
	for j := range y {
		at[j] = v.times.b.instant(y[j].time)
	}
	for i := range x {
		a := v.times.a.instant(x[i].time)
		la := v.life(0, x[i].talk>>1)
		for j := range y {
			lb := v.life(1, y[j].talk>>1)
			if x[i].size == y[j].size && waits(v.first, la, lb, a, at[j]) {
				rows[i]++
				columns[j]++
				only[i] = j
			}
		}
	}
	for i := range x {
		switch {
		case rows[i] == 1 && columns[only[i]] == 1:
			k.vote(&x[i], &y[only[i]])
		case rows[i] > 0:
			k.crowd(x[i : i+1])
		}
	}
}

func (v *revision) life(side int, talk uint32) life {
	l, ok := v.lives[side][talk]
	if !ok {
		if side == 0 {
			l = lifeOf(v.a.talks[talk], v.times.a)
		} else {
			l = lifeOf(v.b.talks[talk], v.times.b)
		}
		v.lives[side][talk] = l
	}
	return l
}

// strays is the part of what a relay shows that may contradict the rest: one in so many.
const strays = 10

// ordered reports whether what passes one point first is earlier there by the clock, both ways. Where ends and times of the pair do not tell what
// passes first, the clock does.
func (v *revision) ordered(r *Relay) bool {
	var before, after, all [2]int
	count := func(list []evidence) {
		for i := range list {
			e := &list[i]
			d, err := v.times.took(e)
			all[e.dir]++
			switch {
			case d > err:
				after[e.dir]++
			case d < -err:
				before[e.dir]++
			}
		}
	}
	count(r.hints)
	count(r.questions)
	if r.Ways[0].From == Unknown {
		switch forth, back := after[0]+before[1], before[0]+after[1]; {
		case forth > back:
			r.Ways[0].From, r.Ways[1].From = AtoB, BtoA
		case back > forth:
			r.Ways[0].From, r.Ways[1].From = BtoA, AtoB
		}
	}
	for d := range 2 {
		wrong := map[Course]int{AtoB: before[d], BtoA: after[d]}[r.Ways[d].From]
		if strays*wrong > all[d] {
			return false
		}
	}
	return r.odd <= len(r.questions)
}

// hop is the proxy of a relay.
func (r *Relay) hop() hop {
	fromA, toA, fromB, toB := r.legs()
	if r.Ways[0].From == BtoA {
		return hop{fromA, toB, BtoA}
	}
	return hop{toA, fromB, r.Ways[0].From}
}

// shown reports whether more than bytes and clock shows that the one connection passes on what the other brings: the client waits for it, and
//
//   - an address of the one is that of the other, or both are those of a proxy that is known, or
//   - the one begins after the other, and either much is the same both ways or a third point is the host of both.
func (v *revision) shown(r *Relay) bool {
	if r.Ways[0].From == Unknown {
		return false
	}
	a, b := v.index(v.a, r.A), v.index(v.b, r.B)
	la, lb := v.life(0, a), v.life(1, b)
	for i := range r.hints {
		e := &r.hints[i]
		if !waits(r.Ways[0].From, la, lb, v.times.a.instant(e.a.t), v.times.b.instant(e.b.t)) {
			return false
		}
	}
	if r.linked() || v.proxies[r.hop()] {
		return true
	}
	client, server := la, lb
	if r.Ways[0].From == BtoA {
		client, server = lb, la
	}
	return difference(server.from, client.from) > total(la.err, lb.err) && (r.mutual() || v.host(r) >= 0)
}

func (v *revision) index(s *side, c *flow.Conversation) uint32 {
	k, _ := slices.BinarySearchFunc(s.talks, c.ID, byID)
	return uint32(k)
}

// measure says how long bytes took by the one clock.
func (v *revision) measure(r *Relay) {
	for d := range 2 {
		var list []int64
		for i := range r.hints {
			if e := &r.hints[i]; e.dir == d {
				x, err := v.times.took(e)
				if r.Ways[d].From == BtoA {
					x = -x
				}
				list, r.Error = append(list, x), max(r.Error, err)
			}
		}
		r.Ways[d].Delay = delayOf(list)
	}
	r.hints, r.questions = nil, nil
}

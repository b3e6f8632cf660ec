package point

import (
	"cmp"
	"slices"
)

// Inside is what a point has that captures on the host of a proxy: both connections of relays, by one clock. It says more than two points around the
// proxy do.
type Inside struct {
	Point  int     // index into Result.Points
	Relays []Relay // of two connections of the point: A is that of the client
}

// inside looks for the relays that were found between two points at a third one that has both of their connections. The bytes must be the
// same and in order there as well.
func (r *Result) inside(sides []*side) {
	for p := range r.Points {
		legs := r.legs(p, sides)
		if len(legs) == 0 {
			continue
		}
		h := &host{side: sides[p], legs: legs}
		if relays := h.relays(); len(relays) > 0 {
			r.Inside = append(r.Inside, Inside{p, relays})
		}
	}
}

// An onward is the number of a connection with a server, and whether its end 0 is on the side of end 1 of that of the client.
type onward struct {
	conv    int
	flipped bool
}

// legs are the connections of a point that are those of relays of which it is the host, by those with clients.
func (r *Result) legs(p int, sides []*side) map[int][]onward {
	legs := map[int][]onward{}
	if len(r.Points) < 3 || sides[p].sampled {
		return legs
	}
	for i := range r.Pairs {
		pair := &r.Pairs[i]
		if pair.A == p || pair.B == p || len(pair.Relays) == 0 {
			continue
		}
		v := r.revision(pair, sides)
		for k := range pair.Relays {
			x := &pair.Relays[k]
			if x.Doubtful || x.Ways[0].From == Unknown || !v.hosts(p, x) {
				continue
			}
			a, b := v.meeting(p, pair.A, x.A), v.meeting(p, pair.B, x.B)
			client, server := v.at(p, pair.A, x.A), v.at(p, pair.B, x.B)
			if x.Ways[0].From == BtoA {
				client, server = server, client
			}
			if o := (onward{server.ID, x.Flipped != (a.Flipped != b.Flipped)}); !slices.Contains(legs[client.ID], o) {
				legs[client.ID] = append(legs[client.ID], o)
			}
		}
	}
	return legs
}

// A host is a point with the connections of its relays.
type host struct {
	*side
	legs map[int][]onward
}

func (h *host) relays() (out []Relay) {
	own := map[int]bool{}
	for client, list := range h.legs {
		own[client] = true
		for _, o := range list {
			own[o.conv] = true
		}
	}
	for _, t := range h.talks {
		t.met = !own[t.conv.ID]
	}
	h.spot()
	defer func() { h.spots, h.hashes = nil, nil }()
	k := &candidates{c: &couple{a: h.side, b: h.side}, known: map[[2]uint32]*likeness{}, crowded: map[uint32]int{}}
	for list := h.spots; len(list) > 0; {
		n := equal(list)
		h.vote(k, list[:n])
		list = list[n:]
	}
	for _, x := range k.judged() {
		x.ask(h.side, h.side)
		if x.Ways[0].From, x.Ways[1].From = AtoB, BtoA; !x.A.Opened {
			continue // who began it is not known
		}
		if !x.inOrder() {
			continue
		}
		x.Error = max(1, coarse(h.Point))
		for d := range 2 {
			x.Ways[d].Delay = x.delay(d)
		}
		x.hints, x.questions = nil, nil
		out = append(out, *x)
	}
	slices.SortFunc(out, func(x, y Relay) int {
		return cmp.Or(cmp.Compare(x.A.ID, y.A.ID), cmp.Compare(x.B.ID, y.B.ID))
	})
	return out
}

// vote takes the places of one piece, in order of their talks: those that two connections of a relay have once each. A server may send back what it got,
// so the direction counts.
func (h *host) vote(k *candidates, list []spot) {
	for i := range list {
		s := &list[i]
		if once(list, s.talk) == nil {
			continue
		}
		for _, o := range h.legs[h.talks[s.talk>>1].conv.ID] {
			at, _ := slices.BinarySearchFunc(h.talks, o.conv, byID)
			dir := s.talk & 1
			if o.flipped {
				dir = 1 - dir
			}
			if t := once(list, uint32(at)<<1|dir); t != nil {
				k.vote(s, t)
			}
		}
	}
}

// once is the place that a direction of a talk has, nil when it has none or several.
func once(list []spot, talk uint32) *spot {
	i, ok := slices.BinarySearchFunc(list, talk, func(s spot, talk uint32) int { return cmp.Compare(s.talk, talk) })
	if !ok || i+1 < len(list) && list[i+1].talk == talk {
		return nil
	}
	return &list[i]
}

// inOrder reports whether what the client sends comes before what is passed on of it, and what it gets after, by one clock.
func (r *Relay) inOrder() bool {
	wrong := r.odd
	for _, list := range [][]evidence{r.hints, r.questions} {
		for i := range list {
			if e := &list[i]; e.dir == 0 && e.delta() < 0 || e.dir == 1 && e.delta() > 0 {
				wrong++
			}
		}
	}
	return strays*wrong <= len(r.hints)+len(r.questions)
}

// delay is how long the bytes of a direction took by one clock.
func (r *Relay) delay(d int) Delay {
	var list []int64
	for i := range r.hints {
		switch e := &r.hints[i]; {
		case e.dir != d:
		case r.Ways[d].From == BtoA:
			list = append(list, -e.delta())
		default:
			list = append(list, e.delta())
		}
	}
	return delayOf(list)
}

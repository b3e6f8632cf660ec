package point

import (
	"cmp"
	"net/netip"
)

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
	samples := f.memory.samples[:0]
	for d := range 2 {
		for _, h := range f.hits[d] {
			if h.kind.clocked() {
				q := &f.a.prints[h.a]
				samples = append(samples, sample{q.number, f.b.prints[h.b].number, q.time, f.delta(h), d == 1})
			}
		}
	}
	f.memory.samples = samples
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
		atA, atB := answered(c.a, f.a.conv.Ends[d]), answered(c.b, f.b.conv.Ends[e])
		switch {
		case atB && !atA:
			w[d] = AtoB
		case atA && !atB:
			w[d] = BtoA
		}
	}
	return w
}

// answered reports whether a point has packets to an endpoint. The first one says so: a server has as many connections as it has clients.
func answered(s *side, to netip.AddrPort) bool {
	for _, t := range s.toward[to] {
		for d := range 2 {
			if t.conv.Ends[1-d] == to && len(t.ways[d]) > 0 {
				return true
			}
		}
	}
	return false
}

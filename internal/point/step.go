package point

// A Step is where one of two clocks was set, or both.
type Step struct {
	After, Before int64 // between these times of A
	// By is how much more B is ahead of A after it, and Error how far that may be off.
	By, Error int64
}

// Steps are those between the segments.
func (c *Clock) Steps() (out []Step) {
	for i := 1; i < len(c.Segments); i++ {
		x, y := &c.Segments[i-1], &c.Segments[i]
		at := y.From
		out = append(out, Step{x.To, y.From, y.At(at) - x.At(at), x.ErrorAt(at) + y.ErrorAt(at)})
	}
	return out
}

// narrow looks for each step among the packets between two segments: where they agree best with the segment that they come to lie in.
func (c *Clock) narrow(samples []sample, ticks [2]int64) {
	for i := 1; i < len(c.Segments); i++ {
		x, y := &c.Segments[i-1], &c.Segments[i]
		from, to := len(samples), 0
		for k := range samples {
			if n := samples[k].order; n > x.Last[0] && n < y.First[0] {
				from, to = min(from, k), k+1
			}
		}
		if from >= to {
			continue
		}
		between := samples[from:to]
		by := max(difference(y.At(y.From), x.At(y.From)), difference(x.At(y.From), y.At(y.From)))
		// Only what the packets up to a place say more for the one segment than for the other counts.
		sum, least, split := int64(0), int64(0), 0
		for k := range between {
			sum = total(sum, x.against(&between[k], ticks, by)-y.against(&between[k], ticks, by))
			if sum < least {
				least, split = sum, k+1
			}
		}
		if split > 0 {
			s := &between[split-1]
			x.To, x.Last = max(x.To, s.t), [2]uint32{s.order, s.other}
		}
		if split < len(between) {
			s := &between[split]
			y.Offset -= scale(difference(y.From, s.t), y.Drift)
			y.Sum -= scale(difference(y.From, s.t), y.Drift)
			y.From, y.First = s.t, [2]uint32{s.order, s.other}
		}
	}
}

// against is how little a packet agrees with a segment: what it took beyond the least, up to most, and twice that if it would have arrived before it was sent.
func (s *Segment) against(p *sample, ticks [2]int64, most int64) int64 {
	x := difference(p.d, s.At(p.t))
	e := s.ErrorAt(p.t)
	if !p.back && total(x, ticks[1]+e) < 0 || p.back && total(x, -ticks[0]-e) > 0 {
		return 2 * min(most, 1<<40)
	}
	return min(max(x, -x), most, 1<<40)
}

package contrast

import "math"

// A WhatIf is the rate that the slow run would have if something were different.
type WhatIf struct {
	Kind  WhatIfKind
	Size  float64 // of requests, bytes
	Depth float64
	Rate  float64
}

// A WhatIfKind says what would be different.
type WhatIfKind uint8

const (
	NoPauses     WhatIfKind = iota // the client asks again at once
	GoodRequests                   // size and depth of the good run
	NoPausesGood                   // both
	Ceiling                        // something always on its way, at the pace measured
	Filling                        // Depth is what it takes for that, without pauses
)

func (k WhatIfKind) String() string {
	return [...]string{"no pauses", "good requests", "no pauses, good requests", "ceiling", "filling"}[k]
}

// rate is that of the slow run with requests of a size at a depth. With R the time to the first byte, P the time of a unit on
// its way and T that of what the client does with a unit:
//
//	batch by batch:      n S / (R + n S P + n S T)
//	a request at a time: min(1 / (P + T), n S / (R + S P + n S T))
//
// T is what it is for a unit, not for a batch: what a client does with the content does not get less when it asks for more at once.
func (c *Contrast) rate(m *model, size, depth, pause float64) float64 {
	r, p := m.first+m.trip, m.each[Transfer]+m.each[Loss]+m.each[Window]
	t := pause + m.each[Others]
	batch := depth * size
	if !c.Runs[Slow].sliding {
		return scale(c.Bytes) / (r/batch + p + t)
	}
	return scale(c.Bytes) / max(p+t, (r+size*p)/batch+t)
}

func (c *Contrast) whatIfs() {
	m := c.models()
	s, g := &m[Slow], &m[Good]
	pause := s.each[Pause]
	add := func(k WhatIfKind, size, depth, pause float64) {
		if rate := c.rate(s, size, depth, pause); !math.IsInf(rate, 0) && !math.IsNaN(rate) {
			c.WhatIfs = append(c.WhatIfs, WhatIf{k, size, depth, rate})
		}
	}
	const some = 0.01 // of the time: less is no pause
	paused := c.Runs[Slow].Share(PartPause) > some
	other := s.size != g.size || s.depth != g.depth
	if paused {
		add(NoPauses, s.size, s.depth, 0)
	}
	if other {
		add(GoodRequests, g.size, g.depth, pause)
	}
	if paused && other {
		add(NoPausesGood, g.size, g.depth, 0)
	}
	p := s.each[Transfer]
	if !c.Bytes || c.Runs[Slow].Share(PartTransfer) < hardly { // too little to tell the pace from
		return
	}
	c.WhatIfs = append(c.WhatIfs, WhatIf{Kind: Ceiling, Size: s.size, Rate: scale(c.Bytes) / p})
	if depth := math.Ceil(((s.first+s.trip)/p + s.size) / s.size); depth > s.depth {
		c.WhatIfs = append(c.WhatIfs, WhatIf{Filling, s.size, depth, scale(c.Bytes) / p})
	}
}

package contrast

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A Factor is the part of the ratio that one difference between the runs makes.
type Factor struct {
	Kind       Kind
	By         float64 // the product of all is the ratio
	Share      float64 // of the logarithm of the ratio; negative when it speaks for the slow run
	Slow, Good float64 // see Kind
}

// A Kind says what differs, and what Slow and Good of the factor are.
type Kind uint8

const (
	RequestSize Kind = iota // bytes of content of a request
	Depth                   // questions open at once
	Pause                   // share of the time
	Others                  // share of the time in which only other requests were open
	FirstByte               // nanoseconds to the first byte, less the round trip where that is known; 0 when transfers hid it
	RoundTrip               // nanoseconds
	Transfer                // content of what is on its way: rate
	Loss                    // share of the time
	Window                  // share of the time
	kinds
)

func (k Kind) String() string {
	return [...]string{"request size", "depth", "client pauses", "other requests", "first byte", "round trip", "transfer", "loss", "window"}[k]
}

// A model is what the time for a unit of content follows from, in nanoseconds
// for a unit where nothing else is said. Its terms are what was measured.
type model struct {
	size, depth float64
	cover       float64 // first bytes that are waited for in a cycle
	first, trip float64 // nanoseconds
	each        [kinds]float64
}

func (m *model) time() float64 {
	t := m.cover * (m.first + m.trip) / (m.depth * m.size)
	for _, e := range m.each {
		t += e
	}
	return t
}

// take replaces what a factor stands for by what it is in the other run. How much of the waiting is covered belongs to the depth.
func (m *model) take(k Kind, o *model) {
	switch k {
	case RequestSize:
		m.size = o.size
	case Depth:
		m.depth, m.cover = o.depth, o.cover
	case FirstByte:
		m.first = o.first
	case RoundTrip:
		m.trip = o.trip
	default:
		m.each[k] = o.each[k]
	}
}

// termOf are the parts of the time that are terms of the model as they are.
var termOf = [parts]Kind{PartTransfer: Transfer, PartOther: Others, PartPause: Pause, PartLoss: Loss, PartWindow: Window}

// models are those of both runs. What transfers hid in a run is taken to be as in the other one.
func (c *Contrast) models() (m [2]model) {
	c.hasTrip = c.Runs[Slow].RoundTrip > 0 && c.Runs[Good].RoundTrip > 0
	a, b := float64(c.Runs[Slow].Depth), float64(c.Runs[Good].Depth)
	c.sameDepths = math.Abs(math.Log(a/b)) < 0.2
	for i := range m {
		r := &c.Runs[i]
		m[i] = model{size: r.Size(), depth: float64(r.Depth)}
		for part, k := range termOf {
			if part != PartFirstByte {
				m[i].each[k] = float64(r.Parts[part]) / r.units()
			}
		}
		m[i].first = r.firstByte
		if c.sameDepths { // then what is waited for in a cycle is all there is to compare
			m[i].first = float64(r.Parts[PartFirstByte]) / r.cycles()
		}
	}
	for i := range m {
		r := &c.Runs[i]
		if r.hidden && !c.Runs[1-i].hidden && !c.sameDepths {
			m[i].first = m[1-i].first
		}
	}
	for i := range m {
		r := &c.Runs[i]
		whole := m[i].first
		if c.hasTrip {
			m[i].trip = min(float64(r.RoundTrip), whole)
			m[i].first = whole - m[i].trip
		}
		if whole > 0 {
			m[i].cover = float64(r.Parts[PartFirstByte]) / (r.cycles() * whole)
		}
	}
	return m
}

// factor splits the ratio: each difference is worth what it changes in the
// logarithm of the rate, averaged over all orders in which the differences can be
// put into the slow run (the value of Shapley). Averages are of subsets: there are few.
func (c *Contrast) factor() {
	m := c.models()
	least := min(m[Slow].time(), m[Good].time()) / 100 // a mixture may have no time at all: the one waits where the other pauses
	var log [1 << kinds]float64
	for set := range log {
		x := m[Slow]
		for k := range kinds {
			if set&(1<<k) != 0 {
				x.take(k, &m[Good])
			}
		}
		log[set] = -math.Log(max(x.time(), least))
	}
	whole := log[len(log)-1] - log[0]
	for k := range kinds {
		sum := 0.0
		for set := range log {
			if set&(1<<k) == 0 {
				sum += weight(bits.OnesCount(uint(set))) * (log[set|1<<k] - log[set])
			}
		}
		f := Factor{Kind: k, By: math.Exp(sum)}
		if math.Abs(whole) > 1e-9 {
			f.Share = sum / whole
		}
		f.Slow, f.Good = c.value(k, &m[Slow], &c.Runs[Slow]), c.value(k, &m[Good], &c.Runs[Good])
		if f.Slow != f.Good || f.By != 1 {
			c.Factors = append(c.Factors, f)
		}
	}
	slices.SortStableFunc(c.Factors, func(a, b Factor) int { return cmp.Compare(b.Share, a.Share) })
}

// weight is the share of the orders in which a factor comes after n given others and before the rest.
func weight(n int) float64 {
	w := 1.0 / float64(kinds)
	for i := range n {
		w *= float64(i+1) / float64(int(kinds)-1-i)
	}
	return w
}

func (c *Contrast) value(k Kind, m *model, r *Run) float64 {
	switch k {
	case RequestSize:
		return m.size
	case Depth:
		return m.depth
	case FirstByte:
		if r.hidden {
			return 0
		}
		return m.first
	case RoundTrip:
		return m.trip
	case Transfer:
		if m.each[Transfer] == 0 {
			return 0
		}
		return scale(c.Bytes) / m.each[Transfer]
	}
	for part, kind := range termOf {
		if kind == k && part != PartFirstByte {
			return r.Share(part)
		}
	}
	return 0
}

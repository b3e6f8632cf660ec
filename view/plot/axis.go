package plot

import (
	"math"
	"strconv"
)

// An axis is a range of values with ticks at round numbers of a unit.
type axis struct {
	low, high float64
	unit      string // "kB"
	ticks     []tick
}

type tick struct {
	value float64
	label string
}

// A scale is a unit for values from a size on.
type scale struct {
	of, from float64
	name     string
}

// scales are the units of each quantity, the largest first. Prefixes are those of SI.
var scales = [...][]scale{
	Count:   {{1e9, 2e9, "× 10⁹"}, {1e6, 2e6, "× 10⁶"}, {1e3, 2e4, "× 10³"}, {1, 0, ""}},
	Bytes:   {{1e12, 2e12, "TB"}, {1e9, 2e9, "GB"}, {1e6, 2e6, "MB"}, {1e3, 2e3, "kB"}, {1, 0, "B"}},
	Bits:    {{1e12, 1e12, "Tbit/s"}, {1e9, 1e9, "Gbit/s"}, {1e6, 1e6, "Mbit/s"}, {1e3, 1e3, "kbit/s"}, {1, 0, "bit/s"}},
	Open:    {{1e3, 2e4, "× 10³"}, {1, 0, ""}},
	Seconds: {{86400e9, 3 * 86400e9, "d"}, {3600e9, 3 * 3600e9, "h"}, {1e9, 1e9, "s"}, {1e6, 1e6, "ms"}, {1e3, 1e3, "µs"}, {1, 0, "ns"}},
}

// newAxis makes an axis for values from low to high of a quantity with at most n ticks.
// A range of one value is widened around it.
func newAxis(low, high float64, q Quantity, n int) axis {
	if !(low < high) {
		pad := max(math.Abs(low)/10, 1)
		low, high = low-pad, high+pad
	}
	s := scaleOf(max(math.Abs(low), math.Abs(high)), q)
	a := axis{low: low, high: high, unit: s.name}
	step := roundStep((high-low)/s.of/float64(max(n, 1)), q != Seconds && q != Bits && s.of == 1)
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	for k := math.Ceil(low / s.of / step); k*step <= high/s.of && len(a.ticks) <= n; k++ {
		v := k * step
		if v == 0 {
			v = 0 // no minus before a zero
		}
		a.ticks = append(a.ticks, tick{v * s.of, strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return a
}

func scaleOf(size float64, q Quantity) scale {
	list := scales[q]
	for _, s := range list {
		if size >= s.from {
			return s
		}
	}
	return list[len(list)-1]
}

// roundStep is the smallest 1, 2 or 5 of a power of ten that is at least step, a whole number when whole.
func roundStep(step float64, whole bool) float64 {
	if whole && step < 1 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= step*(1-1e-9) {
			return n * power
		}
	}
	return 10 * power
}

// frame is the range of a panel's values. Bars and marks of all series are in
// it, except of those that may leave it.
func (p *Panel) frame() (low, high float64, any bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range p.Series {
		if !s.Beyond {
			low, high = widen(low, high, s.Points)
		}
	}
	limit := high + (high-low)*(beyondSpan-1)
	for _, s := range p.Series {
		if s.Beyond {
			l, h := widen(low, high, s.Points)
			if !(low < high) {
				limit = h // there is nothing else to see
			}
			low, high = min(low, l), max(high, min(h, limit))
		}
	}
	if !(low <= high) {
		return 0, 1, false
	}
	if p.FromZero {
		low = min(low, 0)
	}
	return low, high, true
}

// beyondSpan is how much of the vertical axis, in heights of the others, a series takes that may leave the picture.
const beyondSpan = 1.5

func widen(low, high float64, points []Point) (float64, float64) {
	for _, p := range points {
		low, high = min(low, p.Low), max(high, p.High)
	}
	return low, high
}

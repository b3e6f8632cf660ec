package plot

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is n points over a time, most of them in bursts.
func noise(n int, span int64, seed uint64) []Point {
	r := rand.New(rand.NewPCG(seed, 1))
	points := make([]Point, n)
	t := int64(0)
	for i := range points {
		if r.IntN(1000) == 0 {
			t += r.Int64N(1000 * span / int64(n))
		}
		t += r.Int64N(span/int64(n) + 1)
		v := math.Sin(float64(i)/1e4) + r.NormFloat64()
		points[i] = at(t, v)
	}
	return points
}

// TestThinnedEnvelope: of a million points every bucket keeps its lowest and
// highest, and there are at least as many buckets in the busy time as columns.
func TestThinnedEnvelope(t *testing.T) {
	const columns = 1000
	points := noise(1_000_000, 1e12, 7)
	thin := newThinned(&Options{Columns: columns})
	for _, p := range points {
		thin.add(p)
		if len(thin.points) > perColumn*columns {
			t.Fatalf("%d points are kept", len(thin.points))
		}
	}
	thin.thin()
	got := envelope(thin.all(), thin.shift)
	want := envelope(points, thin.shift)
	if len(got) != len(want) {
		t.Fatalf("%d buckets, want %d", len(got), len(want))
	}
	if len(got) < columns {
		t.Errorf("%d buckets for %d columns", len(got), columns)
	}
	for bucket, w := range want {
		if got[bucket] != w {
			t.Fatalf("bucket %d has %v, want %v", bucket, got[bucket], w)
		}
	}
}

type span struct{ low, high float64 }

func envelope(points []Point, shift uint) map[int64]span {
	out := map[int64]span{}
	for _, p := range points {
		s, ok := out[p.Time>>shift]
		if !ok {
			s = span{p.Low, p.High}
		}
		out[p.Time>>shift] = span{min(s.low, p.Low), max(s.high, p.High)}
	}
	return out
}

// TestThinnedKeeps: a few points stay as they are, in order of time.
func TestThinnedKeeps(t *testing.T) {
	thin := newThinned(&Options{Columns: 10})
	for i := range perColumn * 10 {
		thin.add(at(int64(-i), float64(i)))
	}
	all := thin.all()
	if len(all) != perColumn*10 {
		t.Fatalf("%d points", len(all))
	}
	for i, p := range all {
		if p.Time != int64(i-len(all)+1) || p.Low != float64(-p.Time) {
			t.Fatalf("point %d is %v", i, p)
		}
	}
}

// TestThinnedExtremeTimes: years apart, before and after, at the same moment: bounded, and the ends stay.
func TestThinnedExtremeTimes(t *testing.T) {
	for name, time := range map[string]func(i int) int64{
		"one moment": func(int) int64 { return 5 },
		"far apart":  func(i int) int64 { return int64(i%2) * math.MaxInt64 },
		"both sides": func(i int) int64 { return int64(i%2)*math.MaxInt64 + int64(i%3/2)*math.MinInt64 },
		"backwards":  func(i int) int64 { return int64(-i) * 1e9 },
		"whole range": func(i int) int64 {
			return int64(uint64(i) * 0x9e3779b97f4a7c15)
		},
	} {
		thin := newThinned(&Options{Columns: 100})
		low, high := int64(math.MaxInt64), int64(math.MinInt64)
		for i := range 20_000 {
			at := at(time(i), float64(i))
			low, high = min(low, at.Time), max(high, at.Time)
			thin.add(at)
		}
		all := thin.all()
		if len(all) > perColumn*100 {
			t.Errorf("%s: %d points", name, len(all))
		}
		if all[0].Time != low || all[len(all)-1].Time != high {
			t.Errorf("%s: from %d to %d, want %d to %d", name, all[0].Time, all[len(all)-1].Time, low, high)
		}
	}
}

func BenchmarkThinned(b *testing.B) {
	points := noise(1_000_000, 1e12, 7)
	thin := newThinned(&Options{Columns: 1200})
	i := 0
	for b.Loop() {
		if i == len(points) {
			i, thin = 0, newThinned(&Options{Columns: 1200})
		}
		thin.add(points[i])
		i++
	}
}

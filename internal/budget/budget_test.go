package budget

import (
	"math/rand/v2"
	"testing"
)

// brute is what Of promises, moment by moment.
func brute(from, to int64, spans []Span) (parts [Causes]int64) {
	for at := from; at < to; at++ {
		cause := Unknown
		for _, s := range spans {
			if s.From <= at && at < s.To {
				cause = max(cause, s.Cause)
			}
		}
		parts[cause]++
	}
	return parts
}

func TestPartsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		from := int64(r.IntN(50))
		to := from + int64(r.IntN(100))
		var spans []Span
		for range r.IntN(20) {
			at := int64(r.IntN(160))
			spans = append(spans, Span{at, at + int64(r.IntN(40)) - 5, Cause(r.IntN(int(Causes)))})
		}
		b := Of(from, to, spans)
		if got, want := b.Parts(), brute(from, to, spans); got != want {
			t.Fatalf("%v in %d to %d: %v, want %v", spans, from, to, got, want)
		}
		if b.Total() != to-from {
			t.Fatalf("a total of %d for %d", b.Total(), to-from)
		}
		for i := 1; i < len(b); i++ {
			if b[i].From != b[i-1].To || b[i].Cause == b[i-1].Cause {
				t.Fatalf("%v: spans %d and %d", b, i-1, i)
			}
		}
		a, z := from+10, to-10
		if got, want := b.Between(a, z).Parts(), brute(a, z, spans); got != want {
			t.Fatalf("between %d and %d: %v, want %v", a, z, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	some := func() (out []Stretch) {
		for range r.IntN(8) {
			at := int64(r.IntN(60))
			out = append(out, Stretch{at, at + int64(r.IntN(12)) - 1})
		}
		return out
	}
	has := func(list []Stretch, at int64) bool {
		for _, s := range list {
			if s.From <= at && at < s.To {
				return true
			}
		}
		return false
	}
	for range 2000 {
		rawA, rawB := some(), some()
		a, b := Union(append([]Stretch(nil), rawA...)...), Union(append([]Stretch(nil), rawB...)...)
		with, without, and := a.With(b), a.Without(b), a.And(b)
		for at := range int64(80) {
			x, y := has(rawA, at), has(rawB, at)
			if has(a, at) != x || has(with, at) != (x || y) || has(without, at) != (x && !y) || has(and, at) != (x && y) {
				t.Fatalf("%v and %v at %d: with %v, without %v, and %v", a, b, at, with, without, and)
			}
		}
		for _, list := range []Times{a, with, without, and} {
			for i := range list {
				if list[i].From >= list[i].To || i > 0 && list[i].From < list[i-1].To {
					t.Fatalf("%v is not in order", list)
				}
			}
		}
		if n := int64(r.IntN(30)); with.First(n).Length() != min(n, with.Length()) {
			t.Fatalf("the first %d of %v: %v", n, with, with.First(n))
		}
	}
}

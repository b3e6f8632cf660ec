package index

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestColumn: every number is what was appended, whatever the differences in its block are.
func TestColumn(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var c column
	var want []int64
	for block := range 70 {
		for range blockLen {
			v := int64(random.Uint64() >> min(block, 63))
			switch {
			case block%5 == 1:
				v = 17
			case block%5 == 2 && v&1 == 0:
				v = math.MinInt64
			case block%5 == 3:
				v = -v
			}
			want = append(want, v)
		}
	}
	want = append(want, 1, 2, 3)
	for i, v := range want {
		c.append(v)
		if got := c.at(i); got != v {
			t.Fatalf("number %d, as soon as it is there: %d, want %d", i, got, v)
		}
	}
	for i, v := range want {
		if got := c.at(i); got != v {
			t.Fatalf("number %d: %d, want %d", i, got, v)
		}
	}
	for k := range len(want) / blockLen {
		for _, v := range []int64{math.MinInt64, 0, 18, 1 << 40, math.MaxInt64} {
			if c.below(k, v) {
				for _, w := range want[k*blockLen : (k+1)*blockLen] {
					if w >= v {
						t.Fatalf("block %d is said to lie below %d and has %d", k, v, w)
					}
				}
			}
		}
	}
}

// TestBitset: rank and find agree with a look at every place.
func TestBitset(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, density := range []int{1, 2, 50, 3000} {
		var s bitset
		var places []int
		for i := 0; i < 20000; {
			if random.IntN(4) == 0 {
				i += random.IntN(700)
				s.extend(i)
			}
			set := random.IntN(density) == 0
			if set {
				places = append(places, i)
			}
			s.append(set)
			i++
		}
		for k, at := range places {
			if got := s.find(k); got != at || !s.has(at) {
				t.Fatalf("density 1/%d: bit %d is at %d, want %d", density, k, got, at)
			}
		}
		k := 0
		for i := range s.n + 1 {
			if got := s.rank(i); got != k {
				t.Fatalf("density 1/%d: %d bits before %d, want %d", density, got, i, k)
			}
			if k < len(places) && places[k] == i {
				k++
			}
		}
	}
}

package flow

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWaits holds the list to what it is for: in order, apart, the longest of all, and bounded.
func TestWaits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var w, all Waits
		at := int64(0)
		for range r.IntN(4 * maxWaits) {
			at += int64(r.IntN(3))
			from := at
			at += int64(r.IntN(50))
			w.add(from, at)
			if n := len(all); at > from && n > 0 && from <= all[n-1].To {
				all[n-1].To = at
			} else if at > from {
				all = append(all, Wait{from, at})
			}
		}
		if len(all) <= maxWaits && !slices.Equal(w, all) {
			t.Fatalf("%v, want %v", w, all)
		}
		if len(w) > maxWaits {
			t.Fatalf("%d waits", len(w))
		}
		for i := range w {
			if w[i].length() <= 0 || i > 0 && w[i].From <= w[i-1].To {
				t.Fatalf("%v: number %d is empty, or not behind the one before", w, i)
			}
		}
	}
	var w Waits
	for i := range int64(10 * maxWaits) {
		w.add(1000*i, 1000*i+i+1)
	}
	for i := range w {
		if want := int64(9*maxWaits + i + 1); w[i].length() != want {
			t.Fatalf("number %d lasts %d, want %d: the longest stay", i, w[i].length(), want)
		}
	}
}

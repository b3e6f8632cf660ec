package stream

import (
	"math/rand/v2"
	"testing"
)

// TestOnce sends a stream in pieces, in any order and several times: each byte passes once.
func TestOnce(t *testing.T) {
	const length = 4000
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		start := uint32(r.Uint64())
		if seed%3 == 0 {
			start = -uint32(r.IntN(length)) // the numbers wrap inside
		}
		var o once
		seen := make([]int, length)
		var parts []span
		take := func(from, n int) {
			parts = o.pass(start+uint32(from), n, false, parts[:0])
			base := o.next + int64(int32(start-o.seq)) // offset of byte 0
			for _, p := range parts {
				for i := p.from; i < p.to; i++ {
					seen[i-base]++
				}
			}
		}
		at := 0
		var late [][2]int
		for at < length {
			n := min(1+r.IntN(200), length-at)
			switch {
			case r.IntN(5) == 0 && len(late) < maxHoles:
				late = append(late, [2]int{at, n})
			default:
				take(at, n)
				if r.IntN(4) == 0 && at > 0 {
					back := r.IntN(at)
					take(back, min(r.IntN(300)+1, length-back)) // may bring what is missing, and what is not yet sent
				}
			}
			at += n
		}
		r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		for _, l := range late {
			take(l[0], l[1])
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("seed %d: byte %d passed %d times", seed, i, n)
			}
		}
		if len(o.holes) > 0 {
			t.Fatalf("seed %d: holes %v", seed, o.holes)
		}
	}
}

// TestOnceBeforeTheFirst: bytes from before the first ones pass when they are new, and not when they were sent before the capture.
func TestOnceBeforeTheFirst(t *testing.T) {
	var o once
	o.pass(1000, 100, false, nil)
	if got := o.pass(900, 50, true, nil); len(got) != 0 {
		t.Errorf("sent again: %v", got)
	}
	if got := o.pass(900, 50, false, nil); len(got) != 1 || got[0] != (span{-100, -50}) {
		t.Errorf("late: %v", got)
	}
	if got := o.pass(900, 300, false, nil); len(got) != 2 || got[0] != (span{-50, 0}) || got[1] != (span{100, 200}) {
		t.Errorf("over all of it: %v", got)
	}
}

// TestOnceBound: holes that never fill are given up, the oldest first.
func TestOnceBound(t *testing.T) {
	var o once
	for i := range uint32(1000) {
		o.pass(i*20, 10, false, nil)
		if len(o.holes) > maxHoles {
			t.Fatalf("%d holes", len(o.holes))
		}
	}
}

package point

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// tunnel makes two points: datagrams of sizes that a user makes, and the same in a tunnel that adds some bytes to each and encrypts them.
type tunnel struct {
	more      int           // bytes that the tunnel adds
	offset    time.Duration // of the clock of B
	bulk      bool          // all of one size
	unrelated bool          // B has datagrams of other sizes
	missed    float64
	n         int
}

func (s *tunnel) run(seed uint64) *Pair {
	rnd := rand.New(rand.NewPCG(seed, 1))
	payload := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	var a, b []record
	add := func(to *[]record, at time.Duration, frame []byte) {
		if rnd.Float64() >= s.missed {
			*to = append(*to, record{simStart + int64(at), frame, len(frame), len(*to) + 1, 1})
		}
	}
	client, server := [4]byte{10, 0, 0, 1}, [4]byte{192, 0, 2, 1}
	in, out := [4]byte{198, 51, 100, 7}, [4]byte{203, 0, 113, 9}
	t := time.Duration(0)
	for range s.n {
		size := 40 + rnd.IntN(1200)
		if s.bulk {
			size = 1200
		}
		other := size + s.more
		if s.unrelated {
			other = 40 + rnd.IntN(1200)
		}
		back := rnd.IntN(3) == 0
		late := 5*time.Millisecond + time.Duration(rnd.IntN(2000))*time.Microsecond
		if back {
			add(&a, t, ipFrame(server, client, 17, 0, 60, udpDatagram(443, 5000, payload(size))))
			add(&b, t-late+s.offset, ipFrame(out, in, 17, 0, 60, udpDatagram(4500, 4500, payload(other))))
		} else {
			add(&a, t, ipFrame(client, server, 17, 0, 64, udpDatagram(5000, 443, payload(size))))
			add(&b, t+late+s.offset, ipFrame(in, out, 17, 0, 64, udpDatagram(4500, 4500, payload(other))))
		}
		t += time.Duration(8+rnd.IntN(80)) * time.Millisecond
	}
	byTime := func(x, y record) int { return int(x.time - y.time) }
	slices.SortStableFunc(a, byTime)
	slices.SortStableFunc(b, byTime)
	return &compared(a, b).Pairs[0]
}

// TestPossible: a tunnel is possible by sizes and order, nothing of it is matched or lost, and what only looks like one is nothing.
func TestPossible(t *testing.T) {
	for _, c := range []struct {
		name string
		tunnel
		want bool
	}{
		{"tunnel", tunnel{more: 41, n: 400, offset: time.Second}, true},
		{"encrypted anew", tunnel{more: 0, n: 400, offset: -time.Minute}, true},
		{"capture loss", tunnel{more: 60, n: 600, missed: 0.03}, true},
		{"all of one size", tunnel{more: 41, n: 400, bulk: true}, false},
		{"unrelated", tunnel{unrelated: true, n: 400}, false},
		{"too few", tunnel{more: 41, n: 18}, false},
		{"another day", tunnel{more: 41, n: 400, offset: 24 * time.Hour}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(3) {
				p := c.run(seed)
				if got := len(p.Possible) == 1; got != c.want || len(p.Possible) > 1 {
					t.Errorf("possible: %+v, want %v", p.Possible, c.want)
				}
				if len(p.Meetings)+len(p.Relays) > 0 {
					t.Errorf("%d conversations are called the same, %d relayed", len(p.Meetings), len(p.Relays))
				}
				for _, x := range p.Possible {
					if x.More != c.more || x.Packets > x.Of || x.Packets < x.Of*likePart/100 {
						t.Errorf("%+v, want %d more bytes", x, c.more)
					}
				}
			}
		})
	}
}

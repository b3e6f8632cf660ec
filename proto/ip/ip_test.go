package ip_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/wiretale/wiretale/proto/ip"
)

// TestSum compares the sum of four bytes at a time with the definition of RFC 1071.
func TestSum(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		b := make([]byte, 20+4*rnd.IntN(11))
		for i := range b {
			if b[i] = byte(rnd.Uint32()); rnd.IntN(3) == 0 {
				b[i] = 0xff
			}
		}
		var want uint32
		for i := 0; i < len(b); i += 2 {
			want += uint32(binary.BigEndian.Uint16(b[i:]))
			want = want>>16 + want&0xffff
		}
		if got := ip.Sum(b); got != uint16(want) {
			t.Fatalf("% x: got %04x, want %04x", b, got, want)
		}
	}
}

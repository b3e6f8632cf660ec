package packet

import (
	"math/rand/v2"
	"testing"
)

// TestSumOfAnyLength compares the sum with the one of RFC 1071, 4.1, word by word, and with carries as often as can be.
func TestSumOfAnyLength(t *testing.T) {
	plain := func(s uint64, b []byte) uint16 {
		words := s>>48 + s>>32&0xffff + s>>16&0xffff + s&0xffff
		for i, c := range b {
			words += uint64(c) << (8 * (i & 1))
		}
		for words > 0xffff {
			words = words>>16 + words&0xffff
		}
		return uint16(words)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for range 20 {
			for i := range b {
				if b[i] = 0xff; random.IntN(4) == 0 {
					b[i] = byte(random.Uint32())
				}
			}
			for _, s := range []uint64{0, 1, 0xffff_ffff, ^uint64(0), random.Uint64()} {
				if got, want := fold(sum(s, b)), plain(s, b); got != want {
					t.Fatalf("%d bytes, %#x before: %#04x, want %#04x\n%x", n, s, got, want, b)
				}
			}
		}
	}
}

func BenchmarkSum(b *testing.B) {
	for _, n := range []int{32, 44, 60, 512, 1460} {
		data := make([]byte, n)
		b.Run("", func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				sum(1, data)
			}
		})
	}
}

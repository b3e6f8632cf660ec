package smb2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/proto/smb2"
)

func unbounded(n int) []byte { return make([]byte, n) }

// written is a WRITE with what compresses well.
func written() []byte {
	return append(samples()["write"], strings.Repeat("what compresses well, and ", 400)...)
}

func TestDecompress(t *testing.T) {
	m := written()
	for algorithm := range smb3.Compressors {
		for _, plain := range []int{0, 64, len(m) - 50} {
			if got, err := smb2.Decompress(smb3.Unchained(algorithm, m, plain), unbounded); err != nil || !bytes.Equal(got, m) {
				t.Errorf("algorithm %d, %d bytes plain: %d bytes of %d, %v", algorithm, plain, len(got), len(m), err)
			}
		}
	}
	zeros := make([]byte, 5000)
	whole := bytes.Join([][]byte{m, zeros, m[:100], m, m, m}, nil)
	chain := smb3.Chained(len(whole), smb3.Payload(smb2.LZ77, true, m), smb3.Payload(smb2.PatternV1, false, zeros), smb3.Payload(smb2.Uncompressed, false, m[:100]),
		smb3.Payload(smb2.LZNT1, false, m), smb3.Payload(smb2.LZ4, false, m), smb3.Payload(smb2.LZ77Huffman, false, m))
	if got, err := smb2.Decompress(chain, unbounded); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("chain: %d bytes of %d, %v", len(got), len(whole), err)
	}
}

// TestDamaged: what contradicts itself gives an error with its place, and what comes before it.
func TestDamaged(t *testing.T) {
	m := written()
	le := binary.LittleEndian
	change := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		le.PutUint32(b[at:], v)
		return b
	}
	flat := smb3.Unchained(smb2.LZ77, m, 64)
	chain := smb3.Chained(len(m)+10, smb3.Payload(smb2.Uncompressed, true, m[:100]), smb3.Payload(smb2.PatternV1, false, make([]byte, 10)), smb3.Payload(smb2.LZ77, false, m[100:]))
	const second, third = 8 + 8 + 100, 8 + 8 + 100 + 16
	for _, c := range []struct {
		what string
		b    []byte
		at   int
		have int
	}{
		{"short", flat[:15], 15, 0},
		{"bomb", change(flat, 4, 1<<31), 4, 0},
		{"bomb of the sum", change(change(flat, 4, smb2.MaxOpened), 12, 1), 4, 0},
		{"offset past the end", change(flat, 12, 8000), len(flat), len(flat) - 16},
		{"algorithm", change(flat, 8, 9), 8, 64},
		{"no compression in one part", change(flat, 8, 0), 8, 64},
		{"payload longer than the message", change(chain, third+4, 1<<31), third + 4, 110},
		{"pattern longer than the message", change(chain, second+12, 1<<31), second + 12, 100},
		{"pattern of a few bytes", change(chain, second+4, 4), second + 8, 100},
		{"original size", change(chain, third+8, 1<<30), third + 8, 110},
		{"unknown in a chain", change(chain, second, 77), second, 100},
		{"more than the size", change(chain, 4, 99), 8 + 4, 0},
		{"less than the size", change(chain, 4, uint32(len(m)+11)), len(chain), len(m) + 10},
	} {
		got, err := smb2.Decompress(c.b, unbounded)
		var bad *smb2.CompressionError
		if !errors.As(err, &bad) || bad.Offset != c.at || len(got) != c.have {
			t.Errorf("%s: %d bytes and %v, want %d bytes and an error at %d", c.what, len(got), err, c.have, c.at)
		}
	}
	none := func(int) []byte { return nil }
	if _, err := smb2.Decompress(flat, none); err == nil {
		t.Error("no room is no error")
	}
}

func TestEveryCutOfCompressed(t *testing.T) {
	m := written()[:600]
	for algorithm := range smb3.Compressors {
		for _, b := range [][]byte{smb3.Unchained(algorithm, m, 64), smb3.Chained(len(m), smb3.Payload(algorithm, true, m))} {
			for n := range b {
				got, err := smb2.Decompress(b[:n:n], unbounded)
				if !bytes.HasPrefix(m, got) && algorithm != smb2.LZ4 {
					t.Fatalf("algorithm %d cut at %d: other bytes", algorithm, n)
				}
				if err == nil && len(got) < len(m) {
					t.Fatalf("algorithm %d cut at %d of %d: %d bytes of %d and no error", algorithm, n, len(b), len(got), len(m))
				}
				everything(t, b[:n:n])
			}
		}
	}
}

func FuzzDecompress(f *testing.F) {
	m := written()
	for algorithm := range smb3.Compressors {
		f.Add(smb3.Unchained(algorithm, m, 64))
	}
	f.Add(smb3.Chained(len(m)+10, smb3.Payload(smb2.LZ77, true, m), smb3.Payload(smb2.PatternV1, false, make([]byte, 10))))
	memory := make([]byte, smb2.MaxOpened+64)
	f.Fuzz(func(t *testing.T, b []byte) {
		size, _ := smb2.CompressedSize(b)
		got, err := smb2.Decompress(b, func(n int) []byte { return memory[:n:n] })
		if err == nil && int64(len(got)) != size {
			t.Errorf("%d bytes of %d without an error", len(got), size)
		}
		everything(t, b)
	})
}

package smb2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/wiretale/wiretale/internal/fixture/xca"
	"github.com/wiretale/wiretale/proto/smb2"
)

func unbounded(n int) []byte { return make([]byte, n) }

func packedLZ4(b []byte) []byte {
	out := make([]byte, lz4.CompressBlockBound(len(b)))
	n, err := lz4.CompressBlock(b, out, nil)
	if err != nil || n == 0 {
		panic("not compressed")
	}
	return out[:n]
}

// compressors are those of each algorithm.
var compressors = map[uint16]func([]byte) []byte{smb2.LZNT1: xca.LZNT1, smb2.LZ77: xca.Plain, smb2.LZ77Huffman: xca.Huffman, smb2.LZ4: packedLZ4}

// unchained is a message whose first plain bytes are not compressed.
func unchained(algorithm uint16, message []byte, plain int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("\xfcSMB"), uint32(len(message)-plain))
	b = le.AppendUint16(le.AppendUint16(b, algorithm), 0)
	b = le.AppendUint32(b, uint32(plain))
	return append(append(b, message[:plain]...), compressors[algorithm](message[plain:])...)
}

// payload is one of a chain.
func payload(algorithm uint16, first bool, content []byte) []byte {
	le := binary.LittleEndian
	flags := uint16(0)
	if first {
		flags = 1
	}
	b := le.AppendUint16(le.AppendUint16(nil, algorithm), flags)
	switch pack := compressors[algorithm]; {
	case algorithm == smb2.PatternV1:
		b = append(le.AppendUint32(b, 8), content[0], 0, 0, 0)
		return le.AppendUint32(b, uint32(len(content)))
	case pack != nil:
		packed := pack(content)
		b = le.AppendUint32(le.AppendUint32(b, uint32(4+len(packed))), uint32(len(content)))
		return append(b, packed...)
	}
	return append(le.AppendUint32(b, uint32(len(content))), content...)
}

func chained(size int, payloads ...[]byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte("\xfcSMB"), uint32(size)), bytes.Join(payloads, nil)...)
}

// written is a WRITE with what compresses well.
func written() []byte {
	return append(samples()["write"], strings.Repeat("what compresses well, and ", 400)...)
}

func TestDecompress(t *testing.T) {
	m := written()
	for algorithm := range compressors {
		for _, plain := range []int{0, 64, len(m) - 50} {
			if got, err := smb2.Decompress(unchained(algorithm, m, plain), unbounded); err != nil || !bytes.Equal(got, m) {
				t.Errorf("algorithm %d, %d bytes plain: %d bytes of %d, %v", algorithm, plain, len(got), len(m), err)
			}
		}
	}
	zeros := make([]byte, 5000)
	whole := bytes.Join([][]byte{m, zeros, m[:100], m, m, m}, nil)
	chain := chained(len(whole), payload(smb2.LZ77, true, m), payload(smb2.PatternV1, false, zeros), payload(smb2.Uncompressed, false, m[:100]),
		payload(smb2.LZNT1, false, m), payload(smb2.LZ4, false, m), payload(smb2.LZ77Huffman, false, m))
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
	flat := unchained(smb2.LZ77, m, 64)
	chain := chained(len(m)+10, payload(smb2.Uncompressed, true, m[:100]), payload(smb2.PatternV1, false, make([]byte, 10)), payload(smb2.LZ77, false, m[100:]))
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
	for algorithm := range compressors {
		for _, b := range [][]byte{unchained(algorithm, m, 64), chained(len(m), payload(algorithm, true, m))} {
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
	for algorithm := range compressors {
		f.Add(unchained(algorithm, m, 64))
	}
	f.Add(chained(len(m)+10, payload(smb2.LZ77, true, m), payload(smb2.PatternV1, false, make([]byte, 10))))
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

package lznt1

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/xca"
)

func TestSamples(t *testing.T) {
	seen := shapes{}
	for _, s := range xca.Samples() {
		packed := xca.LZNT1(s.Data)
		seen.walk(packed)
		got, err := Decompress(nil, packed, len(s.Data))
		if err != nil || !bytes.Equal(got, s.Data) {
			t.Errorf("%s: %d bytes of %d, %v", s.Name, len(got), len(s.Data), err)
		}
		for n := 0; n < len(s.Data); n += 1 + len(s.Data)/23 {
			if got, err := Decompress(nil, packed, n); err != nil || !bytes.Equal(got, s.Data[:n]) {
				t.Errorf("%s: the first %d bytes: %d, %v", s.Name, n, len(got), err)
			}
		}
		for n := 0; n < len(packed); n += 1 + n/16 {
			got, err := Decompress(nil, packed[:n], len(s.Data))
			if !bytes.HasPrefix(s.Data, got) || err == nil && len(got) < len(s.Data) {
				t.Fatalf("%s cut at byte %d of %d: %d bytes, %v", s.Name, n, len(packed), len(got), err)
			}
		}
	}
	seen.complete(t)
}

// shapes is what occurs in compressed data.
type shapes struct {
	splits                           [13]int // by bits of distance
	longest                          [13]int // the greatest length that was coded, by bits of distance
	overlapping, stored, whole, part int
}

func (s *shapes) walk(src []byte) {
	for len(src) >= 2 {
		header := binary.LittleEndian.Uint16(src)
		if header == 0 {
			return
		}
		chunk := src[2 : 2+int(header&0xfff)+1]
		src = src[2+len(chunk):]
		if header&0x8000 == 0 {
			s.stored++
			continue
		}
		if n := s.chunk(chunk); n == chunkSize {
			s.whole++
		} else {
			s.part++
		}
	}
}

func (s *shapes) chunk(b []byte) (n int) {
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				n, b = n+1, b[1:]
				continue
			}
			match := int(binary.LittleEndian.Uint16(b))
			b = b[2:]
			d := max(4, bits.Len(uint(n-1)))
			distance, length := match>>(16-d)+1, match&(1<<(16-d)-1)+3
			s.splits[d]++
			s.longest[d] = max(s.longest[d], length)
			if distance < length {
				s.overlapping++
			}
			n += length
		}
	}
	return n
}

// complete fails when the samples miss a shape: the nine splits of distance
// and length, the greatest length of those that a chunk has room for, the rest.
func (s *shapes) complete(t *testing.T) {
	for d := 4; d <= 12; d++ {
		if s.splits[d] == 0 {
			t.Errorf("no match with %d bits of distance", d)
		}
		if most := 1<<(16-d) - 1 + 3; d >= 5 && s.longest[d] != most {
			t.Errorf("the longest match with %d bits of distance has %d bytes, not %d", d, s.longest[d], most)
		}
	}
	if s.overlapping == 0 || s.stored == 0 || s.whole == 0 || s.part == 0 {
		t.Errorf("missing: %+v", s)
	}
}

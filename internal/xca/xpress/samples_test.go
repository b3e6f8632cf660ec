package xpress_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/xca"
	"github.com/wiretale/wiretale/internal/xca/xpress"
)

// packed is the samples, compressed by each codec: that takes longer than to decompress them.
var packed = sync.OnceValue(func() map[string][][]byte {
	out := map[string][][]byte{}
	for _, c := range codecs {
		for _, s := range xca.Samples() {
			out[c.name] = append(out[c.name], c.compress(s.Data))
		}
	}
	return out
})

type codec struct {
	name       string
	compress   func([]byte) []byte
	decompress func(dst, src []byte, size int) ([]byte, error)
}

var codecs = []codec{{"plain", xca.Plain, xpress.Plain}, {"huffman", xca.Huffman, xpress.Huffman}}

// What was compressed comes back, into memory that is there and into memory that is not.
func TestSamples(t *testing.T) {
	used := make([]byte, 400_000)
	for _, c := range codecs {
		for i, s := range xca.Samples() {
			packed := packed()[c.name][i]
			for _, dst := range [][]byte{nil, used} {
				got, err := c.decompress(dst, packed, len(s.Data))
				if err != nil || !bytes.Equal(got, s.Data) {
					t.Errorf("%s, %s: %d bytes of %d in %d, equal %v, %v", c.name, s.Name, len(got), len(s.Data), len(packed), bytes.Equal(got, s.Data), err)
				}
			}
		}
	}
}

// A size less than what was compressed gives the start of it: readers take windows.
func TestStartOfSamples(t *testing.T) {
	for _, c := range codecs {
		for i, s := range xca.Samples() {
			packed := packed()[c.name][i]
			for n := 0; n < len(s.Data); n += 1 + len(s.Data)/23 {
				got, err := c.decompress(nil, packed, n)
				if err != nil || !bytes.Equal(got, s.Data[:n]) {
					t.Errorf("%s, %s: the first %d bytes: %d, %v", c.name, s.Name, n, len(got), err)
				}
			}
		}
	}
}

// Compressed data that was cut gives an error and nothing that was not there.
func TestCutSamples(t *testing.T) {
	for _, c := range codecs {
		for i, s := range xca.Samples() {
			packed := packed()[c.name][i]
			for n := 0; n < len(packed); n += 1 + n/16 {
				got, err := c.decompress(nil, packed[:n], len(s.Data))
				if !bytes.HasPrefix(s.Data, got) || err == nil && len(got) < len(s.Data) {
					t.Fatalf("%s, %s cut at byte %d of %d: %d bytes, %v", c.name, s.Name, n, len(packed), len(got), err)
				}
			}
		}
	}
}

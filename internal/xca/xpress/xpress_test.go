package xpress

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// The examples of [MS-XCA] 3.1 and 3.2.
func TestExamplesOfTheSpecification(t *testing.T) {
	alphabet := "abcdefghijklmnopqrstuvwxyz"
	abc := strings.Repeat("abc", 100)
	for _, c := range []struct {
		name       string
		decompress func(dst, src []byte, size int) ([]byte, error)
		hex, want  string
	}{
		{"plain alphabet", Plain, "3f000000" + hex.EncodeToString([]byte(alphabet)), alphabet},
		{"plain abc", Plain, "ffffff1f61626317000fff2601", abc},
	} {
		src, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.decompress(nil, src, len(c.want))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

// The first example of [MS-XCA] 3.2: the alphabet in words of 5 bits (a to v) and 4 bits (w to z and the end of data, 256).
func TestHuffmanAlphabet(t *testing.T) {
	lengths := make([]byte, 256)
	set := func(symbol int, bits byte) { lengths[symbol/2] |= bits << (4 * (symbol % 2)) }
	for c := 'a'; c <= 'v'; c++ {
		set(int(c), 5)
	}
	for c := 'w'; c <= 'z'; c++ {
		set(int(c), 4)
	}
	set(256, 4)
	words, _ := hex.DecodeString("d8523ed794115be9195ff9d67cdf8d0400000000")
	const want = "abcdefghijklmnopqrstuvwxyz"
	got, err := Huffman(nil, append(lengths, words...), len(want))
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// huffmanABC is the second example of [MS-XCA] 3.2: 300 bytes of "abc", code lengths first.
func TestHuffmanExample(t *testing.T) {
	lengths := make([]byte, 256)
	lengths[0x30] = 0x30 // 'a' = 0x61: 3 bits
	lengths[0x31] = 0x23 // 'b' = 0x62: 3 bits, 'c' = 0x63: 2 bits
	lengths[0x80] = 0x02 // symbol 256: 2 bits
	lengths[0x8f] = 0x20 // symbol 287: 2 bits
	src := append(lengths, 0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01)
	want := strings.Repeat("abc", 100)
	got, err := Huffman(nil, src, len(want))
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzXpress(f *testing.F) {
	f.Add([]byte("\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01"), uint16(300))
	f.Add(append(bytes.Repeat([]byte{0x99}, 256), 1, 2, 3, 4, 5, 6, 7, 8), uint16(4000))
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		for _, decompress := range []func(dst, src []byte, size int) ([]byte, error){Plain, Huffman} {
			out, err := decompress(nil, src, int(size))
			if len(out) > int(size) || err == nil && len(out) != int(size) {
				t.Fatalf("%d bytes of %d, %v", len(out), size, err)
			}
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	src, _ := hex.DecodeString("ffffff1f61626317000fff2601")
	dst := make([]byte, 512)
	b.SetBytes(300)
	for b.Loop() {
		Plain(dst, src, 300)
	}
}

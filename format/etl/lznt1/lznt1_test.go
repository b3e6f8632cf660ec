package lznt1

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) {
	for _, c := range []struct{ hex, want string }{
		{"0330" + "61626364", "abcd"},                       // a chunk stored as it is
		{"05b0" + "08" + "616263" + "0620", "abcabcabcabc"}, // three literals, then a match of 9 bytes from 3 back
		{"05b0" + "08" + "616263" + "2420", strings.Repeat("abc", 14)[:42]},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decompress(nil, b, len(c.want))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v", c.hex, got, err)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x05\xb0\x08abc\x06\x20"), uint16(12))
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		out, err := Decompress(nil, src, int(size))
		if len(out) > int(size) || err == nil && len(out) != int(size) {
			t.Fatalf("%d bytes of %d, %v", len(out), size, err)
		}
	})
}

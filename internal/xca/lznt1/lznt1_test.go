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

// The example of [MS-XCA] 3.3.
func TestExampleOfTheSpecification(t *testing.T) {
	const want = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D " +
		"E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\x00"
	src, err := hex.DecodeString("38b08846232000204720410010a24701a045204400084501507900c045200524" +
		"138805b4024a44ef0358028c09160148" + "4500be009e000401189000")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decompress(nil, src, len(want))
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
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

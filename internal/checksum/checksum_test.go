package checksum

import "testing"

// TestSum: the example of RFC 1071, 3, and an odd byte.
func TestSum(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	if got := Sum(b); got != 0x2ddf0 {
		t.Errorf("sum is %#x, want 0x2ddf0", got)
	}
	if got := Fold(Sum(b)); got != 0xddf2 {
		t.Errorf("folded %#x, want 0xddf2", got)
	}
	if got := Sum(append(b, 0xab)); got != 0x2ddf0+0xab00 {
		t.Errorf("with an odd byte %#x", got)
	}
}

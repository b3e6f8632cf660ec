package format

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// TestSearchIsLinear: whatever the bytes, each place is asked about once, and with no more than it may look at.
func TestSearchIsLinear(t *testing.T) {
	const size, look = 3*searchBlock + 17, 1000
	data := bytes.Repeat([]byte{6, 0, 0, 0}, size/4)
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "half": iotest.HalfReader(bytes.NewReader(data))} {
		w := NewWindow(r)
		calls := 0
		skipped, found := w.Search(look, func(b []byte, last bool) bool {
			calls++
			if len(b) > look || last != (calls+len(b) == len(data)) {
				t.Fatalf("call %d: %d bytes, last %v", calls, len(b), last)
			}
			return false
		})
		if found || skipped != int64(len(data)) || calls != len(data)-1 || w.Left() != 0 {
			t.Errorf("%s: found %v, %d skipped of %d, %d calls", name, found, skipped, len(data), calls)
		}
	}
}

func TestSearchFinds(t *testing.T) {
	for _, at := range []int{1, 2, searchBlock - 1, searchBlock, searchBlock + 1, 2*searchBlock + 5} {
		data := make([]byte, at+10)
		data[0], data[at] = 1, 1 // the current place is not asked about
		w := NewWindow(bytes.NewReader(data))
		skipped, found := w.Search(4, func(b []byte, _ bool) bool { return b[0] == 1 })
		if !found || skipped != int64(at) || w.Offset() != int64(at) || w.Peek(1)[0] != 1 {
			t.Errorf("at %d: found %v, %d skipped, offset %d", at, found, skipped, w.Offset())
		}
	}
}

package prefetch

import (
	"testing"
	"unsafe"
)

// Memory that is not there, and the end of some that is: nothing happens, and nothing is changed.
func TestLinesOfAnyAddress(t *testing.T) {
	b := make([]byte, 4*LineSize)
	for i := range b {
		b[i] = byte(i)
	}
	Lines(nil, 3)
	Lines(unsafe.Pointer(&b[len(b)-1]), 1<<10)
	Lines(unsafe.Pointer(&b[0]), 0)
	Two(nil, nil)
	Two(unsafe.Pointer(&b[len(b)-1]), unsafe.Pointer(&b[0]))
	Each(nil, unsafe.Pointer(&b[0]), unsafe.Pointer(&b[len(b)-1]))
	for i := range b {
		if b[i] != byte(i) {
			t.Fatalf("byte %d became %d", i, b[i])
		}
	}
}

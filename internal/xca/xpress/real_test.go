package xpress_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/wiretale/wiretale/internal/xca/xpress"
)

// BenchmarkReal decompresses the buffers of a real trace.
func BenchmarkReal(b *testing.B) {
	file, err := os.ReadFile("../../../../shared/captures/etl/perfview-net452-x64-compressed.etl")
	if err != nil {
		b.Skip("../shared/captures is not here: ", err)
	}
	type block struct {
		data []byte
		size int
	}
	var blocks []block
	total, largest := 0, 0
	for len(file) >= 72 {
		size := binary.LittleEndian.Uint32(file)
		if binary.LittleEndian.Uint16(file[52:])&0x40 != 0 {
			n := int(binary.LittleEndian.Uint32(file[4:])) - 72
			blocks = append(blocks, block{file[72:size], n})
			total, largest = total+n, max(largest, n)
		}
		file = file[size:]
	}
	dst := make([]byte, largest+64)
	b.SetBytes(int64(total))
	for b.Loop() {
		for _, c := range blocks {
			if out, err := xpress.Plain(dst, c.data, c.size); err != nil || len(out) != c.size {
				b.Fatal(len(out), err)
			}
		}
	}
}

// Package lznt1 decompresses LZNT1 ([MS-XCA] 2.5).
package lznt1

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/wiretale/wiretale/internal/xca/lz"
)

// An Error says where compressed data contradicts itself.
type Error struct {
	Offset int // byte in the compressed data
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("lznt1 data at byte %d: %s", e.Offset, e.Detail) }

const chunkSize = 4096

// Decompress decompresses src into dst and stops at size bytes, which the
// caller must have bounded. The result shares dst's memory when its capacity
// is at least size+lz.Slack, and is newly allocated otherwise; all of that
// capacity may be overwritten. With an *Error the result is what could be
// decompressed; an end of data before size is one.
func Decompress(dst, src []byte, size int) ([]byte, error) {
	out := lz.Room(dst, size)
	n := 0
	for in := 0; n < size; {
		if len(src)-in < 2 {
			return out[:n], &Error{in, "ends before a chunk header"}
		}
		header := binary.LittleEndian.Uint16(src[in:])
		if header == 0 {
			return out[:n], &Error{in, "ends before the size"}
		}
		length := int(header&0xfff) + 1
		in += 2
		whole := length <= len(src)-in
		chunk := src[in:min(in+length, len(src))]
		if header&0x8000 == 0 {
			n += copy(out[n:size], chunk)
		} else {
			var bad int
			if n, bad = expand(out, n, chunk, min(size, n+chunkSize)); bad >= 0 {
				return out[:n], &Error{in + bad, "match before the start of its chunk, or cut"}
			}
		}
		if !whole {
			return out[:n], &Error{len(src), "ends inside a chunk"}
		}
		in += length
	}
	return out[:n], nil
}

// expand decompresses one chunk to out[n:limit] and returns the new end, and
// where the chunk is wrong, -1 when it is good: a byte of flags, least
// significant first, then literals and 16-bit matches whose split between
// distance and length depends on how much of the chunk is there.
func expand(out []byte, n int, chunk []byte, limit int) (end, bad int) {
	start := n
	for in := 0; in < len(chunk) && n < limit; {
		flags := chunk[in]
		in++
		if flags == 0 && len(chunk)-in >= 8 && limit-n >= 8 {
			binary.LittleEndian.PutUint64(out[n:], binary.LittleEndian.Uint64(chunk[in:]))
			n, in = n+8, in+8
			continue
		}
		for bit := 0; bit < 8 && in < len(chunk) && n < limit; bit++ {
			if flags>>bit&1 == 0 {
				out[n] = chunk[in]
				n, in = n+1, in+1
				continue
			}
			if len(chunk)-in < 2 {
				return n, in
			}
			match := int(binary.LittleEndian.Uint16(chunk[in:]))
			// 4 bits of distance for the first 16 bytes, then one more each time the place doubles.
			lengthBits := 16 - max(4, bits.Len(uint(max(n-start-1, 0))))
			length, distance := match&(1<<lengthBits-1)+3, match>>lengthBits+1
			if distance > n-start {
				return n, in
			}
			in += 2
			length = min(length, limit-n)
			lz.Copy(out, n, distance, length)
			n += length
		}
	}
	return n, -1
}

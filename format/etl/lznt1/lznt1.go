// Package lznt1 decompresses LZNT1 ([MS-XCA] 2.5).
package lznt1

import (
	"encoding/binary"
	"fmt"
)

// An Error says where compressed data contradicts itself.
type Error struct {
	Offset int // byte in the compressed data
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("lznt1 data at byte %d: %s", e.Offset, e.Detail) }

const chunkSize = 4096

// Decompress appends the decompressed form of src to dst[:0] and stops at size
// bytes, which the caller must have bounded. With an error it returns what
// could be decompressed. An end of data before size is an error.
func Decompress(dst, src []byte, size int) ([]byte, error) {
	out := dst[:0]
	for in := 0; len(out) < size; {
		if len(src)-in < 2 {
			return out, &Error{in, "ends before a chunk header"}
		}
		header := binary.LittleEndian.Uint16(src[in:])
		if header == 0 {
			return out, &Error{in, "ends before the size"}
		}
		n := int(header&0xfff) + 1
		in += 2
		if n > len(src)-in {
			return out, &Error{in, "chunk longer than the data"}
		}
		chunk := src[in : in+n]
		if header&0x8000 == 0 {
			out = append(out, chunk[:min(n, size-len(out))]...)
		} else {
			var ok bool
			if out, ok = expand(out, chunk, min(size, len(out)+chunkSize)); !ok {
				return out, &Error{in, "match before the start of its chunk"}
			}
		}
		in += n
	}
	return out, nil
}

// expand decompresses one chunk: a byte of flags, least significant first, then literals and 16-bit matches
// whose split between distance and length depends on how much of the chunk is there.
func expand(out, chunk []byte, limit int) ([]byte, bool) {
	start := len(out)
	for in := 0; in < len(chunk) && len(out) < limit; {
		flags := chunk[in]
		in++
		for bit := 0; bit < 8 && in < len(chunk) && len(out) < limit; bit++ {
			if flags>>bit&1 == 0 {
				out = append(out, chunk[in])
				in++
				continue
			}
			if len(chunk)-in < 2 {
				return out, false
			}
			match := int(binary.LittleEndian.Uint16(chunk[in:]))
			in += 2
			lengthBits := 12
			for have := len(out) - start - 1; have >= 16 && lengthBits > 4; have >>= 1 {
				lengthBits--
			}
			length, distance := match&(1<<lengthBits-1)+3, match>>lengthBits+1
			if distance > len(out)-start {
				return out, false
			}
			for range min(length, limit-len(out)) {
				out = append(out, out[len(out)-distance])
			}
		}
	}
	return out, true
}

// Package xpress decompresses the Xpress formats of Windows: plain LZ77 and
// LZ77 with Huffman coding ([MS-XCA] 2.4 and 2.2).
package xpress

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

func (e *Error) Error() string {
	return fmt.Sprintf("xpress data at byte %d: %s", e.Offset, e.Detail)
}

// Plain decompresses src into dst and stops at size bytes, which the caller
// must have bounded. The result shares dst's memory when its capacity is at
// least size+lz.Slack, and is newly allocated otherwise; all of that capacity
// may be overwritten. When src ends early or points before its start the
// result is what could be decompressed, together with an *Error.
func Plain(dst, src []byte, size int) ([]byte, error) {
	dst = lz.Room(dst, size)
	n, err := plain(dst, src, size)
	return dst[:n], err
}

// plain decompresses until size bytes are there or src is used up. Steps of [MS-XCA] 2.4.4:
// (1) a 32-bit word of flags, most significant first: 0 a literal, 1 a match
// (2) a match is 16 bits: offset-1 in the upper 13, length in the lower 3
// (3) length 7 goes on in a nibble (shared by two matches), 15 there in a byte, 255 there in 16 bits, 0 there in 32
func plain(out, src []byte, size int) (n int, err error) {
	in, nibble := 0, -1
	for n < size {
		if len(src)-in < 4 {
			return n, &Error{in, "ends before the flags"}
		}
		flags := binary.LittleEndian.Uint32(src[in:])
		in += 4
		for left := 32; left > 0 && n < size; {
			run := min(bits.LeadingZeros32(flags), left)
			if len(src)-in >= 32 { // a word, even for a run of none: cheaper than to ask
				from, to := src[in:][:32], out[n:][:32]
				binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
				if run > 8 {
					*(*[24]byte)(to[8:]) = *(*[24]byte)(from[8:])
				}
			} else if copy(out[n:n+run], src[in:]) < run {
				return min(n+len(src)-in, size), &Error{len(src), "ends before a literal"}
			}
			n, in = n+run, in+run
			if left -= run + 1; left < 0 || n >= size {
				break
			}
			flags <<= run + 1
			if len(src)-in < 2 {
				return n, &Error{in, "ends before a match"}
			}
			match := int(binary.LittleEndian.Uint16(src[in:]))
			in += 2
			length, distance := match&7+3, match>>3+1
			if length == 7+3 {
				if length, in, nibble = longLength(src, in, nibble); length < 0 {
					return n, &Error{in, "ends inside a match length"}
				}
			}
			if distance > n {
				return n, &Error{in, "match before the start"}
			}
			if distance >= 8 && length <= 16 { // nearly all: two words, the second one maybe for nothing
				from, to := out[n-distance:][:16], out[n:][:16]
				binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
				binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(from[8:]))
				n += length
				continue
			}
			length = min(length, size-n)
			lz.Copy(out, n, distance, length)
			n += length
		}
	}
	return min(n, size), nil
}

// longLength reads the extended length of a match; -1 when src ends or contradicts itself.
// nibble is the place of a byte whose upper half is still unused, -1 without one.
func longLength(src []byte, in, nibble int) (length, newIn, newNibble int) {
	if nibble >= 0 {
		length, nibble = int(src[nibble]>>4), -1
	} else {
		if in >= len(src) {
			return -1, in, nibble
		}
		length, nibble = int(src[in]&15), in
		in++
	}
	if length < 15 {
		return length + 7 + 3, in, nibble
	}
	if in >= len(src) {
		return -1, in, nibble
	}
	length = int(src[in])
	in++
	if length < 255 {
		return length + 15 + 7 + 3, in, nibble
	}
	if length, in = wideLength(src, in); length < 15+7 {
		return -1, in, nibble
	}
	return length + 3, in, nibble
}

// maxLength bounds a match's length so that sums do not overflow where int has 32 bits.
const maxLength = 1 << 30

// wideLength reads a length of 16 bits, or of 32 when those are 0; -1 when src ends.
func wideLength(src []byte, in int) (length, newIn int) {
	if len(src)-in < 2 {
		return -1, in
	}
	length = int(binary.LittleEndian.Uint16(src[in:]))
	in += 2
	if length != 0 {
		return length, in
	}
	if len(src)-in < 4 {
		return -1, in
	}
	return int(min(binary.LittleEndian.Uint32(src[in:]), maxLength)), in + 4
}

// Package xpress decompresses the Xpress formats of Windows: plain LZ77 and
// LZ77 with Huffman coding ([MS-XCA] 2.4 and 2.2).
package xpress

import (
	"encoding/binary"
	"fmt"
)

// An Error says where compressed data contradicts itself.
type Error struct {
	Offset int // byte in the compressed data
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("xpress data at byte %d: %s", e.Offset, e.Detail)
}

// Plain appends the decompressed form of src to dst[:0] and stops at size
// bytes, which the caller must have bounded. It returns what could be
// decompressed together with an error when src ends early or points before
// its start. dst is used when its capacity suffices.
func Plain(dst, src []byte, size int) ([]byte, error) {
	if cap(dst) < size+slack {
		dst = make([]byte, size+slack)
	}
	out := dst[:size+slack]
	n, err := plain(out, src, size)
	return out[:n:n], err
}

// slack lets copies run over the end of a match in whole words.
const slack = 16

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
		if flags == 0 && len(src)-in >= 32 && size-n >= 32 {
			copy(out[n:n+32], src[in:in+32])
			n, in = n+32, in+32
			continue
		}
		for bit := uint32(1) << 31; bit != 0 && n < size; bit >>= 1 {
			if flags&bit == 0 {
				if in >= len(src) {
					return n, &Error{in, "ends before a literal"}
				}
				out[n] = src[in]
				n, in = n+1, in+1
				continue
			}
			if len(src)-in < 2 {
				if in == len(src) { // a full last word of flags
					return n, &Error{in, "ends before the size"}
				}
				return n, &Error{in, "ends inside a match"}
			}
			match := int(binary.LittleEndian.Uint16(src[in:]))
			in += 2
			length, distance := match&7, match>>3+1
			if length == 7 {
				if length, in, nibble = longLength(src, in, nibble); length < 0 {
					return n, &Error{in, "ends inside a match length"}
				}
			}
			length += 3
			if distance > n {
				return n, &Error{in, "match before the start"}
			}
			length = min(length, size-n)
			repeat(out, n, distance, length)
			n += length
		}
	}
	return n, nil
}

// longLength reads the extended length of a match, before the 3 is added; -1 when src ends.
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
		return length + 7, in, nibble
	}
	if in >= len(src) {
		return -1, in, nibble
	}
	length = int(src[in])
	in++
	if length < 255 {
		return length + 15 + 7, in, nibble
	}
	if len(src)-in < 2 {
		return -1, in, nibble
	}
	length = int(binary.LittleEndian.Uint16(src[in:]))
	in += 2
	if length == 0 {
		if len(src)-in < 4 {
			return -1, in, nibble
		}
		length = int(binary.LittleEndian.Uint32(src[in:]))
		in += 4
	}
	if length < 15+7 {
		return -1, in, nibble
	}
	return length, in, nibble
}

// repeat copies length bytes from distance before n to n; the ranges may overlap. It may write up to slack bytes more.
func repeat(out []byte, n, distance, length int) {
	if distance >= 8 && n+length+8 <= len(out) {
		for i := 0; i < length; i += 8 {
			binary.LittleEndian.PutUint64(out[n+i:], binary.LittleEndian.Uint64(out[n+i-distance:]))
		}
		return
	}
	for i := n; i < n+length; i++ {
		out[i] = out[i-distance]
	}
}

// Package checksum makes the Internet checksum of headers and segments that are written (RFC 1071). What is read is verified by internal/packet, eight bytes at a time.
package checksum

import "encoding/binary"

// Sum is the sum of the 16-bit words of b, in network byte order; an odd byte at the end is the upper half of a word. Sums of pieces of even length may be added.
func Sum(b []byte) (s uint64) {
	for len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) > 0 {
		s += uint64(b[0]) << 8
	}
	return s
}

// Fold brings a sum down to 16 bits with end-around carry. The checksum on the wire is its complement.
func Fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

package xpress

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/xca/lz"
)

const (
	symbols    = 512
	tableBytes = symbols / 2 // two 4-bit code lengths a byte
	maxCode    = 15
	chunk      = 65536 // output bytes that share one table
)

// Huffman is Plain for LZ77 with Huffman coding ([MS-XCA] 2.2).
func Huffman(dst, src []byte, size int) ([]byte, error) {
	out := lz.Room(dst, size)
	n, in := 0, 0
	var table [1 << maxCode]uint16
	for n < size {
		if len(src)-in < tableBytes+4 {
			return out[:n], &Error{in, "ends before the code lengths"}
		}
		if !buildTable(&table, src[in:in+tableBytes]) {
			return out[:n], &Error{in, "code lengths are no prefix code"}
		}
		var err error
		n, in, err = huffmanChunk(out, src, in+tableBytes, n, min(size, n+chunk), size, &table)
		if err != nil {
			return out[:n], err
		}
	}
	return out[:n], nil
}

// buildTable fills the decoding table: symbol<<4 | code length for each 15-bit prefix.
func buildTable(table *[1 << maxCode]uint16, lengths []byte) bool {
	at := 0
	for length := 1; length <= maxCode; length++ {
		for s := range symbols {
			l := int(lengths[s/2] >> (4 * (s & 1)) & 15)
			if l != length {
				continue
			}
			span := 1 << (maxCode - length)
			if at+span > len(table) {
				return false
			}
			for i := at; i < at+span; i++ {
				table[i] = uint16(s<<4 | length)
			}
			at += span
		}
	}
	return at == len(table)
}

// bitReader reads 16-bit little-endian words, most significant bit first.
type bitReader struct {
	src     []byte
	in      int
	bits    uint32 // next bits, left-aligned
	extra   int    // bits beyond the first 16
	missing int    // bits that were read behind the end of src
}

func (r *bitReader) word() uint32 {
	if r.in+2 > len(r.src) { // bits are read ahead: over tells whether these were used
		r.missing += 16
		return 0
	}
	w := binary.LittleEndian.Uint16(r.src[r.in:])
	r.in += 2
	return uint32(w)
}

// over reports whether bits behind the end of src have been used: 16+extra of those that were read have not.
func (r *bitReader) over() bool { return r.missing > 16+r.extra }

func (r *bitReader) skip(n int) {
	r.bits <<= n
	r.extra -= n
	if r.extra < 0 {
		r.bits |= r.word() << -r.extra
		r.extra += 16
	}
}

// huffmanChunk decodes up to limit output bytes (a match may run over it, up to size).
func huffmanChunk(out, src []byte, in, n, limit, size int, table *[1 << maxCode]uint16) (int, int, error) {
	r := bitReader{src: src, in: in}
	r.bits = r.word() << 16
	r.bits |= r.word()
	r.extra = 16
	for n < limit {
		entry := table[r.bits>>(32-maxCode)]
		r.skip(int(entry & 15))
		if r.over() {
			return n, r.in, &Error{len(src), "ends before the size"}
		}
		symbol := int(entry >> 4)
		if symbol < 256 {
			out[n] = byte(symbol)
			n++
			continue
		}
		symbol -= 256
		length, offsetBits := symbol&15, symbol>>4
		if length == 15 {
			if length = r.longLength(); length < 0 {
				return n, r.in, &Error{r.in, "ends inside a match length"}
			}
		}
		length += 3
		distance := 1<<offsetBits | int(uint64(r.bits)>>(32-offsetBits))
		r.skip(offsetBits)
		if r.over() {
			return n, r.in, &Error{len(src), "ends inside a match"}
		}
		if distance > n {
			return n, r.in, &Error{r.in, "match before the start"}
		}
		length = min(length, size-n)
		lz.Copy(out, n, distance, length)
		n += length
	}
	return n, r.in, nil
}

// longLength reads the bytes of an extended length, which lie between the words of bits.
func (r *bitReader) longLength() int {
	if r.in >= len(r.src) || r.missing > 0 { // a byte that is left then belongs to a word
		return -1
	}
	length := int(r.src[r.in])
	r.in++
	if length < 255 {
		return length + 15
	}
	if length, r.in = wideLength(r.src, r.in); length < 15 {
		return -1
	}
	return length
}

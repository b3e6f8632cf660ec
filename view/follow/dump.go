package follow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// dumpWidth is how many bytes a line of Wireshark's hexadecimal has: the offset, the bytes from dumpHex on, and their characters from dumpText on,
// both with a gap in the middle.
const (
	dumpWidth = 16
	dumpHex   = 8 + 2
	dumpText  = dumpHex + 3*dumpWidth + 2
	dumpEnd   = dumpText + dumpWidth + 1
)

// pairs are the digits of bytes, with two blanks behind them, and capitals the digits alone.
var pairs, capitals = func() (p [256]uint32, q [256]uint16) {
	for c := range p {
		b := fmt.Appendf(nil, "%02x  ", c)
		p[c] = binary.LittleEndian.Uint32(b)
		q[c] = binary.LittleEndian.Uint16(bytes.ToUpper(b))
	}
	return p, q
}()

// dotted and dottedLines are what stands for a byte: itself, or a dot for what is no printable character of ASCII; lines may keep their ends.
var dotted, dottedLines = func() (in, lines [256]byte) {
	for c := range in {
		in[c] = '.'
		if c >= 0x20 && c < 0x7f {
			in[c] = byte(c)
		}
	}
	lines = in
	lines['\r'], lines['\n'] = '\r', '\n'
	return in, lines
}()

// dump appends bytes as Wireshark's hexadecimal does, from an offset on, each line behind a prefix.
func dump(dst, b []byte, at int64, prefix string) []byte {
	const size = dumpEnd + 1
	dst = slices.Grow(dst, (len(b)/dumpWidth+1)*(len(prefix)+size))
	for ; len(b) >= dumpWidth && at>>32 == 0; at += dumpWidth {
		dst = append(dst, prefix...)
		dst = dst[:len(dst)+size]
		line := (*[size]byte)(dst[len(dst)-size:])
		dumpLine(line, (*[dumpWidth]byte)(b), uint32(at))
		if line[dumpEnd-1] == ' ' { // as Wireshark
			dst = dst[:len(dst)-1]
		}
		dst[len(dst)-1] = '\n'
		b = b[dumpWidth:]
	}
	for ; len(b) > 0; at += dumpWidth {
		n := min(dumpWidth, len(b))
		dst = dumpAny(dst, b[:n], at, prefix)
		b = b[n:]
	}
	return dst
}

// dumpLine writes a line that is full, without its end.
func dumpLine(line *[dumpEnd + 1]byte, b *[dumpWidth]byte, at uint32) {
	le := binary.LittleEndian
	le.PutUint16(line[0:], capitals[at>>24])
	le.PutUint16(line[2:], capitals[at>>16&0xff])
	le.PutUint16(line[4:], capitals[at>>8&0xff])
	le.PutUint16(line[6:], capitals[at&0xff])
	line[8], line[9] = ' ', ' '
	for i := range dumpWidth / 2 { // each brings the blanks behind it
		le.PutUint32(line[dumpHex+3*i:], pairs[b[i]])
	}
	for i := dumpWidth / 2; i < dumpWidth; i++ {
		le.PutUint32(line[dumpHex+3*i+1:], pairs[b[i]])
	}
	line[dumpText-1] = ' '
	le.PutUint64(line[dumpText:], eightDotted(le.Uint64(b[:])))
	line[dumpText+dumpWidth/2] = ' '
	le.PutUint64(line[dumpText+dumpWidth/2+1:], eightDotted(le.Uint64(b[dumpWidth/2:])))
}

// eightDotted are eight characters with a dot in the place of those that are none of 0x20 to 0x7e. The sums do not carry into the next character.
func eightDotted(v uint64) uint64 {
	const ones, highs, lows, dots = 0x0101010101010101, 0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 0x2e2e2e2e2e2e2e2e
	low := v & lows
	keep := ((low + 0x60*ones) &^ (low + ones) &^ v & highs) >> 7 * 0xff
	return dots ^ (v^dots)&keep
}

// dumpAny appends a line of any length and offset.
func dumpAny(dst, b []byte, at int64, prefix string) []byte {
	dst = fmt.Appendf(append(dst, prefix...), "%08X  ", at)
	for i := range dumpWidth {
		if i == dumpWidth/2 {
			dst = append(dst, ' ')
		}
		if i < len(b) {
			dst = fmt.Appendf(dst, "%02x ", b[i])
		} else {
			dst = append(dst, "   "...)
		}
	}
	dst = append(dst, ' ')
	for i, c := range b {
		if i == dumpWidth/2 {
			dst = append(dst, ' ')
		}
		dst = append(dst, dotted[c])
	}
	if dst[len(dst)-1] == ' ' { // as Wireshark
		dst = dst[:len(dst)-1]
	}
	return append(dst, '\n')
}

package redact

import (
	"strings"

	"golang.org/x/net/http2/hpack"
)

// bits are the lengths of the codes of HPACK (RFC 7541, appendix B), and symbols one of each length.
var bits, symbols = func() (bits [256]int, symbols map[int]byte) {
	symbols = map[int]byte{}
	for c := 255; c >= 0; c-- {
		bits[c] = int(hpack.HuffmanEncodeLength(strings.Repeat(string([]byte{byte(c)}), 8)))
		symbols[bits[c]] = byte(c)
	}
	symbols[5], symbols[6], symbols[7], symbols[8] = '0', '-', Blank, 'X'
	return bits, symbols
}()

const shortest, longest = 5, 30 // codes

// coded is a text of n bytes whose codes have so many bits together, and that says no more than these two numbers of what it replaces.
func coded(n, sum int) (text []byte, ok bool) {
	for n > 0 && sum > 8*n { // rare symbols first, until the usual ones do
		long := 0
		for length := min(longest, sum-shortest*(n-1)); length > 8 && long == 0; length-- {
			if _, there := symbols[length]; there {
				long = length
			}
		}
		if long == 0 {
			return nil, false
		}
		text = append(text, symbols[long])
		n, sum = n-1, sum-long
	}
	if n == 0 {
		return text, sum == 0
	}
	each := sum / n
	if each < shortest || each > 8 {
		return nil, false
	}
	for i := range n {
		length := each
		if i < sum-each*n {
			length++
		}
		text = append(text, symbols[length])
	}
	return text, true
}

// inCode is a value with other texts in the place of parts of it, that is as long as it was, plain and coded: what the table of the other side counts stays the same.
func inCode(value string, parts []span) []byte {
	b := []byte(value)
	for _, p := range parts {
		sum := 0
		for _, c := range b[p.from:p.to] {
			sum += bits[c]
		}
		text, ok := coded(p.to-p.from, sum)
		if !ok { // of each symbol only the length
			text = nil
			for _, c := range b[p.from:p.to] {
				text = append(text, symbols[bits[c]])
			}
		}
		copy(b[p.from:], text)
	}
	return b
}

// Package lz has what the LZ77 family of [MS-XCA] shares: the copy of a match.
package lz

import "encoding/binary"

// Slack is how many bytes behind the end of the output must be writable:
// copies go in whole words.
const Slack = 64

// Copy writes length bytes at out[n:], repeating those that begin distance
// before n; the two ranges may overlap. It may write up to Slack bytes more.
// The caller has checked 0 < distance <= n and n+length+Slack <= len(out).
func Copy(out []byte, n, distance, length int) {
	if distance < 8 {
		// The pattern is shorter than a word: write one word byte by byte, then
		// repeat from a multiple of the distance that is at least a word back.
		for i := n; i < n+8; i++ {
			out[i] = out[i-distance]
		}
		if length <= 8 {
			return
		}
		n, length = n+8, length-8
		distance *= 7/distance + 1
	}
	if length > 64 && distance >= length {
		copy(out[n:n+length], out[n-distance:])
		return
	}
	from, to := out[n-distance:], out[n:]
	for i := 0; i < length; i += 8 {
		binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
	}
}

// Room returns dst with room for size bytes of output and the slack, its
// length being that of both. It allocates only when dst is too small.
func Room(dst []byte, size int) []byte {
	if cap(dst) < size+Slack {
		return make([]byte, size+Slack)
	}
	return dst[:size+Slack]
}

package scrub

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/stream"
)

// A side is what one end of a connection sends.
type side struct{ source, conv, dir int }

// A piece is what stays of a message, by the place of its first byte: that counts from the first message of the side, in
// the numbers of the wire, so that bytes that are sent again get the same replacement.
type piece struct {
	at    int64
	bytes []byte // without zeros at its end
	n     int    // bytes that it speaks for: those behind bytes are zeros
}

// streams are the pieces of all connections.
type streams map[side]*pieces

type pieces struct {
	base   uint32
	list   []piece
	reach  []int64 // how far the pieces up to each one reach
	sorted bool
}

const (
	// gap is how many zeros in a row are not kept.
	gap = 64
	// maxKept bounds what is kept of all messages, in bytes: what is beyond becomes zeros.
	maxKept = 512 << 20
)

// add keeps what is not zero of a message, and that all of it is understood.
func (s streams) add(m *stream.Message, scrubbed []byte, held *int64) (whole bool) {
	key := side{m.Source, m.Conv, m.Dir}
	p := s[key]
	if p == nil {
		p = &pieces{base: m.Seq}
		s[key] = p
	}
	p.sorted = false
	first := int64(int32(m.Seq - p.base))
	p.list = append(p.list, piece{at: first, n: m.Len})
	for at := 0; at < len(scrubbed); {
		end, last, zeros := at, at, 0
		for ; end < len(scrubbed) && zeros < gap; end++ {
			if zeros++; scrubbed[end] != 0 {
				zeros, last = 0, end+1
			}
		}
		if last > at {
			if *held += int64(last - at); *held > maxKept {
				return false
			}
			p.list = append(p.list, piece{first + int64(at), slices.Clone(scrubbed[at:last]), last - at})
		}
		at = end
	}
	return true
}

// sort prepares for fill.
func (p *pieces) sort() {
	slices.SortStableFunc(p.list, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	p.reach = p.reach[:0]
	far := int64(0)
	for i, x := range p.list {
		if end := x.at + int64(x.n); i == 0 || end > far {
			far = end
		}
		p.reach = append(p.reach, far)
	}
	p.sorted = true
}

// fill writes what the pieces have of a segment's payload, and notes in known which bytes are understood.
func (s streams) fill(key side, seq uint32, out []byte, known []bool) {
	p := s[key]
	if p == nil || len(out) == 0 {
		return
	}
	if !p.sorted {
		p.sort()
	}
	at := int64(int32(seq - p.base))
	end := at + int64(len(out))
	i, _ := slices.BinarySearchFunc(p.list, end, func(x piece, v int64) int { return cmp.Compare(x.at, v) })
	for i--; i >= 0 && p.reach[i] > at; i-- {
		x := &p.list[i]
		for k := max(at, x.at); k < min(end, x.at+int64(x.n)); k++ {
			known[k-at] = true
			if j := k - x.at; j < int64(len(x.bytes)) && x.bytes[j] != 0 {
				out[k-at] = x.bytes[j]
			}
		}
	}
}

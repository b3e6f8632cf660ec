package stream

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A span is a part of a stream: offsets of bytes, the end excluded.
type span struct{ from, to int64 }

// maxHoles bounds the places of one direction that are missing and may still come; the oldest is given up.
const maxHoles = 32

// A once lets each byte of one direction pass once, in the order in which
// segments come. Offsets count from the first byte that was seen; bytes that
// lie before it, and come later, have negative ones. The zero value is ready.
type once struct {
	begun     bool
	low, next int64  // between them all has passed, but for the holes
	seq       uint32 // sequence number of next
	holes     []span // ascending, none touches another
}

// opened begins with what the SYN said, when a segment of n bytes is the first
// of its sender with any: then those before it are missing when it came out of
// order. Where the protocol is met later, it begins where it is met.
func (o *once) opened(s *flow.Sighting, n int) {
	if side := &s.Conv.TCP.Sides[s.Dir]; !o.begun && side.ISNKnown && s.Conv.Dir[s.Dir].Payload <= int64(n) {
		o.begun, o.seq = true, side.ISN+1
	}
}

// firstOf reports whether the sender's bytes begin with a sequence number, as far as is known.
func firstOf(s *flow.Sighting, seq uint32) bool {
	side := &s.Conv.TCP.Sides[s.Dir]
	return !side.ISNKnown || seq == side.ISN+1
}

// pass appends to dst the parts of a segment of n bytes that have not passed.
// Numbers wrap: a segment is where it is nearest to the last one (RFC 9293, 3.4).
// A jump ahead leaves a hole. Bytes from before the first ones pass unless they are sent again.
func (o *once) pass(seq uint32, n int, again bool, dst []span) []span {
	if n <= 0 {
		return dst
	}
	if !o.begun {
		o.begun, o.seq = true, seq
	}
	from := o.next + int64(int32(seq-o.seq))
	to := from + int64(n)
	if from < o.low {
		before := span{from, min(to, o.low)}
		if !again {
			if before.to < o.low {
				o.holes = slices.Insert(o.holes, 0, span{before.to, o.low})
			}
			o.low = from
			dst = append(dst, before)
		}
		from = min(before.to, to)
	}
	dst = o.fill(span{from, min(to, o.next)}, dst)
	if to > o.next {
		if from > o.next {
			o.holes = append(o.holes, span{o.next, from})
		}
		dst = append(dst, span{max(from, o.next), to})
		o.seq += uint32(to - o.next)
		o.next = to
	}
	if len(o.holes) > maxHoles {
		o.holes = slices.Delete(o.holes, 0, len(o.holes)-maxHoles)
	}
	return dst
}

// fill takes what lies in holes out of them, and appends it.
func (o *once) fill(s span, dst []span) []span {
	for i := 0; i < len(o.holes) && s.from < s.to; i++ {
		h := o.holes[i]
		part := span{max(s.from, h.from), min(s.to, h.to)}
		if part.from >= part.to {
			continue
		}
		dst = append(dst, part)
		rest := o.holes[:i:i]
		if h.from < part.from {
			rest = append(rest, span{h.from, part.from})
		}
		if part.to < h.to {
			rest = append(rest, span{part.to, h.to})
		}
		kept := len(rest) - i
		o.holes = append(rest, o.holes[i+1:]...)
		i += kept - 1
	}
	return dst
}

package index

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto/tcp"
)

// A stance is what the rows of a conversation need to know besides the bytes
// of their record: what its numbers are relative to, and how windows are
// scaled. It holds for nearly all segments; where it changes another one begins.
type stance struct {
	conv  int32     // of the lane until all records are read, then in the order of all records
	base  [2]uint32 // of the sequence numbers of each side
	shift [2]uint8  // of its windows
	known uint8     // what rows have relied on: bit d base[d], bit 2+d shift[d]
}

// stanceLen is the length of a stance in bytes, as lookers hand it on.
const stanceLen = 15

func (s *stance) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(s.conv))
	b = binary.LittleEndian.AppendUint32(b, s.base[0])
	b = binary.LittleEndian.AppendUint32(b, s.base[1])
	return append(b, s.shift[0], s.shift[1], s.known)
}

func (s *stance) read(b []byte) {
	s.conv = int32(binary.LittleEndian.Uint32(b))
	s.base[0], s.base[1] = binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	s.shift[0], s.shift[1], s.known = b[12], b[13], b[14]
}

// A segment is the numbers of a TCP header as they were sent.
type segment struct {
	seq, ack uint32
	window   uint16
	flags    tcp.Flags
}

// told is what the tracker said of a segment, made from the stance.
func (s *stance) told(h segment, dir int) (relSeq, relAck, window uint32) {
	relSeq, relAck, window = h.seq-s.base[dir], h.ack, uint32(h.window)
	if h.flags&tcp.ACK != 0 {
		relAck -= s.base[1-dir]
	}
	if h.flags&tcp.SYN == 0 {
		window <<= s.shift[dir]
	}
	return relSeq, relAck, window
}

// maxShift is more than any window scale (RFC 7323, 2.3).
const maxShift = 15

// wants is the stance from which told gives what the tracker said; ok is false when there is none.
func (s *stance) wants(h segment, seen *flow.Sighting) (w stance, ok bool) {
	d := seen.Dir & 1
	w = stance{conv: s.conv, known: 1 << d}
	w.base[d] = h.seq - seen.RelSeq
	if h.flags&tcp.ACK != 0 {
		w.base[1-d] = h.ack - seen.RelAck
		w.known |= 1 << (1 - d)
	}
	if h.flags&tcp.SYN == 0 && h.window != 0 {
		w.shift[d] = min(uint8(max(seen.Scale, 0)), maxShift)
		w.known |= 4 << d
	}
	relSeq, relAck, window := w.told(h, d)
	return w, relSeq == seen.RelSeq && relAck == seen.RelAck && window == seen.Window
}

// agrees reports whether s and w say the same where both are known.
func (s *stance) agrees(w *stance) bool {
	both := s.known & w.known
	for d := range 2 {
		if both>>d&1 != 0 && s.base[d] != w.base[d] || both>>(2+d)&1 != 0 && s.shift[d] != w.shift[d] {
			return false
		}
	}
	return true
}

// take takes over what w knows.
func (s *stance) take(w *stance) {
	for d := range 2 {
		if w.known>>d&1 != 0 {
			s.base[d] = w.base[d]
		}
		if w.known>>(2+d)&1 != 0 {
			s.shift[d] = w.shift[d]
		}
	}
	s.known |= w.known
}

package flow

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto/tcp"
)

// plainTimestamps are the first four bytes of the options that most segments have: NOP, NOP, timestamps.
const plainTimestamps = 0x0101080a

// maxSACK is how many blocks of one segment count, as in Wireshark.
const maxSACK = 3

// options takes what later segments need from the options of this one. Option
// lengths are checked: a list ends at the first that does not fit. s is nil for a quoted segment.
func (f *tcpFlow) options(h *tcp.Header, g *segment, from, to *side, s *Sighting) {
	be := binary.BigEndian
	if b := h.Options; len(b) == 12 && be.Uint32(b) == plainTimestamps {
		if s != nil {
			f.timestamps(be.Uint32(b[4:]), be.Uint32(b[8:]), g, from, to, s.Dir)
		}
		return
	}
	operations := uint8(0)
	for rest := h.Options; ; {
		kind, v, next, ok := tcp.NextOption(rest)
		if !ok {
			break
		}
		rest = next
		switch {
		case kind == tcp.OptionTimestamps && len(v) == 8 && s != nil:
			f.timestamps(be.Uint32(v), be.Uint32(v[4:]), g, from, to, s.Dir)
		case kind == tcp.OptionWindowScale && len(v) == 1:
			from.scale = int8(min(v[0], maxScale))
		case kind == tcp.OptionSACK:
			f.selective(v, g, from, to, s)
		case kind == tcp.OptionMPTCP && len(v) > 0:
			operations |= f.multipath(v)
		case kind == tcp.OptionFastOpen:
			f.fastOpen(v, g, s)
		case kind == tcp.OptionExperiment2 && len(v) >= 2 && be.Uint16(v) == fastOpenMagic:
			f.fastOpen(v[2:], g, s)
		}
	}
	if f.mptcp {
		f.operations |= operations
	}
}

// selective counts the bytes of the SACK blocks (RFC 2018) and recognises a report of duplicates (RFC 2883, 4).
func (f *tcpFlow) selective(v []byte, g *segment, from, to *side, s *Sighting) {
	from.sacked = 0
	var left, right [maxSACK]uint32
	n := 0
	for ; len(v) >= 8 && n < maxSACK; v = v[8:] {
		left[n], right[n] = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
		from.sacked += right[n] - left[n]
		n++
	}
	if s != nil && n > 0 && (le(right[0], g.ack) || n > 1 && lt(left[1], right[0]) && !lt(right[1], right[0])) {
		f.flow.Dir[s.Dir].trouble().DuplicateSACKs++
	} else if s != nil && n > 0 && gt(left[0], g.ack) {
		f.misses(g, from, s)
	}
}

// fastOpenMagic marks TCP Fast Open in the experimental option (RFC 7413, 4.1.1).
const fastOpenMagic = 0xf989

// fastOpen takes the cookie of a SYN (RFC 7413, 4.1.1).
func (f *tcpFlow) fastOpen(cookie []byte, g *segment, s *Sighting) {
	f.info.FastOpen = true
	if s != nil && len(cookie) > 0 && g.flags&(tcp.SYN|tcp.ACK) == tcp.SYN {
		s.Analysis |= FastOpenSYN
		f.fastData = f.fastData || g.len > 0
	}
}

// Subtypes of MPTCP options (RFC 8684, 8.2).
const (
	multipathCapable   = 0
	multipathJoin      = 1
	multipathFastClose = 7
)

// multipath takes the subtype of an MPTCP option, v without kind and length,
// and returns its bit. The operations of other subflows of the same connection are not joined.
func (f *tcpFlow) multipath(v []byte) uint8 {
	f.info.Multipath = true
	subtype := v[0] >> 4
	switch {
	case subtype != multipathCapable:
		f.mptcp = true
	case len(v) == 10 || len(v) == 18 || len(v) == 20 || len(v) == 22: // with a key
		f.mptcp = true
	}
	if subtype > multipathFastClose {
		return 0
	}
	return 1 << subtype
}

package erf

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

const (
	headerLen    = 16
	extensionLen = 8

	typeMeta = 27
	typePad  = 48
)

// layout says what a record type holds.
type layout struct {
	link trace.LinkType
	sub  int   // bytes of subheader before the frame
	fcs  uint8 // bytes of frame check sequence that count in the wire length
	hdlc bool  // the frame itself tells PPP from Cisco HDLC
}

// layouts lists the record types that hold one frame (ERF types reference, Endace EDM11-01).
var layouts = map[byte]layout{
	1:  {hdlc: true}, // HDLC_POS
	2:  {link: trace.LinkEthernet, sub: 2, fcs: 4},
	10: {hdlc: true}, // COLOR_HDLC_POS
	11: {link: trace.LinkEthernet, sub: 2, fcs: 4},
	15: {hdlc: true}, // DSM_COLOR_HDLC_POS
	16: {link: trace.LinkEthernet, sub: 2, fcs: 4},
	19: {hdlc: true}, // COLOR_HASH_POS
	20: {link: trace.LinkEthernet, sub: 2, fcs: 4},
	22: {link: trace.LinkIPv4},
	23: {link: trace.LinkIPv6},
}

// known reports whether t is a record type of the reference.
func known(t byte) bool { return t >= 1 && t <= 29 || t == 32 || t == 33 || t == typePad }

// header is the fixed part of a record.
type header struct {
	ticks  uint64 // 32.32 fixed point seconds since 1970, little-endian on disk
	kind   byte   // without the extension bit
	more   bool   // extension headers follow
	port   int    // interface bits of the flags
	size   int    // of the whole record
	lost   int    // loss counter, packets since the record before
	length int    // on the wire
}

func parse(b []byte) header {
	return header{
		ticks: binary.LittleEndian.Uint64(b), kind: b[8] & 0x7f, more: b[8]&0x80 != 0, port: int(b[9] & 3),
		size: int(binary.BigEndian.Uint16(b[10:])), lost: int(binary.BigEndian.Uint16(b[12:])), length: int(binary.BigEndian.Uint16(b[14:])),
	}
}

// nanoseconds rounds to the nearest, as other readers do.
func (h header) nanoseconds() int64 {
	fraction := (h.ticks & (1<<32 - 1)) * 1e9 // 32 bits times 30 bits fit
	return int64(h.ticks>>32)*1e9 + int64((fraction+1<<31)>>32)
}

// body returns the offset of the frame in the record; false when the headers do not fit.
func (h header) body(record []byte, l layout) (int, bool) {
	off := headerLen
	for more := h.more; more; off += extensionLen {
		if off+extensionLen > len(record) {
			return 0, false
		}
		more = record[off]&0x80 != 0
	}
	return off + l.sub, off+l.sub <= len(record)
}

// Sniff reports whether head looks like ERF records. The format has no magic
// number: every record in head must be of a known type, in a plausible order
// of time, and there must be two of them, or one that fills a short file.
func Sniff(head []byte) bool {
	const week = 7 * 86400
	records, last := 0, uint64(0)
	rest := head
	for len(rest) >= headerLen && records < 20 {
		h := parse(rest)
		if !known(h.kind) || h.size < headerLen || h.ticks>>32 == 0 && h.kind != typePad {
			return false
		}
		if h.kind != typePad && h.kind != typeMeta {
			sec := h.ticks >> 32
			if last != 0 && (sec+1 < last || sec > last+week) || h.length == 0 {
				return false
			}
			last = sec
		}
		if h.size > len(rest) {
			return records > 0
		}
		records++
		rest = rest[h.size:]
	}
	return records > 1 || records == 1 && len(rest) == 0
}

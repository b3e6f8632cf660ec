package pcap

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

// variant is one of the layouts that go by the name of pcap.
type variant struct {
	name      string
	nanos     bool
	recordLen int // length of the record header in bytes
	modified  bool
}

var (
	standard   = variant{name: "microsecond", recordLen: 16}
	nanosecond = variant{name: "nanosecond", nanos: true, recordLen: 16}
	aix        = variant{name: "AIX, nanosecond", nanos: true, recordLen: 16}
	nokia      = variant{name: "Nokia, microsecond", recordLen: 20}
	// Three patches of 1999 to libpcap: interface index u32, protocol u16, packet type u8, padding.
	redHat = variant{name: "modified (ss990417), microsecond", recordLen: 24, modified: true}
	patch  = variant{name: "modified (ss991029), microsecond", recordLen: 24, modified: true}
	suse   = variant{name: "modified (ss990915), microsecond", recordLen: 28, modified: true}
)

// magics says which variants a magic number may stand for; with more than one, the records decide.
var magics = []struct {
	magic    uint32
	extra    int // bytes of file header beyond the usual 24
	variants []variant
}{
	{0xa1b2c3d4, 0, []variant{standard, redHat, nokia}},
	{0xa1b23c4d, 0, []variant{nanosecond}},
	{0xa1b2cd34, 0, []variant{patch, suse}},
	{0x1c0001ac, 4, []variant{nanosecond}}, // Ixia hardware capture
	{0x1c0001ab, 4, []variant{standard}},   // Ixia software capture
}

// find returns the candidates for the magic number in head, and its byte order.
func find(head []byte) (candidates []variant, extra int, order binary.ByteOrder) {
	if len(head) < 4 {
		return nil, 0, nil
	}
	for _, m := range magics {
		if binary.LittleEndian.Uint32(head) == m.magic {
			return m.variants, m.extra, binary.LittleEndian
		}
		if binary.BigEndian.Uint32(head) == m.magic {
			return m.variants, m.extra, binary.BigEndian
		}
	}
	return nil, 0, nil
}

// aixLinks maps RFC 1573 interface types, which AIX writes into files of version 2.2.
var aixLinks = map[uint32]trace.LinkType{6: trace.LinkEthernet, 9: trace.LinkTokenRing, 15: trace.LinkFDDI, 24: trace.LinkNull}

// lengths says in which order a record has its two lengths.
type lengths uint8

const (
	capturedFirst lengths = iota
	originalFirst         // before version 2.3, and DG/UX (version 543)
	smallerFirst          // version 2.3: some writers kept the old order
)

func lengthOrder(major, minor uint16) lengths {
	switch {
	case major == 2 && minor < 3 || major == 543:
		return originalFirst
	case major == 2 && minor == 3:
		return smallerFirst
	}
	return capturedFirst
}

// guessRecords is how many records are tried with each candidate.
const guessRecords = 3

// guess picks the candidate whose record headers make the most sense in b,
// the bytes after the file header; the first of equals. The standard layout
// gives way only to one that fits without any doubt: a damaged file must not
// be taken for a rare variant.
func guess(candidates []variant, b []byte, order binary.ByteOrder, snap int) variant {
	best, least := candidates[0], candidates[0].oddities(b, order, snap)
	for _, v := range candidates[1:] {
		odd := v.oddities(b, order, snap)
		if odd < least && (odd == 0 || candidates[0] != standard) {
			best, least = v, odd
		}
	}
	return best
}

// oddities counts what is unlikely in the first records of b read as v.
func (v variant) oddities(b []byte, order binary.ByteOrder, snap int) (n int) {
	count := func(odd bool) {
		if odd {
			n++
		}
	}
	for range guessRecords {
		if len(b) == 0 {
			return n
		}
		if len(b) < v.recordLen {
			return n + v.cut()
		}
		caplen, wire := order.Uint32(b[8:]), order.Uint32(b[12:])
		count(order.Uint32(b[4:]) >= 1e6)
		count(caplen > maxUsual)
		count(int64(caplen) > int64(snap))
		count(wire > maxRecord)
		count(caplen > wire)
		if v.modified {
			protocol := order.Uint16(b[20:])
			count(order.Uint32(b[16:]) > 10000)
			count(protocol > 0x17 && protocol < 0x600 && protocol != 0x60 && protocol != 0x200 && protocol != 0x400)
			count(b[22] > 4)
		}
		if int64(caplen) > int64(len(b)-v.recordLen) {
			return n + v.cut()
		}
		b = b[v.recordLen+int(caplen):]
	}
	return n
}

// cut is the weight of records that end early: nothing odd in the standard layout, any file may be cut.
func (v variant) cut() int {
	if v == standard {
		return 0
	}
	return 1
}

package tcp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Kinds of options (IANA, TCP Option Kind Numbers).
const (
	OptionEnd           = 0
	OptionNop           = 1
	OptionMSS           = 2
	OptionWindowScale   = 3
	OptionSACKPermitted = 4
	OptionSACK          = 5
	OptionTimestamps    = 8
	OptionMD5           = 19
	OptionUserTimeout   = 28
	OptionAO            = 29
	OptionMPTCP         = 30
	OptionFastOpen      = 34
	OptionAccECN0       = 172
	OptionAccECN1       = 174
	OptionExperiment1   = 253
	OptionExperiment2   = 254
)

// NextOption splits the first option off. value is what follows kind and
// length and aliases options; ok is false at the end of the list and where an
// option's length does not fit. [OptionNop] has no value; [OptionEnd] ends the list.
func NextOption(options []byte) (kind uint8, value, rest []byte, ok bool) {
	switch {
	case len(options) == 0 || options[0] == OptionEnd:
		return 0, nil, nil, false
	case options[0] == OptionNop:
		return OptionNop, nil, options[1:], true
	case len(options) < 2:
		return 0, nil, nil, false
	}
	n := int(options[1])
	if n < 2 || n > len(options) {
		return 0, nil, nil, false
	}
	return options[0], options[2:n], options[n:], true
}

// optionSpan is where the options of a segment lie; less may have been captured.
func optionSpan(b []byte) (from, to int) { return HeaderMin, headerLen(b) }

// options walks the option list of a segment. What follows the end of the
// list is padding of zeros, and each of them is an option of its own kind there, as Wireshark has it.
var options = proto.TLV(optionSpan, func(kind byte) bool { return kind <= OptionNop }, true, -1)

// heads walks types and lengths only: of the last option, less may have been captured than its length says.
var heads = proto.Heads(optionSpan, func(kind byte) bool { return kind <= OptionNop }, true, -1)

func multiplier(b []byte, yield func(field.Span, field.Value) bool) {
	options.All(field.Uint, 2, 1, 0, proto.KindSize(OptionWindowScale, 3))(b, func(s field.Span, v field.Value) bool {
		return yield(s, field.U(1<<min(v.U, 14)))
	})
}

func sackCount(b []byte, yield func(field.Span, field.Value) bool) {
	options(b, func(off, n int) bool {
		return b[off] != OptionSACK || yield(field.Span{Off: off + 1, Len: 1}, field.U(uint64(n-2)/8))
	})
}

// mptcp holds for multipath options of a subtype that are n bytes long or more (RFC 8684, 3).
func mptcp(subtype byte, n int) func([]byte) bool {
	return func(e []byte) bool { return len(e) >= n && e[0] == OptionMPTCP && e[2]>>4 == subtype }
}

// join holds for the join option of exactly n bytes: its three forms differ in length only.
func join(n int) func([]byte) bool {
	return func(e []byte) bool { return len(e) == n && mptcp(1, n)(e) }
}

// fastOpen holds for options of RFC 7413: a request for a cookie, or a cookie.
func fastOpen(request bool) func([]byte) bool {
	return func(e []byte) bool {
		if e[0] == OptionFastOpen {
			return (len(e) == 2) == request
		}
		return len(e) >= 4 && (e[0] == OptionExperiment2) && e[2] == 0xf9 && e[3] == 0x89 && (len(e) == 4) == request
	}
}

func cookie(b []byte, yield func(field.Span, field.Value) bool) {
	options(b, func(off, n int) bool {
		e := b[off : off+n]
		if !fastOpen(false)(e) {
			return true
		}
		at := 2
		if e[0] != OptionFastOpen {
			at = 4
		}
		return yield(field.Span{Off: off + at, Len: n - at}, field.Value{Type: field.Bytes, B: e[at:]})
	})
}

// Experiment identifiers (IANA, TCP Experimental Option Experiment Identifiers).
const (
	experimentFastOpen = 0xf989
	experimentAccECN0  = 0xacc0
	experimentAccECN1  = 0xacc1
)

func experiment(e []byte) uint64 {
	if len(e) < 4 || e[0] != OptionExperiment1 && e[0] != OptionExperiment2 {
		return 0
	}
	return field.Number(e[2:4], false)
}

// unknownExperiment holds for experimental options whose value has no other field.
func unknownExperiment(e []byte) bool {
	switch experiment(e) {
	case 0, experimentFastOpen, experimentAccECN0, experimentAccECN1:
		return false
	}
	return true
}

// accECN is one of the counters of accurate ECN, three bytes each
// (draft-ietf-tcpm-accurate-ecn): its place in the two orders. Counters at the end may be left out.
func accECN(order0, order1 int) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		options(b, func(off, n int) bool {
			e := b[off : off+n]
			at := 2
			switch x := experiment(e); {
			case x == experimentAccECN0, x == experimentAccECN1:
				at = 4
			case e[0] != OptionAccECN0 && e[0] != OptionAccECN1:
				return true
			}
			if e[0] == OptionAccECN0 || experiment(e) == experimentAccECN0 {
				at += 3 * order0
			} else {
				at += 3 * order1
			}
			if at+3 > n {
				return true
			}
			return yield(field.Span{Off: off + at, Len: 3}, field.U(field.Number(e[at:at+3], false)))
		})
	}
}

// part is a part of a data sequence signal.
type part uint8

const (
	dataAck part = iota
	dataSeq
	subflowSeq
	dataLen
	dataSum
)

// capableLen is the length of a capable option that maps the data sent with it (RFC 8684, 3.1).
const capableLen = 22

// dss finds a part of a data sequence signal (RFC 8684, 3.3). The flags say which parts there are, and how long.
func dss(want part) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		options(b, func(off, n int) bool {
			e := b[off : off+n]
			if want == dataLen && mptcp(0, capableLen)(e) {
				return yield(field.Span{Off: off + 20, Len: 2}, field.U(field.Number(e[20:22], false)))
			}
			if !mptcp(2, 4)(e) {
				return true
			}
			at, size := dssPart(e[3], want)
			if size == 0 || at+size > n {
				return true
			}
			return yield(field.Span{Off: off + at, Len: size}, field.U(field.Number(e[at:at+size], false)))
		})
	}
}

func dssPart(flags byte, want part) (at, size int) {
	at = 4
	long := func(flag byte) int {
		if flags&flag != 0 {
			return 8
		}
		return 4
	}
	if flags&0x01 != 0 {
		if size = long(0x02); want == dataAck {
			return at, size
		}
		at += size
	}
	if want == dataAck || flags&0x04 == 0 {
		return 0, 0
	}
	for _, p := range [...]struct {
		is   part
		size int
	}{{dataSeq, long(0x08)}, {subflowSeq, 4}, {dataLen, 2}, {dataSum, 2}} {
		if p.is == want {
			return at, p.size
		}
		at += p.size
	}
	return 0, 0
}

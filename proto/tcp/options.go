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

// optionSpan is where the options of a segment lie, as far as they were captured.
func optionSpan(b []byte) (from, to int) { return HeaderMin, min(headerLen(b), len(b)) }

// options walks the option list of a segment.
var options = proto.TLV(optionSpan, func(kind byte) bool { return kind <= OptionNop }, true, OptionEnd)

func multiplier(b []byte, yield func(field.Span, field.Value) bool) {
	options.All(field.Uint, 2, 1, 0, proto.KindSize(OptionWindowScale, 3))(b, func(s field.Span, v field.Value) bool {
		return yield(s, field.U(1<<min(v.U, 14)))
	})
}

func sackCount(b []byte, yield func(field.Span, field.Value) bool) {
	options(b, func(off, n int) bool {
		return b[off] != OptionSACK || n < 10 || yield(field.Span{Off: off + 1, Len: 1}, field.U(uint64(n-2)/8))
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

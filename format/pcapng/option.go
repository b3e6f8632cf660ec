package pcapng

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// Option codes (draft, 3.5 and the blocks' own sections).
const (
	optEnd     = 0
	optComment = 1

	optHardware    = 2
	optOS          = 3
	optApplication = 4

	optIfName        = 2
	optIfDescription = 3
	optIfIPv4        = 4
	optIfIPv6        = 5
	optIfMAC         = 6
	optIfSpeed       = 8
	optIfResolution  = 9
	optIfFilter      = 11
	optIfOS          = 12
	optIfFCSLen      = 13
	optIfOffset      = 14
	optIfHardware    = 15

	optFlags     = 2
	optHash      = 3
	optDropCount = 4
	optPacketID  = 5
	optQueue     = 6
	optVerdict   = 7
	optProcess   = 8

	optStatReceived  = 4
	optStatIfDrop    = 5
	optStatAccepted  = 6
	optStatOSDrop    = 7
	optStatDelivered = 8
)

// Options yields the options in b; it stops at opt_endofopt, at the end, or
// at the first option that does not fit. Values alias b.
func Options(b []byte, order binary.ByteOrder) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, n := order.Uint16(b), int(order.Uint16(b[2:]))
			if code == optEnd || n > len(b)-4 {
				return
			}
			if !yield(code, b[4:4+n:4+n]) {
				return
			}
			b = b[min(4+(n+3)&^3, len(b)):]
		}
	}
}

func number(v []byte, order binary.ByteOrder) uint64 {
	switch len(v) {
	case 1:
		return uint64(v[0])
	case 2:
		return uint64(order.Uint16(v))
	case 4:
		return uint64(order.Uint32(v))
	case 8:
		return order.Uint64(v)
	}
	return 0
}

// text is an option's string up to the NUL that some writers count in.
func text(v []byte) string {
	if end := bytes.IndexByte(v, 0); end >= 0 {
		v = v[:end]
	}
	return string(v)
}

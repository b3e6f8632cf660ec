package pcapng

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// Option codes (draft, 3.5 and the blocks' own sections).
const (
	OptEnd           = 0
	OptComment       = 1
	OptCustomText    = 2988 // to be copied
	OptCustomBytes   = 2989
	OptCustomTextNo  = 19372 // not to be copied
	OptCustomBytesNo = 19373

	OptHardware    = 2
	OptOS          = 3
	OptApplication = 4

	OptIfName        = 2
	OptIfDescription = 3
	OptIfIPv4        = 4
	OptIfIPv6        = 5
	OptIfMAC         = 6
	OptIfSpeed       = 8
	OptIfResolution  = 9
	OptIfFilter      = 11
	OptIfOS          = 12
	OptIfFCSLen      = 13
	OptIfOffset      = 14
	OptIfHardware    = 15
	OptIfTxSpeed     = 16
	OptIfRxSpeed     = 17

	OptFlags         = 2
	OptHash          = 3
	OptDropCount     = 4
	OptPacketID      = 5
	OptQueue         = 6
	OptVerdict       = 7
	OptProcess       = 8
	OptDarwinProcess = 0x8001 // Apple's: a process event block by its position in the section
	OptDarwinEffect  = 0x8003 // the same, of the process on whose behalf

	OptStatStart     = 2
	OptStatEnd       = 3
	OptStatReceived  = 4
	OptStatIfDrop    = 5
	OptStatAccepted  = 6
	OptStatOSDrop    = 7
	OptStatDelivered = 8
)

// Options yields the options in b; it stops at opt_endofopt, at the end, or
// at the first option that does not fit. Values alias b.
func Options(b []byte, order binary.ByteOrder) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, n := order.Uint16(b), int(order.Uint16(b[2:]))
			if code == OptEnd || n > len(b)-4 {
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

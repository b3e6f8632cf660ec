package pml

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// headerLen is the size of the file header; events follow it.
const headerLen = 0x3A8

// A header is the file header.
type header struct {
	version             uint32
	pointer             uint8 // size of an address in the log
	computer            string
	count               uint32 // of events
	events, offsets     int64
	processes, strings  int64
	icons, hosts        int64
	major, minor, build uint32
	servicePack         string
	processors          uint32
	memory              uint64
}

// known is the version of all logs that the layout was learned from.
const known = 9

func parseHeader(b []byte) (header, error) {
	h := header{version: binary.LittleEndian.Uint32(b[4:]), pointer: 4}
	if h.version != known {
		return h, fmt.Errorf("version %d, and only version %d is known", h.version, known)
	}
	if binary.LittleEndian.Uint32(b[8:]) != 0 {
		h.pointer = 8
	}
	h.computer = text(b[0x0C:0x2C])
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	place := func(at int) int64 { return int64(min(binary.LittleEndian.Uint64(b[at:]), math.MaxInt64)) }
	h.count, h.events, h.offsets, h.processes = u32(0x234), place(0x240), place(0x248), place(0x250)
	h.strings, h.icons, h.hosts = place(0x258), place(0x260), place(0x3A0)
	h.major, h.minor, h.build = u32(0x274), u32(0x278), u32(0x27C)
	h.servicePack = text(b[0x284:0x384])
	h.processors, h.memory = u32(0x38C), binary.LittleEndian.Uint64(b[0x390:])
	if h.events == 0 || !h.closed() {
		h.events = headerLen
	}
	return h, nil
}

// closed is false for a log that Process Monitor did not end: it has events, and no tables.
func (h *header) closed() bool {
	return h.offsets != 0 && h.processes != 0 && h.strings != 0 && h.icons != 0 && h.hosts != 0
}

// text is UTF-16 up to its NUL.
func text(b []byte) string {
	s, _, _ := strings.Cut(bin.DecodeUTF16(b), "\x00")
	return s
}

// epoch is 1970-01-01 as FILETIME: 100 ns since 1601-01-01.
const epoch = 116444736000000000

// nanoseconds is a FILETIME since 1970, trace.NoTime when it is none.
func nanoseconds(ft uint64) int64 {
	if ft < epoch || ft-epoch > math.MaxInt64/100 {
		return trace.NoTime
	}
	return int64(ft-epoch) * 100
}

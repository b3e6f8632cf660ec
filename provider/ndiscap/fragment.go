package ndiscap

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

// fragment is one packet event. All slices alias the event.
type fragment struct {
	miniport, lower uint32
	data            []byte
	source          []byte // of a switch: its port's id and names
	destinations    []byte // of a switch: 8 bytes a port
	oob             []byte // of a switch: the NET_BUFFER_LIST's out-of-band values, one pointer each
}

// read parses events 1001 and 1003. What follows the fragment of 1001 (flow
// offload of Windows 10 1809 and later) is no part of the packet.
//
// 1001: MiniportIfIndex u32, LowerIfIndex u32, FragmentSize u32, Fragment.
// 1003: MiniportIfIndex u32, LowerIfIndex u32, SourcePortId u32, SourcePortName,
// SourceNicName, SourceNicType UTF-16 with NUL, DestinationCount u32,
// destinations, FragmentSize u32, Fragment, OOBDataSize u32, OOBData.
func (f *fragment) read(ev *trace.Record) bool {
	b := ev.Data
	if len(b) < 12 {
		return false
	}
	f.miniport, f.lower = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	ok := true
	if ev.Event.ID == eventFragment {
		f.data, _, ok = sized(b[8:], 1)
		return ok
	}
	rest := b[12:]
	for range 3 {
		n := afterUTF16(rest)
		if n < 0 {
			return false
		}
		rest = rest[n:]
	}
	f.source = b[8 : len(b)-len(rest)]
	if f.destinations, rest, ok = sized(rest, 8); !ok {
		return false
	}
	if f.data, rest, ok = sized(rest, 1); !ok {
		return false
	}
	f.oob, _, _ = sized(rest, 1)
	return true
}

// sized splits off the data whose number of elements (u32) stands before it.
func sized(b []byte, element int64) (data, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int64(binary.LittleEndian.Uint32(b)) * element
	if n > int64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n : 4+n], b[4+n:], true
}

// afterUTF16 is the number of bytes up to and including the NUL of a UTF-16 string, -1 without a NUL.
func afterUTF16(b []byte) int {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i + 2
		}
	}
	return -1
}

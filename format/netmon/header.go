package netmon

import (
	"fmt"
	"time"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

const (
	fileHeaderLen = 72
	magic1        = "RTSS"
	magic2        = "GMBU"
)

// fileHeader is the start of the file ([win32 NetMon2] capture file header).
type fileHeader struct {
	major, minor   int
	media          uint16 // used below 2.1 only
	start          int64  // ns since 1970 of the capturing host's local time, read as UTC
	table, entries int64  // offset of the frame table, number of its entries
	comments       [2]int64
	processes      [2]int64 // offset, count
}

// Sniff reports whether head begins a Network Monitor capture.
func Sniff(head []byte) bool {
	return len(head) >= 6 && (string(head[:4]) == magic1 && head[5] == 1 || string(head[:4]) == magic2 && head[5] == 2)
}

func parseHeader(b []byte) (fileHeader, error) {
	c := bin.Little(b)
	c.Skip(4)
	h := fileHeader{minor: int(c.U8()), major: int(c.U8()), media: c.U16()}
	var t [8]int
	for i := range t { // SYSTEMTIME: year, month, day of week, day, hour, minute, second, millisecond
		t[i] = int(c.U16())
	}
	h.start = time.Date(t[0], time.Month(t[1]), t[3], t[4], t[5], t[6], t[7]*1e6, time.UTC).UnixNano()
	h.table, h.entries = int64(c.U32()), int64(c.U32())/4
	c.Skip(8)
	pair := func() [2]int64 { return [2]int64{int64(c.U32()), int64(c.U32())} }
	comments, processes := pair(), pair()
	if h.major == 2 && h.minor >= 2 { // uninitialised before
		h.comments, h.processes = comments, processes
	}
	if t[0] < 1970 || t[0] > 2200 {
		return h, &trace.Error{Layer: "netmon file header", Offset: 8, Detail: fmt.Sprintf("capture start in the year %d", t[0]), Err: trace.ErrCorrupt}
	}
	return h, c.Err()
}

// frameHeaderLen and trailerLen are the bytes around a frame's data.
func (h *fileHeader) frameHeaderLen() int64 {
	if h.major == 1 {
		return 8
	}
	return 16
}

func (h *fileHeader) trailerLen() int64 {
	switch {
	case h.major == 1 || h.minor == 0:
		return 0
	case h.minor == 1:
		return 2
	case h.minor == 2:
		return 6
	}
	return 15
}

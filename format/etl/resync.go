package etl

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

// resynchronise looks for the next buffer behind a damaged one at off, and
// returns its place, or the end of the file when there is none. bad is what is
// wrong at off.
func (r *Reader) resynchronise(off int64, bad error) int64 {
	if next, ok := r.nextBuffer(off + 1); ok {
		r.info.Damage.Bytes += next - off
		return next
	}
	r.info.Damage.Unread += r.size - off
	if e, ok := bad.(*trace.Error); ok {
		r.end = e
	} else {
		r.end = &trace.Error{Source: r.info.Name, Offset: off, Layer: "etl buffer", Detail: "no further buffer found", Err: trace.ErrCorrupt}
	}
	return r.size
}

// nextBuffer looks for a buffer at off or behind it, at every byte: those of a
// compressed file lie anywhere.
// It reads little at first, so that damage at short intervals costs little.
func (r *Reader) nextBuffer(off int64) (int64, bool) {
	le := binary.LittleEndian
	block := make([]byte, 64<<10+bufferHeaderLen)
	for step := grid; off+bufferHeaderLen <= r.size; step = min(2*step, 64<<10) {
		b := block[:min(int64(step+bufferHeaderLen), r.size-off)]
		if r.readAt(b, off) != nil {
			return 0, false
		}
		for i := range min(step, len(b)-bufferHeaderLen+1) {
			size, saved := le.Uint32(b[i:]), le.Uint32(b[i+4:])
			if size-bufferHeaderLen <= maxBuffer && saved <= maxBuffer && r.plausible(b[i:], off+int64(i)) {
				return off + int64(i), true
			}
		}
		off += int64(step)
	}
	return 0, false
}

// plausible reports whether b, at off in the file, begins with the header of a
// buffer: its fields are possible, and it leads to another header or to the
// end of the file, or it lies where buffers of a power of two lie.
func (r *Reader) plausible(b []byte, off int64) bool {
	h := parseBufferHeader(b)
	if h.check() != "" || h.kind > bufferTypeLast || h.flags&^bufferFlags != 0 || h.saved == bufferHeaderLen {
		return false
	}
	if off%grid == 0 && h.size%grid == 0 {
		return true
	}
	next := off + h.size
	if next+bufferHeaderLen > r.size {
		return next == r.size
	}
	var head [bufferHeaderLen]byte
	if r.readAt(head[:], next) != nil {
		return false
	}
	n := parseBufferHeader(head[:])
	return n.check() == "" && n.kind <= bufferTypeLast && n.flags&^bufferFlags == 0
}

const (
	grid           = 1024
	bufferTypeLast = 7    // ETW_BUFFER_TYPE_DBG_INFO
	bufferFlags    = 0x7f // all that are known
)

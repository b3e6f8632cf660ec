package pcap

import (
	"encoding/binary"
	"math/bits"

	"github.com/wiretale/wiretale/trace"
)

// NextBatch implements trace.BatchReader. Records that are all right are
// framed in place; Next takes the others, and says what is wrong with them.
func (r *Reader) NextBatch(b *trace.Batch) error {
	b.Reset()
	if r.err != nil {
		return r.err
	}
	b.Source, b.First, b.Offset = r.in.Source, r.number, r.win.Offset()
	b.Data = r.win.Move(b.Data)
	for len(b.Frames) < maxFrames {
		r.frame(b)
		whole := r.whole()
		if !whole && len(b.Frames) > 0 { // Next would move the window under the frames
			break
		}
		var rec trace.Record
		if err := r.Next(&rec); err != nil {
			if len(b.Frames) == 0 {
				return err
			}
			break
		}
		b.Append(&rec)
		if !whole {
			b.Data = r.win.Memory()
			break
		}
	}
	return nil
}

// maxFrames bounds a batch of records without a byte.
const maxFrames = 1 << 16

// whole reports whether the next record lies in the window with all its bytes, so that Next looks no further.
func (r *Reader) whole() bool {
	left := r.win.Peek(r.win.Left())
	if len(left) < r.kind.recordLen {
		return false
	}
	n := max(r.order.Uint32(left[8:]), r.order.Uint32(left[12:]))
	return !r.impossible(int64(n)) && int64(n) <= int64(len(left)-r.kind.recordLen)
}

// frame appends the records that lie in the window whole, up to the first one
// that is not like nearly all are.
func (r *Reader) frame(b *trace.Batch) {
	if r.kind.modified || r.swap != capturedFirst || r.fcs != 0 || r.link > 0xfffe {
		return
	}
	buf := r.win.Peek(r.win.Left())
	base := uint32(r.win.Offset() - b.Offset)
	first := uint32(r.number - b.First)
	scale := int64(1000)
	if r.kind.nanos {
		scale = 1
	}
	swapped := r.order == binary.BigEndian
	at, n := 0, uint32(0)
	for len(buf)-at >= r.kind.recordLen && len(b.Frames) < maxFrames {
		h := buf[at : at+16]
		sec, frac := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		caplen, wire := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
		if swapped {
			sec, frac, caplen, wire = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac), bits.ReverseBytes32(caplen), bits.ReverseBytes32(wire)
		}
		data := at + r.kind.recordLen
		if caplen > maxUsual || int(caplen) > len(buf)-data {
			break
		}
		n++
		if caplen > 0 { // as in Next
			r.last = sec
		}
		b.Frames = append(b.Frames, trace.Frame{
			Time: int64(sec)*1e9 + int64(frac)*scale, Off: base + uint32(data), Len: caplen, Wire: wire,
			At: base + uint32(at), Number: first + n, Link: uint16(r.link),
		})
		at = data + int(caplen)
	}
	r.win.Discard(int64(at))
	r.number += int64(n)
	r.info.Interfaces[0].Packets += int64(n)
	if r.in.Progress != nil && n > 0 {
		r.in.Progress(r.win.Offset())
	}
}

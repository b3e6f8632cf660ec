package pcapng

import (
	"encoding/binary"
	"math/bits"

	"github.com/wiretale/wiretale/trace"
)

// maxFrames bounds a batch.
const maxFrames = 1 << 16

// NextBatch implements trace.BatchReader. Enhanced packet blocks without
// options are framed in place; every other block takes the way of Next.
func (r *Reader) NextBatch(b *trace.Batch) error {
	b.Reset()
	if r.err != nil {
		return r.err
	}
	b.Source, b.First, b.Offset = r.in.Source, r.number, r.win.Offset()
	b.Block, b.Data = blockEnhanced, r.win.Move(b.Data)
	for len(b.Frames) < maxFrames {
		r.frame(b)
		whole := r.whole()
		if !whole && len(b.Frames) > 0 { // reading on would move the window under the frames
			break
		}
		var rec trace.Record
		at, order := r.win.Offset(), r.order
		kind, body, err := r.block(at)
		if err != nil {
			r.order = order
			if len(b.Frames) > 0 { // the next batch says so, and goes on behind it
				break
			}
			if !r.resume(err) {
				return r.err
			}
			whole = false
		} else if r.decode(kind, body, at, &rec) {
			b.Append(&rec)
		}
		if !whole {
			if len(b.Frames) > 0 {
				b.Data = r.win.Memory()
				break
			}
			b.Offset = r.win.Offset()
			b.Data = r.win.Move(b.Data)
		}
	}
	return nil
}

// whole reports whether the next block lies in the window with all its bytes.
func (r *Reader) whole() bool {
	left := r.win.Peek(r.win.Left())
	if len(left) < blockOverhead {
		return false
	}
	if binary.BigEndian.Uint32(left) == blockSection { // its byte order is its own
		le, be := binary.LittleEndian.Uint32(left[4:]), binary.BigEndian.Uint32(left[4:])
		return int64(min(le, be))+3 <= int64(len(left))
	}
	return int64(r.order.Uint32(left[4:]))+3 <= int64(len(left))
}

// epbHeader is an enhanced packet block up to its packet: type, length, interface, time, lengths.
const epbHeader = 28

// frame appends the packets that lie in the window whole and have no options,
// up to the first block that is anything else.
func (r *Reader) frame(b *trace.Batch) {
	if r.skip {
		return
	}
	buf := r.win.Peek(r.win.Left())
	base := uint32(r.win.Offset() - b.Offset)
	first := uint32(r.number - b.First)
	at, n := 0, uint32(0)
	swapped := r.order == binary.BigEndian
	word := func(i int) uint32 {
		v := binary.LittleEndian.Uint32(buf[i:])
		if swapped {
			v = bits.ReverseBytes32(v)
		}
		return v
	}
	for len(buf)-at >= epbHeader && word(at) == blockEnhanced && len(b.Frames) < maxFrames {
		size, id, caplen := word(at+4), word(at+8), word(at+20)
		end := at + int(size)
		if size < epbHeader+4 || int64(size) > int64(len(buf)-at) || size != (caplen+3)&^3+epbHeader+4 || caplen > size || word(end-4) != size {
			break
		}
		if int64(id) >= int64(len(r.clocks)) || r.clocks[id].fcs != 0 {
			break
		}
		i := r.first + int(id)
		link := &r.info.Interfaces[i]
		if i > 0xffff || link.Link > 0xfffe {
			break
		}
		n++
		link.Packets++
		b.Frames = append(b.Frames, trace.Frame{
			Time: r.clocks[id].nanoseconds(uint64(word(at+12))<<32 | uint64(word(at+16))), Off: base + uint32(at) + epbHeader,
			Len: caplen, Wire: word(at + 24), At: base + uint32(at), Number: first + n, Interface: uint16(i), Link: uint16(link.Link),
		})
		at = end
	}
	r.win.Discard(int64(at))
	r.number += int64(n)
	if r.in.Progress != nil && n > 0 {
		r.in.Progress(r.win.Offset())
	}
}

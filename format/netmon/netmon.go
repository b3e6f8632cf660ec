// Package netmon reads captures of Microsoft Network Monitor 1.x and 2.x and
// of Message Analyzer (.cap), little-endian, through their frame table: frames
// with their media type, time, process and comments. An ETW event that was
// saved as a frame has the link type trace.LinkNetMonEvent.
package netmon

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader. The frame table is at the end of the file, so reading is at random.
var Format = format.Format{Name: "netmon", Title: "Network Monitor capture", Sniff: Sniff, Open: open, Random: true}

// Reader reads one Network Monitor capture.
type Reader struct {
	in        *format.Input
	head      fileHeader
	frames    format.View // the frames
	table     format.View // the frame table
	next      int64
	number    int64
	handed    int64 // bytes of frames read so far
	comments  map[uint32][]string
	processes []process
	info      trace.Info
	meta      trace.Meta
	err       error
}

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, frames: format.NewView(in.At, in.Size), table: format.NewView(in.At, in.Size)}
	r.info = trace.Info{Name: in.Name, Format: "netmon", Compression: in.Compression, Bytes: in.Size}
	if err := r.header(); err != nil {
		in.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) header() error {
	b := r.frames.Piece(0, fileHeaderLen)
	if len(b) < fileHeaderLen {
		return &trace.Error{Source: r.in.Name, Layer: "netmon file header", Need: fileHeaderLen, Have: int64(len(b)), Err: trace.ErrTruncated}
	}
	if !Sniff(b) {
		return &trace.Error{Source: r.in.Name, Layer: "netmon file header", Err: trace.ErrUnknownFormat}
	}
	var err error
	if r.head, err = parseHeader(b); err != nil {
		return fmt.Errorf("%s: %w", r.in.Name, err)
	}
	if r.head.table >= r.in.Size && r.head.entries > 0 {
		return &trace.Error{
			Source: r.in.Name, Offset: r.head.table, Layer: "netmon frame table", Need: r.head.table + 4*r.head.entries, Have: r.in.Size, Err: trace.ErrTruncated,
			Detail: "the list of frames is at the end of such a file, and the file ends before it",
		}
	}
	r.info.FormatNote = fmt.Sprintf("%d.%d", r.head.major, r.head.minor)
	resolution := 1000.0
	switch {
	case r.head.major == 1:
		resolution = 1e6
	case r.head.minor >= 3:
		resolution = 100
	}
	first := trace.LinkUnknown // a file of 2.1 or later says it frame by frame
	if r.head.trailerLen() == 0 {
		first = link(r.head.media)
	}
	r.info.Interfaces = []trace.Interface{{Link: first, Resolution: resolution, Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1}}
	r.readComments()
	r.readProcesses()
	return nil
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error { return r.in.Close() }

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	for r.err == nil {
		if r.next == r.head.entries {
			r.err = io.EOF
			break
		}
		entry := r.table.Piece(r.head.table+4*r.next, 4)
		if len(entry) < 4 {
			return r.stop(r.head.table+4*r.next, "netmon frame table", 4, int64(len(entry)), "", trace.ErrTruncated)
		}
		r.next++
		ok, err := r.frame(binary.LittleEndian.Uint32(entry), rec)
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
	}
	return r.err
}

// frame reads the frame at an offset of the table. A frame that does not fit
// the file is damage, and the next may be good.
func (r *Reader) frame(offset uint32, rec *trace.Record) (bool, error) {
	at, head := int64(offset), r.head.frameHeaderLen()
	h := r.frames.Piece(at, head)
	if int64(len(h)) < head {
		return false, r.bad(at, head, int64(len(h)))
	}
	var delta, wire, stored int64 // delta in ns
	if r.head.major == 1 {
		delta = int64(binary.LittleEndian.Uint32(h)) * 1e6
		wire, stored = int64(binary.LittleEndian.Uint16(h[4:])), int64(binary.LittleEndian.Uint16(h[6:]))
	} else {
		// Microseconds, negative for frames before the nominal start: times 10, the unsigned number becomes a signed one of 100 ns.
		delta = ticks(int64(binary.LittleEndian.Uint64(h) * 10))
		wire, stored = int64(binary.LittleEndian.Uint32(h[8:])), int64(binary.LittleEndian.Uint32(h[12:]))
	}
	trailer := r.head.trailerLen()
	whole := head + stored + trailer
	if at+whole > r.in.Size {
		return false, r.bad(at, whole, r.in.Size-at)
	}
	// Frames do not overlap; a table that says so could make a small file endless.
	if r.handed += whole; r.handed > 2*r.in.Size {
		return false, r.stop(at, "netmon frame table", 0, 0, "its frames overlap", trace.ErrCorrupt)
	}
	b := r.frames.Piece(at, whole)
	if int64(len(b)) < whole {
		return false, r.bad(at, whole, int64(len(b)))
	}
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
		Time: since(r.head.start, delta), Kind: trace.Packet, Data: b[head : head+stored : head+stored], WireLen: int(wire), Numbered: true,
	}
	r.trailer(b[head+stored:], offset, rec)
	if r.in.Progress != nil && r.next%4096 == 0 {
		r.in.Progress(at)
	}
	return true, nil
}

// century is far beyond any capture; a longer delta is damage, and the frame has no time.
const century = 100 * 366 * 86400 * int64(1e9)

// ticks turns units of 100 ns into nanoseconds.
func ticks(t int64) int64 {
	if t > century/100 || t < -century/100 {
		return trace.NoTime
	}
	return t * 100
}

func since(start, delta int64) int64 {
	if delta == trace.NoTime || start > math.MaxInt64-century {
		return trace.NoTime
	}
	return start + delta
}

// unixEpoch is 1970-01-01 in FILETIME units of 100 ns since 1601.
const unixEpoch = 116444736000000000

// trailer takes media type, process and time behind the frame, by version.
func (r *Reader) trailer(t []byte, offset uint32, rec *trace.Record) {
	media, owner := r.head.media, uint32(0xffffffff)
	if len(t) >= 2 {
		media = binary.LittleEndian.Uint16(t)
	}
	if len(t) >= 6 {
		owner = binary.LittleEndian.Uint32(t[2:])
	}
	if len(t) >= 15 {
		if ft := binary.LittleEndian.Uint64(t[6:]); ft >= unixEpoch && ft-unixEpoch < math.MaxInt64/100 {
			rec.Time = int64(ft-unixEpoch) * 100
		}
	}
	rec.Link, rec.Block = link(media), uint32(media)
	if rec.Numbered = numbered(media); rec.Numbered {
		r.number++
		rec.Pos.Number = r.number
		r.info.Interfaces[0].Packets++
		if i := &r.info.Interfaces[0]; i.Link == trace.LinkUnknown {
			i.Link = rec.Link
		}
	} else {
		rec.Kind, rec.Link = trace.Unknown, trace.LinkUnknown
	}
	comments := r.comments[offset]
	known := int64(owner) < int64(len(r.processes))
	if len(comments) == 0 && !known {
		return
	}
	r.meta = trace.Meta{Comments: comments}
	if known {
		p := r.processes[owner]
		r.meta.PID, r.meta.Process, r.meta.HasProcess = p.id, p.path, true
	}
	rec.Meta = &r.meta
}

// bad counts a frame that cannot be read.
func (r *Reader) bad(at, need, have int64) error {
	e := &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "netmon frame", Need: need, Have: max(0, have), Err: trace.ErrTruncated}
	r.info.Damage.Add(e, max(0, have))
	return nil
}

func (r *Reader) stop(at int64, layer string, need, have int64, detail string, cause error) error {
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: layer, Need: need, Have: have, Detail: detail, Err: cause}
	r.info.Damage.Unread = -1
	return r.err
}

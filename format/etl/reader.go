package etl

import (
	"io"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Reader yields the records of one ETL file in order of time.
//
// Buffers are filled one a processor and written when full, so a file is a
// set of runs, each in order, that overlap in time. The reader
//
//  1. walks the file once and notes for each buffer its place and its first time stamp;
//  2. opens (reads, decompresses) a buffer when its first time has come;
//  3. merges the open buffers by (time, place of the buffer, place in the buffer);
//  4. releases a buffer when its last record was handed out.
//
// Only buffers that overlap in time are open together, about one a processor.
// When a file makes so many overlap that they do not fit the budget, each
// holds a window of its records only, which moves on when it is used up.
//
// A Reader belongs to one goroutine at a time.
type Reader struct {
	in          *format.Input
	at          io.ReaderAt
	size        int64
	source      int
	info        trace.Info
	section     section // the first one
	later       []*section
	compression int    // of the buffers that are read
	scale       uint64 // nanoseconds a tick of the clock, 0 when that is no whole number

	indexed bool
	index   []bufferRef // sorted by (first, off)
	opened  int         // how many of index have been opened
	open    merge
	handed  bool // the record on top of open was handed out: the next call moves past it
	memory  memory
	scratch []byte // compressed bytes
	wide    []byte // decompressed bytes of which a window is taken
	number  int64
	event   trace.EventHeader
	end     error // what to return after the last record
}

// bufferRef is the index entry of one buffer: all the memory that the length of a file costs.
type bufferRef struct {
	off   int64
	first int64 // time stamp of its first record
}

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	if !r.indexed {
		r.scan(nil)
	}
	if r.handed {
		r.handed = false
		r.advance()
	}
	for r.opened < len(r.index) && (len(r.open.heap) == 0 || r.index[r.opened].first <= r.open.heap[0].due) {
		r.admit(r.index[r.opened].off)
		r.opened++
	}
	c := r.top()
	if c == nil {
		if r.end != nil {
			return r.end
		}
		return io.EOF
	}
	r.handed = true
	r.number++
	r.fillRecord(rec, c, &r.event)
	rec.Pos.Number, rec.Numbered = r.number, true
	return nil
}

// fillRecord makes rec the record at c, with its header in h.
func (r *Reader) fillRecord(rec *trace.Record, c *cursor, h *trace.EventHeader) {
	payload := fill(h, c.data[c.pos-c.start:], &c.shape)
	h.CPU = c.cpu
	*rec = trace.Record{}
	rec.Pos.Source, rec.Pos.Offset = r.source, c.offset()
	rec.Time, rec.Kind, rec.Interface = r.nanoseconds(c.due), trace.Event, -1
	rec.Data, rec.WireLen, rec.Event = payload, len(payload), h
}

// advance moves the cursor on top of the merge past its record.
func (r *Reader) advance() {
	c := r.open.first()
	c.skip()
	if r.look(c) {
		r.open.replaceFirst(c.due)
		return
	}
	r.drop()
}

// look looks at the record at c, moving its window when the record is not in it; false at the end of the buffer.
func (r *Reader) look(c *cursor) bool {
	for {
		v := c.look()
		if v == good {
			return true
		}
		if v != short || c.whole || !r.refill(c) {
			return false
		}
	}
}

// top is the cursor with the next record, nil at the end. Its bytes are there.
func (r *Reader) top() *cursor {
	for len(r.open.heap) > 0 {
		c := r.open.first()
		if c.data != nil || r.refill(c) && c.holds() {
			return c
		}
		r.drop()
	}
	return nil
}

// drop takes the first cursor out of the merge.
func (r *Reader) drop() {
	c := r.open.first()
	r.memory.giveBack(c)
	r.open.removeFirst()
}

// admit opens the buffer at off and puts it into the merge.
func (r *Reader) admit(off int64) {
	c := r.open.cursor()
	c.off = off
	c.begin(r)
	if r.refill(c) && r.look(c) {
		r.open.add(c)
		return
	}
	r.memory.giveBack(c)
	r.open.unused = append(r.open.unused, c)
}

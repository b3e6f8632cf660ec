package etl

import (
	"container/heap"
	"io"
	"math"
	"slices"

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
// When a file makes many overlap, the memory of those whose next record is
// furthest away is given back and filled again when needed.
type Reader struct {
	in          *format.Input
	at          io.ReaderAt
	size        int64
	source      int
	info        trace.Info
	compression int
	firstTime   int64

	indexed bool
	index   []bufferRef // sorted by (first, off)
	opened  int         // how many of index have been opened
	open    cursorHeap
	held    int64   // bytes of the open buffers
	current *cursor // its record was handed out last: released on the next call
	pool    [][]byte
	scratch []byte
	number  int64
	event   trace.EventHeader
	end     error // what to return after the last record
}

// bufferRef is the index entry of one buffer.
type bufferRef struct {
	off   int64
	first int64 // time stamp of its first record
}

// cursor is an open buffer and the place in it.
type cursor struct {
	off        int64 // of the buffer in the file
	data       []byte
	pos        int
	shape      shape
	due        int64 // time of the next record; never less than the one before
	cpu        uint16
	compressed bool
}

// budget bounds the bytes of the open buffers; beyond it they are given back and filled again.
const budget = 96 << 20

// Prepass walks the file once in file order and hands every record whose
// header satisfies early to visit. It is for what a trace holds at its end
// but a reader needs at the start: process names, event layouts. Call it
// before the first Next; records passed to visit are reused and have no number.
func (r *Reader) Prepass(early func(*trace.EventHeader) bool, visit func(*trace.Record)) error {
	var rec trace.Record
	var h trace.EventHeader
	return r.scan(func(c *cursor, b []byte, s shape) {
		payload := fill(&h, b, s)
		h.CPU = c.cpu
		if !early(&h) {
			return
		}
		rec = trace.Record{
			Pos: trace.Pos{Source: r.source, Offset: r.offset(c)}, Time: r.nanoseconds(s.time), Kind: trace.Event, Data: payload,
			WireLen: len(payload), Interface: -1, Event: &h,
		}
		visit(&rec)
	})
}

// scan walks all buffers in file order, builds the index, and shows every record to visit.
func (r *Reader) scan(visit func(c *cursor, b []byte, s shape)) error {
	r.indexed = true
	r.index = r.index[:0]
	var dst []byte
	lowest, highest, records := int64(math.MaxInt64), int64(math.MinInt64), int64(0)
	for off := int64(0); off < r.size; {
		data, h, err := r.load(off, dst)
		if err != nil {
			r.damage(err)
		}
		if data == nil {
			off = r.resynchronise(off)
			continue
		}
		if cap(data) > cap(dst) {
			dst = data[:0]
		}
		r.count(h)
		c := &cursor{off: off, due: r.firstTime, data: data, cpu: h.cpu, compressed: h.flags&bufferCompressed != 0}
		first := true
		for c.next(r) {
			if first {
				r.index = append(r.index, bufferRef{off: off, first: c.due})
				first = false
			}
			records++
			lowest, highest = min(lowest, c.due), max(highest, c.due)
			if visit != nil {
				visit(c, c.data[c.pos:], c.shape)
			}
			c.skip()
		}
		if off+h.size > r.size {
			r.cut(off, h.size)
		}
		off += h.size
		if r.in.Progress != nil {
			r.in.Progress(off)
		}
	}
	slices.SortStableFunc(r.index, func(a, b bufferRef) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
	r.info.Untimed = records > 2 && lowest == highest
	return nil
}

func (r *Reader) count(h bufferHeader) {
	r.info.Session.Buffers++
	if h.flags&bufferCompressed != 0 {
		r.info.Session.Compressed++
	}
}

func (r *Reader) damage(err error) {
	e, ok := err.(*trace.Error)
	if !ok {
		e = &trace.Error{Layer: "etl buffer", Offset: -1, Err: err}
	}
	e.Source = r.info.Name
	r.info.Damage.Add(e, 0)
}

// cut notes that the last buffer is not whole.
func (r *Reader) cut(off, size int64) {
	e := &trace.Error{Source: r.info.Name, Offset: off, Layer: "etl buffer", Need: size, Have: r.size - off, Err: trace.ErrTruncated}
	r.info.Damage.Add(e, 0)
	r.end = e
}

// resynchronise looks for the next buffer behind a damaged one: buffers of an
// uncompressed file lie at multiples of the first one's size.
func (r *Reader) resynchronise(off int64) int64 {
	const grain = 1024
	var head [bufferHeaderLen]byte
	for next := off - off%grain + grain; next+bufferHeaderLen <= r.size; next += grain {
		if r.readAt(head[:], next) != nil {
			break
		}
		if h := parseBufferHeader(head[:]); h.check() == "" && h.size%grain == 0 && h.kind <= 7 && h.size > bufferHeaderLen {
			r.info.Damage.Bytes += next - off
			return next
		}
	}
	r.info.Damage.Unread += r.size - off
	if r.end == nil {
		r.end = &trace.Error{Source: r.info.Name, Offset: off, Layer: "etl buffer", Detail: "no further buffer found", Err: trace.ErrCorrupt}
	}
	return r.size
}

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	if !r.indexed {
		if err := r.scan(nil); err != nil {
			return err
		}
	}
	r.release()
	for r.opened < len(r.index) && (len(r.open) == 0 || r.index[r.opened].first <= r.open[0].due) {
		r.admit(r.index[r.opened].off)
		r.opened++
	}
	if len(r.open) == 0 {
		if r.end != nil {
			return r.end
		}
		return io.EOF
	}
	c := r.open[0]
	if c.data == nil && !r.refill(c) {
		heap.Pop(&r.open)
		return r.Next(rec)
	}
	r.number++
	payload := fill(&r.event, c.data[c.pos:], c.shape)
	r.event.CPU = c.cpu
	*rec = trace.Record{
		Pos: trace.Pos{Source: r.source, Number: r.number, Offset: r.offset(c)}, Time: r.nanoseconds(c.due), Kind: trace.Event,
		Data: payload, WireLen: len(payload), Interface: -1, Numbered: true, Event: &r.event,
	}
	r.current = c
	return nil
}

// release moves past the record handed out last.
func (r *Reader) release() {
	c := r.current
	if c == nil {
		return
	}
	r.current = nil
	c.skip()
	if c.next(nil) {
		heap.Fix(&r.open, 0)
		return
	}
	heap.Pop(&r.open)
	r.giveBack(c)
}

func (r *Reader) giveBack(c *cursor) {
	if c.data != nil {
		r.held -= int64(cap(c.data))
		if len(r.pool) < 64 {
			r.pool = append(r.pool, c.data[:0])
		}
		c.data = nil
	}
}

// admit opens a buffer and puts it into the merge.
func (r *Reader) admit(off int64) {
	c := &cursor{off: off, due: r.firstTime}
	if r.refill(c) && c.next(nil) {
		heap.Push(&r.open, c)
	}
}

// refill reads the bytes of a cursor's buffer, making room first.
func (r *Reader) refill(c *cursor) bool {
	for r.held > budget {
		if !r.evict() {
			break
		}
	}
	var dst []byte
	if n := len(r.pool); n > 0 {
		dst, r.pool = r.pool[n-1], r.pool[:n-1]
	}
	data, h, _ := r.load(c.off, dst) // damage was noted by scan
	if data == nil {
		return false
	}
	c.data, c.cpu, c.compressed = data, h.cpu, h.flags&bufferCompressed != 0
	r.held += int64(cap(data))
	return c.pos+c.shape.size <= len(data)
}

// evict gives back the memory of the open buffer whose next record is furthest away.
func (r *Reader) evict() bool {
	var far *cursor
	for _, c := range r.open[min(1, len(r.open)):] {
		if c.data != nil && (far == nil || far.less(c)) {
			far = c
		}
	}
	if far == nil {
		return false
	}
	r.giveBack(far)
	return true
}

// offset is where the cursor's record lies in the file; for a compressed buffer, where the buffer does.
func (r *Reader) offset(c *cursor) int64 {
	if c.compressed {
		return c.off
	}
	return c.off + bufferHeaderLen + int64(c.pos)
}

// next looks at the record at the cursor; false at the end of the buffer. r is set while scanning, to note damage.
func (c *cursor) next(r *Reader) bool {
	s, end, bad := look(c.data[min(c.pos, len(c.data)):])
	if bad != "" && r != nil {
		left := int64(len(c.data) - c.pos)
		r.info.Damage.Add(&trace.Error{Source: r.info.Name, Offset: r.offset(c), Layer: "etl record", Detail: bad, Err: trace.ErrCorrupt}, left)
	}
	if end || bad != "" {
		return false
	}
	c.shape = s
	if s.timed && (c.pos == 0 || s.time > c.due) {
		c.due = s.time
	}
	return true
}

// skip moves behind the record: records are padded to 8 bytes.
func (c *cursor) skip() { c.pos += (c.shape.size + 7) &^ 7 }

func (c *cursor) less(o *cursor) bool {
	if c.due != o.due {
		return c.due < o.due
	}
	return c.off < o.off
}

// cursorHeap orders open buffers by their next record.
type cursorHeap []*cursor

func (h cursorHeap) Len() int           { return len(h) }
func (h cursorHeap) Less(i, j int) bool { return h[i].less(h[j]) }
func (h cursorHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *cursorHeap) Push(x any)        { *h = append(*h, x.(*cursor)) }
func (h *cursorHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

package etl

import (
	"cmp"
	"math"
	"slices"

	"github.com/wiretale/wiretale/trace"
)

// Prepass walks the file once in file order and hands every record whose
// header satisfies early to visit. It is for what a trace holds at its end
// but a reader needs at the start: process names, event layouts. Call it
// before the first Next, which then needs no walk of its own. The header and
// the record are reused from call to call, and the record has no number yet.
// What is wrong with the file is in [trace.Info.Damage]; the error is always nil.
func (r *Reader) Prepass(early func(*trace.EventHeader) bool, visit func(*trace.Record)) error {
	var rec trace.Record
	var h trace.EventHeader
	r.scan(func(c *cursor) {
		r.fillRecord(&rec, c, &h)
		if early(&h) {
			visit(&rec)
		}
	})
	return nil
}

// scan walks all buffers in file order, builds the index, notes damage, and shows every record to visit.
func (r *Reader) scan(visit func(c *cursor)) {
	r.indexed = true
	r.index, r.end, r.info.Damage = r.index[:0], nil, trace.Damage{}
	r.later, r.compression = nil, r.section.compression
	r.info.Session.Buffers, r.info.Session.Compressed = 0, 0
	var s span
	var dst []byte
	for off := int64(0); off < r.size; {
		h, err := r.header(off)
		var data []byte
		if err == nil {
			data, err = r.load(off, h, dst, maxBuffer)
		}
		if err != nil {
			r.damage(err)
		}
		if data == nil {
			off = r.resynchronise(off, err)
			continue
		}
		if cap(data) > cap(dst) {
			dst = data[:0]
		}
		r.count(h)
		if h.kind == bufferTypeHeader && off > 0 {
			r.begin(off, h, data)
		}
		c := &cursor{off: off, data: data, whole: true, cpu: h.cpu, compressed: h.compressed()}
		c.begin(r)
		r.scanBuffer(c, &s, visit)
		if off+h.size > r.size {
			r.cut(off, h.size)
		}
		off += h.size
		if r.in.Progress != nil {
			r.in.Progress(min(off, r.size))
		}
	}
	r.memory.put(dst)
	slices.SortFunc(r.index, func(a, b bufferRef) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return cmp.Compare(a.off, b.off)
	})
	r.info.Untimed = s.records > 2 && s.lowest == s.highest
}

// span is the range of the times in a file.
type span struct{ records, lowest, highest int64 }

func (s *span) add(t int64) {
	if s.records == 0 {
		s.lowest, s.highest = math.MaxInt64, math.MinInt64
	}
	s.records++
	s.lowest, s.highest = min(s.lowest, t), max(s.highest, t)
}

// scanBuffer walks the records of one buffer.
func (r *Reader) scanBuffer(c *cursor, s *span, visit func(c *cursor)) {
	v := c.look()
	if v == good {
		r.index = append(r.index, bufferRef{off: c.off, first: c.due})
	}
	for ; v == good; v = c.look() {
		s.add(c.due)
		if visit != nil {
			visit(c)
		}
		c.skip()
	}
	if v != end {
		r.info.Damage.Add(&trace.Error{
			Source: r.info.Name, Offset: c.offset(), Layer: "etl record", Detail: v.String(), Err: trace.ErrCorrupt,
		}, int64(len(c.data)-c.pos))
	}
}

func (r *Reader) count(h bufferHeader) {
	r.info.Session.Buffers++
	if h.compressed() {
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

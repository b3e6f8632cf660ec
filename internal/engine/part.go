package engine

import (
	"errors"
	"io"
	"os"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A Part is some records of a source that is an uncompressed capture in a file. A pass over it reads no others: what is asked of one
// conversation then costs what the conversation does. It has whole conversations, all of those between the same endpoints, whatever belongs
// to no conversation, and what is no record, so that a reader finds the same in what is left.
type Part struct {
	// Spans are where all that lies in the file, in order.
	Spans []Span
	// Numbers are those that the records in the spans which are numbered have in the source, in order.
	Numbers []int64
	// Conversation is the number in the source of the conversation of such a record, -1 without one: what the pass itself would number is less.
	Conversation func(number int64) int
}

// A Span is bytes of a file.
type Span struct {
	Start, End int64 // End may lie beyond the end of the file
}

// part is what of a source is read, nil for all of it.
func (o *Options) part(source int) *Part {
	if o.Part == nil {
		return nil
	}
	return o.Part(source)
}

// openPart opens a part of a file.
func openPart(path string, p *Part, opt formats.Options) (trace.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if opt.Name == "" {
		opt.Name = path
	}
	rd, err := formats.Read(&spanReader{file: f, spans: p.Spans}, -1, f, opt)
	if err != nil {
		return nil, err
	}
	return &partReader{Reader: rd, part: p}, nil
}

// A spanReader reads spans of a file one behind another.
type spanReader struct {
	file  io.ReaderAt
	spans []Span
	read  int64 // of the first
}

// Read implements io.Reader.
func (r *spanReader) Read(b []byte) (n int, err error) {
	for n < len(b) && len(r.spans) > 0 {
		s := &r.spans[0]
		at := s.Start + r.read
		want := min(s.End-at, int64(len(b)-n))
		k, err := r.file.ReadAt(b[n:n+int(want)], at)
		n += k
		r.read += int64(k)
		if err != nil && (!errors.Is(err, io.EOF) || len(r.spans) > 1) {
			return n, err
		}
		if err != nil || s.Start+r.read == s.End {
			r.spans, r.read = r.spans[1:], 0
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// A partReader gives the records of a part the places that they have in the source.
type partReader struct {
	trace.Reader
	part   *Part
	span   int   // of the record before
	before int64 // bytes of the spans before that one
}

// Next implements trace.Reader.
func (r *partReader) Next(rec *trace.Record) error {
	if err := r.Reader.Next(rec); err != nil {
		return err
	}
	if n := rec.Pos.Number; n > 0 && n <= int64(len(r.part.Numbers)) {
		rec.Pos.Number = r.part.Numbers[n-1]
	}
	rec.Pos.Offset = r.offset(rec.Pos.Offset)
	return nil
}

// offset is where a byte of the part lies in the file. Bytes are asked for in order.
func (r *partReader) offset(at int64) int64 {
	for r.span < len(r.part.Spans) {
		s := r.part.Spans[r.span]
		if at-r.before < s.End-s.Start {
			return s.Start + at - r.before
		}
		r.span, r.before = r.span+1, r.before+s.End-s.Start
	}
	return at
}

// resolve gives a row of the part what the first pass over the whole source knew at its end.
func (p *Part) resolve(c *Case, row *Row) {
	number := p.Conversation(row.Record.Pos.Number)
	if number < 0 {
		row.Object.Conv = nil // the pass would number it
		if row.Sighting != nil {
			row.Sighting.Conv = nil
		}
	}
	c.resolve(row, number)
	if s, conv := row.Sighting, row.Object.Conv; s != nil {
		s.NStreams = 0
		if conv != nil && conv.Stream >= 0 {
			s.Streams[0], s.NStreams = flow.Stream{Proto: conv.Proto, Number: int32(conv.Stream)}, 1
		}
	}
}

package engine

import (
	"io"

	"github.com/wiretale/wiretale/trace"
)

// perRecord is about what a file has of a record beside its data, in bytes.
const perRecord = 24

// first makes a reader end behind about the first n bytes of its source; n is 0 for all of it.
func first(rd trace.Reader, n int64) trace.Reader {
	if n <= 0 {
		return rd
	}
	p := prefix{Reader: rd, left: n}
	if batches, ok := rd.(trace.BatchReader); ok {
		return &prefixBatches{p, batches}
	}
	return &p
}

// prefix reads the beginning of a source. Records of an event trace do not come in the order of their offsets, so it counts what it handed out.
type prefix struct {
	trace.Reader
	left int64
}

// Next implements trace.Reader.
func (p *prefix) Next(rec *trace.Record) error {
	if p.left <= 0 {
		return io.EOF
	}
	err := p.Reader.Next(rec)
	p.left -= int64(len(rec.Data)) + perRecord
	return err
}

// prefixBatches is prefix over a reader that hands out many records at a time.
type prefixBatches struct {
	prefix
	batches trace.BatchReader
}

// NextBatch implements trace.BatchReader.
func (p *prefixBatches) NextBatch(b *trace.Batch) error {
	if p.left <= 0 {
		return io.EOF
	}
	err := p.batches.NextBatch(b)
	for i := range b.Frames {
		if p.left <= 0 {
			b.Frames = b.Frames[:i]
			break
		}
		p.left -= perRecord
		if f := &b.Frames[i]; f.Odd() {
			p.left -= int64(len(b.Records[f.Off].Data))
		} else {
			p.left -= int64(f.Len)
		}
	}
	return err
}

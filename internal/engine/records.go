package engine

import (
	"github.com/wiretale/wiretale/trace"
)

// Records hands out what the sources hold as it is, in the order of Each and
// without following any of it: packets that events carry stay in their events,
// and the case of the run knows only what was lost. info is that of the record's source.
func (r *Run) Records(visit func(info *trace.Info, rec *trace.Record) error) error {
	if len(r.sources) == 1 {
		if reader, ok := r.sources[0].reader.(trace.BatchReader); ok {
			return r.batched(r.sources[0], reader, visit)
		}
	}
	return r.ordered(r.sources, func(s *source) error { return s.hand(&s.record, visit) })
}

// batched goes through a source that hands out many records at a time.
func (r *Run) batched(s *source, reader trace.BatchReader, visit func(*trace.Info, *trace.Record) error) error {
	var b trace.Batch
	for r.ctx.Err() == nil {
		if err := reader.NextBatch(&b); err != nil {
			if !isEnd(err) {
				s.counts.Err = err
			}
			return nil
		}
		for i := range b.Frames {
			b.Record(i, &s.record)
			if err := s.hand(&s.record, visit); err != nil {
				return err
			}
		}
	}
	return r.ctx.Err()
}

// hand counts a record and hands it out.
func (s *source) hand(rec *trace.Record, visit func(*trace.Info, *trace.Record) error) error {
	s.counts.Records++
	switch rec.Kind {
	case trace.Packet:
		s.counts.Packets++
	case trace.Event:
		s.counts.Events++
	}
	return visit(s.counts.Info, rec)
}

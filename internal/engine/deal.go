package engine

import (
	"context"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// deal reads batches and hands them to the workers; picking says that rows are looked for.
func (s *source) deal(ctx context.Context, reader trace.BatchReader, free <-chan *batch, work []chan *batch, picking bool) (ok bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		b := <-free
		b.reset()
		b.base = s.counts.Records
		if err := reader.NextBatch(&b.Batch); err != nil {
			if !isEnd(err) {
				s.counts.Err = err
			}
			return true, nil
		}
		if !s.dealBatch(b) {
			return false, nil
		}
		if picking {
			b.picks.expect(len(b.Frames))
		}
		b.busy.Store(int32(len(work)))
		for _, c := range work {
			c <- b
		}
	}
}

// dealBatch counts the records of a batch and puts its frames into lanes.
// false when one of them needs a pass in order.
func (s *source) dealBatch(b *batch) bool {
	low, high := s.counts.First, s.counts.Last
	for i := range b.Frames {
		f := &b.Frames[i]
		if f.Odd() {
			r := &b.Records[f.Off]
			if r.Kind == trace.Event || r.Meta != nil && needsOrder(r.Meta) {
				return false
			}
			if r.Kind == trace.Statistics && !s.dealStatistics(b, i) {
				return false
			}
			if r.Kind == trace.ProcessInfo {
				s.process()
			}
			if r.Kind == trace.Secrets && s.streams != nil {
				s.streams.learn(r, b.base+int64(i))
				if s.shown != nil {
					s.shown.learn(r, b.base+int64(i))
				}
			}
			if r.Kind != trace.Packet {
				s.span(r.Time)
				continue
			}
			s.dealDecoded(b, i)
		} else if l, mark, ok := flow.LaneOf(trace.LinkType(f.Link), b.Data[f.Off:f.Off+f.Len], int(f.Wire)); ok {
			list := &b.lanes[l&(flow.Lanes-1)]
			n := len(*list)
			if n == cap(*list) {
				*list = slices.Grow(*list, 1)
			}
			*list = (*list)[:n+1]
			d := &(*list)[n] // filled in where it lies
			d.frame, d.mark, d.place = *f, mark, uint32(i)
			if k := int(f.Interface) + 1; k >= len(s.watches) || !s.watches[k].passes(f) {
				s.watches.frame(b, f)
			}
		} else {
			s.dealDecoded(b, i)
		}
		s.counts.Packets++
		if t := f.Time; t != trace.NoTime {
			if t < low || low == trace.NoTime {
				low = t
			}
			high = max(high, t)
			s.due = t
		}
	}
	s.counts.First, s.counts.Last = low, high
	s.counts.Records += int64(len(b.Frames))
	return true
}

// dealStatistics takes the counters of an interface. The reader has them as they
// are after the batch: false when an interface has them twice, whose first values are gone by then.
func (s *source) dealStatistics(b *batch, i int) bool {
	b.Record(i, &s.record)
	if s.losses.counted(&s.record) {
		return false
	}
	s.losses.statistics(&s.record, s.counts.Info, s.due)
	return true
}

// needsOrder reports whether what the recorder says of a packet is followed
// over all conversations: owners, drops, places in the stack, and packets that it lost.
func needsOrder(m *trace.Meta) bool {
	return m.HasProcess && !m.Running || m.Drop != nil || m.Layer != "" || m.DropCount > 0
}

// dealDecoded decodes a frame to find its lanes. Fragments, and what is put
// together from them, can be decoded only here, where all frames come by.
func (s *source) dealDecoded(b *batch, i int) {
	b.Record(i, &s.record)
	s.decoder.Decode(&s.record, &s.packet)
	p := &s.packet
	s.watches.packet(&s.record, p)
	s.neighbors.Add(p)
	s.fragments.Add(p)
	set := flow.LanesOf(p)
	for l := range b.lanes {
		if set.Has(l) {
			b.lanes[l] = append(b.lanes[l], dealt{place: uint32(i) | several})
		}
	}
	switch {
	case set == 0:
		s.malformed.add(p)
		if s.points != nil {
			s.points.Add(p, &flow.Sighting{})
		}
	case p.Flags&(packet.Fragment|packet.Reassembled|packet.FragmentDropped) != 0:
		if b.decoded == nil {
			b.decoded = map[uint32]*packet.Packet{}
		}
		b.decoded[uint32(i)] = p.Clone()
	}
}

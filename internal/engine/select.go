package engine

import (
	"context"
	"errors"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Selection takes some of the rows of a run.
type Selection struct {
	// Match makes a test of rows; each goroutine has its own. A test may not depend on the rows before.
	Match func() func(*Row) bool
	// Pair makes a weaker test, which says the same of all packets with one
	// network layer and one transport between two endpoints, in both
	// directions: where it fails, Match fails. What it rejects is not followed,
	// and the case of the run knows nothing of it. nil when there is none.
	Pair func() func(*Row) bool
	// Visit gets the rows that pass, in order. Numbers that are given in the
	// order of all rows (Stream, ID of a conversation) are not yet known.
	Visit func(*Row) error
	// Skip gets the times of the others, in their place.
	Skip func(t int64)
}

// Select feeds every record through the trackers, as Each does, and hands out
// the rows that pass. A single capture is followed by several workers.
func (r *Run) Select(sel Selection) error {
	handed := int64(0)
	if s := r.sources[0]; len(r.sources) == 1 && r.opt.Case == nil && workers(r.opt.Workers) > 1 {
		if reader, ok := s.reader.(trace.BatchReader); ok && s.rewindable() && !s.ordered() {
			lanes := &selector{Selection: sel, decoder: r.opt.decoder()}
			ok, err := s.inLanes(r.ctx, reader, workers(r.opt.Workers), lanes)
			if ok {
				return err
			}
			handed = lanes.handed
			if r.sources[0], err = s.reopen(); err != nil {
				return err
			}
		}
	}
	match := sel.Match()
	return r.Each(func(row *Row) error {
		switch {
		case handed > 0: // before the record that the workers could not follow
			handed--
		case match(row):
			return sel.Visit(row)
		default:
			sel.Skip(row.Record.Time)
		}
		return nil
	})
}

// picks are the rows of a batch that pass, as the lanes found them. A lane
// judges the frames whose conversation it follows; nobody judges the others.
type picks struct {
	judged []bool // by frame
	lanes  [flow.Lanes][]pick
	noted  // of a survey
}

type pick struct {
	frame    uint32
	packet   *packet.Packet
	sighting *flow.Sighting
}

func (k *picks) reset() {
	k.judged = k.judged[:0]
	for i := range k.lanes {
		clear(k.lanes[i])
		k.lanes[i] = k.lanes[i][:0]
	}
	k.noted.reset()
}

// expect makes room for the frames of the batch, before the lanes get it.
func (k *picks) expect(frames int) {
	if cap(k.judged) < frames {
		k.judged = make([]bool, frames)
	}
	k.judged = k.judged[:frames]
	clear(k.judged)
	k.noted.expect(frames)
}

// outside remembers which pairs of endpoints a selection does not take.
type outside struct {
	passes func(*Row) bool // of Selection.Pair, nil without one
	known  []ruling        // by hash; a pair takes the place of another
}

type ruling struct {
	pair packet.Pair
	out  bool
	set  bool
}

// rulingBits is the logarithm of how many pairs of a lane are remembered.
const rulingBits = 10

// skips reports whether a frame of the lane is between endpoints that the selection does not take.
func (l *lane) skips(b *batch, place uint32) bool {
	f := &b.Frames[place]
	if f.Odd() {
		return false
	}
	pair, ok := packet.PairOf(trace.LinkType(f.Link), b.Data[f.Off:f.Off+f.Len], int(f.Wire))
	if !ok {
		return false
	}
	r := &l.outside.known[pair.Hash()>>(64-rulingBits)]
	if !r.set || r.pair != pair {
		b.Record(int(place), &l.record)
		l.decoder.Decode(&l.record, &l.packet)
		l.row = Row{Record: &l.record, Packet: &l.packet, Sighting: &l.seen, Source: b.Source}
		*r = ruling{pair, !l.outside.passes(&l.row), true}
	}
	return r.out
}

// judge tests a frame of lane i.
func (l *lane) judge(b *batch, i int, frame uint32, p *packet.Packet) {
	k := &b.picks
	k.judged[frame] = true
	l.row = Row{Record: p.Record, Packet: p, Sighting: &l.seen, Object: session.Object{Conv: l.seen.Conv}, Source: b.Source}
	if l.looker != nil {
		b.picks.note(i, frame, l.looker.Look(&l.row, !b.Frames[frame].Odd()))
		return
	}
	if l.match(&l.row) {
		kept := l.seen
		// The tracker goes on with them, and packs them.
		kept.Conv, kept.Quoted = kept.Conv.Clone(), kept.Quoted.Clone()
		if p.Transport == proto.TCP || p.Transport == proto.UDP {
			kept.Checksum = p.Checksum()
		}
		k.lanes[i] = append(k.lanes[i], pick{frame, p.Clone(), &kept})
	}
}

// A selector hands out what the lanes picked, batch after batch. Batches come
// in order: a worker is done with one before it begins the next.
type selector struct {
	Selection
	survey *Survey // instead of the selection, nil without one
	beside bool    // the survey is beside an analysis
	handed int64   // rows that were visited or skipped
	err    error   // of Visit
	done   chan struct{}
	match  func(*Row) bool
	looker Looker
	// What the frames that no lane judged are decoded with.
	decoder packet.Decoder
	packet  packet.Packet
	record  trace.Record
	nobody  flow.Sighting
	next    [flow.Lanes]int // pick of each lane
	row     Row
}

// errStopped ends the dealing of batches when a visitor has enough.
var errStopped = errors.New("stopped")

// start hands out the batches that were followed and frees them. The context ends when the visitor does not want more.
func (s *selector) start(ctx context.Context, followed <-chan *batch, free chan<- *batch) context.Context {
	ctx, stop := context.WithCancelCause(ctx)
	s.done = make(chan struct{})
	hand := s.hand
	if s.survey != nil {
		s.looker, hand = s.survey.Looker(NoLane), s.survey.hand(s)
	} else {
		s.match = s.Match()
	}
	go func() {
		defer close(s.done)
		for b := range followed {
			if s.err == nil {
				if s.err = hand(b); s.err != nil {
					stop(errStopped)
				}
			}
			free <- b
		}
		stop(nil)
	}()
	return ctx
}

// finish waits for the last batch, and returns the visitor's error.
func (s *selector) finish(followed chan *batch) error {
	close(followed)
	<-s.done
	return s.err
}

// hand visits the rows of a batch in order.
func (s *selector) hand(b *batch) error {
	s.next = [flow.Lanes]int{}
	for i := range b.Frames {
		s.handed++
		if !s.passes(b, uint32(i)) {
			s.Skip(b.Frames[i].Time)
		} else if err := s.Visit(&s.row); err != nil {
			return err
		}
	}
	return nil
}

// passes reports whether a frame was picked, or passes when nobody judged it, and fills its row then.
func (s *selector) passes(b *batch, frame uint32) bool {
	if b.picks.judged[frame] {
		for lane := range s.next {
			list := b.picks.lanes[lane]
			if n := s.next[lane]; n < len(list) && list[n].frame == frame {
				s.next[lane]++
				p, seen := list[n].packet, list[n].sighting
				s.row = Row{Record: p.Record, Packet: p, Sighting: seen, Object: session.Object{Conv: seen.Conv}, Source: b.Source}
				return true
			}
		}
		return false
	}
	s.decode(b, frame)
	return s.match(&s.row)
}

// decode fills the row of a frame that no lane judged.
func (s *selector) decode(b *batch, frame uint32) {
	b.Record(int(frame), &s.record)
	s.row = Row{Record: &s.record, Source: b.Source}
	if s.record.Kind == trace.Packet {
		s.row.Packet, s.row.Sighting = b.decoded[frame], &s.nobody
		if s.row.Packet == nil {
			s.decoder.Decode(&s.record, &s.packet)
			s.row.Packet = &s.packet
		}
	}
}

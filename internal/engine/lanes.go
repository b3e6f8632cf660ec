package engine

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/prefetch"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A capture without events is analysed by several workers:
//
//  1. One goroutine reads batches of records and deals the frames into
//     lanes by a hash of their endpoints. Frames that name endpoints in no
//     plain sight (fragments, tunnels, quotations) are decoded to know.
//  2. Each worker decodes and tracks the frames of its lanes, batch after
//     batch; a batch is used again when all workers are done with it.
//  3. At the end the lanes are merged into what one tracker would have said.
//
// Lanes are fixed and each is in order, so the result does not depend on the
// number of workers.

// A batch is a batch of records with the frames of each lane.
type batch struct {
	trace.Batch
	lanes [flow.Lanes][]dealt
	// decoded are frames that only the dealer could decode: fragments and what was put together from them.
	decoded map[uint32]*packet.Packet
	busy    atomic.Int32 // workers that are not done with it
	base    int64        // records before it
	picks   picks
}

// A dealt frame is one of a lane. What its worker needs lies beside that of the
// frame before in the lane, and so does what finds its conversation ahead of time.
type dealt struct {
	frame trace.Frame // valid unless several
	mark  flow.Mark   // the same
	place uint32      // in Frames, with several
}

// several marks a frame that more lanes than one may have: its endpoints are not in plain sight.
const several = 1 << 31

func (b *batch) reset() {
	for i := range b.lanes {
		b.lanes[i] = b.lanes[i][:0]
	}
	b.decoded = nil
	b.picks.reset()
}

// A lane follows the conversations of one lane.
type lane struct {
	decoder  packet.Decoder
	tracker  *flow.Tracker
	record   trace.Record
	packet   packet.Packet
	seen     flow.Sighting
	streams  *stream.Applications // nil when nobody wants applications
	keys     *secrets.Lane        // of the streams, nil like them
	requests request.List
	prints   *point.Recorder // nil when points are not compared
	match    func(*Row) bool // of a selection, nil without one
	row      Row             // that match is asked
	outside  outside
	asked    flow.Mark // for what was asked for last
	malformed
}

// malformed counts packets that contradict themselves.
type malformed struct {
	count int64
	first []trace.Pos // 20 at most
}

func (m *malformed) add(p *packet.Packet) {
	if !p.Has(packet.Malformed) {
		return
	}
	m.count++
	if len(m.first) < maxMalformed {
		m.first = append(m.first, p.Record.Pos)
	}
}

// maxMalformed bounds the examples of malformed packets.
const maxMalformed = 20

// workers is how many goroutines track, for a setting of 0 as many as there are processors.
func workers(setting int) int {
	if setting <= 0 {
		setting = runtime.GOMAXPROCS(0)
	}
	return min(setting, flow.Lanes)
}

// spare is how many batches are on the way beyond one for each worker: so many can wait.
const spare = 2

// inLanes reads the whole source in batches and tracks it with n workers. ok
// is false, and nothing was counted, when the source turns out to hold what
// only a pass in order can follow; it must then be opened anew. With a
// selection, sel hands out the rows that pass.
func (s *source) inLanes(ctx context.Context, reader trace.BatchReader, n int, sel *selector) (ok bool, err error) {
	lanes := make([]lane, flow.Lanes)
	var keys *secrets.Lanes
	if s.streams != nil {
		keys = s.streams.keys.Lanes(len(lanes))
	}
	for i := range lanes {
		lanes[i].tracker = s.options.follower(flow.NewLane(s.index, i))
		if i >= n { // as the workers have them
			lanes[i].tracker.ShareHosts(lanes[i%n].tracker)
		}
		lanes[i].decoder = s.options.decoder()
		lanes[i].tracker.Compact()
		if s.streams != nil {
			lanes[i].keys = keys.At(i)
			var done func(*request.Request)
			if s.options.Requests {
				done = lanes[i].requests.Add
			}
			lanes[i].streams = s.streams.begin(lanes[i].keys, done)
		}
		if s.points != nil {
			lanes[i].prints = s.newRecorder()
		}
		if sel != nil {
			lanes[i].match = sel.Match()
			lanes[i].tracker.Light()
			if sel.Pair != nil {
				lanes[i].outside = outside{passes: sel.Pair(), known: make([]ruling, 1<<rulingBits)}
			}
		}
	}
	free := make(chan *batch, n+spare)
	followed := free
	if sel != nil {
		followed = make(chan *batch, n+spare)
		ctx = sel.start(ctx, followed, free)
	}
	for range n + spare {
		free <- new(batch)
	}
	work := make([]chan *batch, n)
	var done sync.WaitGroup
	for w := range work {
		work[w] = make(chan *batch, n+spare)
		c := newCrew(lanes, w, n)
		done.Go(func() {
			for b := range work[w] {
				c.follow(b)
				if b.busy.Add(-1) == 0 {
					followed <- b
				}
			}
		})
	}
	ok, err = s.deal(ctx, reader, free, work, sel != nil)
	for _, c := range work {
		close(c)
	}
	done.Wait()
	if sel != nil {
		if stop := sel.finish(followed); stop != nil {
			return true, stop
		}
	}
	if ok {
		if keys != nil {
			keys.End()
		}
		s.gather(lanes)
	}
	return ok, err
}

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

// follow tracks the frames that a batch has for lane i.
func (l *lane) follow(b *batch, i int) {
	frames := b.lanes[i]
	for k := range frames {
		if k+bytesAhead < len(frames) {
			l.ahead(b, &frames[k+bytesAhead], &frames[k+flowsAhead])
		}
		d, p := &frames[k], &l.packet
		place := d.place &^ several
		if d.place == place {
			if l.outside.passes != nil && l.skips(b, place) {
				b.picks.judged[place] = true
				continue
			}
			conv, payload, flags := l.tracker.AddFrame(&b.Batch, &d.frame, d.mark, &l.seen)
			if conv != nil && !l.looks(conv, payload, flags) {
				l.print(b, &d.frame, conv)
				continue
			}
			b.Fill(&d.frame, &l.record)
			l.decoder.Decode(&l.record, p)
			if conv != nil {
				l.tracker.Tell(&l.seen)
			} else {
				l.tracker.AddOwn(p, &l.seen, d.mark)
			}
		} else {
			if known := b.decoded[place]; known != nil {
				p = known
			} else {
				b.Record(int(place), &l.record)
				l.decoder.Decode(&l.record, p)
			}
			l.tracker.Add(p, &l.seen)
		}
		if l.seen.Conv == nil {
			continue
		}
		l.malformed.add(p)
		if l.prints != nil {
			l.prints.Add(p, &l.seen)
		}
		if l.streams != nil {
			if p != &l.packet && p.PayloadLen > 0 { // other lanes may look at it
				p = p.Clone()
			}
			l.keys.Begin(b.base + int64(place))
			l.streams.Add(p, &l.seen)
		}
		if l.match != nil {
			l.judge(b, i, place, p)
		}
	}
}

// looks reports whether anybody looks at a frame that the tracker took: it is decoded for them.
func (l *lane) looks(conv *flow.Conversation, payload int, flags tcp.Flags) bool {
	if l.match != nil {
		return true
	}
	return l.streams != nil && (payload > 0 || flags&(tcp.FIN|tcp.RST) != 0) && l.streams.Wants(conv.ID, payload, flags)
}

// print keeps what points are compared by of a frame that the tracker took.
func (l *lane) print(b *batch, f *trace.Frame, conv *flow.Conversation) {
	if l.prints == nil {
		return
	}
	s := l.tracker.Taken(b.Data[f.Off : f.Off+f.Len])
	l.prints.AddTaken(conv, b.First+int64(f.Number), f.Time, &s)
}

// ahead asks for the memory of frames that come soon: another processor wrote
// them, and they arrive while the frames before are followed. What a
// conversation needs is known when its frame comes, so it is asked for later.
func (l *lane) ahead(b *batch, bytes, flow *dealt) {
	if bytes.place&several == 0 {
		prefetch.Two(unsafe.Pointer(&b.Data[bytes.frame.Off]), l.tracker.Mark(bytes.mark))
	}
	if flow.place&several == 0 && flow.mark != l.asked { // frames of one conversation come in trains
		l.asked = flow.mark
		l.tracker.Ahead(flow.mark)
	}
}

// So many frames before its own the bytes of a frame are asked for, and the state of its conversation.
const (
	bytesAhead = 8
	flowsAhead = 4
)

// gather takes over what the lanes found.
func (s *source) gather(lanes []lane) {
	trackers := make([]*flow.Tracker, len(lanes))
	for i := range lanes {
		trackers[i] = lanes[i].tracker
		if lanes[i].streams != nil {
			lanes[i].streams.End()
		}
		s.followed = append(s.followed, lanes[i].streams)
		s.malformed.count += lanes[i].malformed.count
		s.malformed.first = append(s.malformed.first, lanes[i].malformed.first...)
	}
	slices.SortFunc(s.malformed.first, func(a, b trace.Pos) int { return int(a.Number - b.Number) })
	s.malformed.first = s.malformed.first[:min(len(s.malformed.first), maxMalformed)]
	if s.streams == nil && s.points == nil {
		s.flows = flow.Merge(trackers, nil)
		return
	}
	n := 0
	numbers := make([][]int, len(lanes)) // of the conversations of each lane
	s.flows = flow.Merge(trackers, func(lane int) {
		numbers[lane] = append(numbers[lane], n)
		n++
	})
	requests := 0
	for i := range lanes {
		requests += len(lanes[i].requests.Requests)
	}
	s.requests.Requests = slices.Grow(s.requests.Requests, requests) // once: there may be millions
	for i := range lanes {
		number := func(conv int) int { return numbers[i][conv] }
		if s.points != nil {
			s.points.Join(lanes[i].prints, number)
		}
		if s.streams != nil {
			lanes[i].streams.Renumber(number)
		}
		if s.options.Requests {
			s.requests.Join(&lanes[i].requests, number)
			s.handshakes.Join(lanes[i].streams.Handshakes(), number)
		}
	}
}

package engine

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
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
	if sel != nil && sel.survey != nil {
		sel.survey.Begin(s.counts.Info)
	}
	lanes := make([]lane, flow.Lanes)
	var keys, showing *secrets.Lanes
	if s.streams != nil {
		keys = s.streams.keys.Lanes(len(lanes))
	}
	if s.shown != nil {
		showing = s.shown.keys.Lanes(len(lanes))
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
		if s.shown != nil {
			lanes[i].showing = showing.At(i)
			lanes[i].shown = s.shown.begin(lanes[i].showing, nil)
		}
		if s.points != nil {
			lanes[i].prints = s.newRecorder()
		}
		if sel != nil {
			if !sel.beside {
				lanes[i].tracker.Light()
			}
			if sel.survey != nil {
				lanes[i].looker = sel.survey.Looker(i)
			} else {
				lanes[i].match = sel.Match()
			}
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
		if showing != nil {
			showing.End()
		}
		s.gather(lanes, sel)
		if sel != nil && sel.survey != nil && err == nil {
			sel.survey.End(s.counts.Info)
		}
	}
	return ok, err
}

// gather takes over what the lanes found.
func (s *source) gather(lanes []lane, sel *selector) {
	trackers := make([]*flow.Tracker, len(lanes))
	for i := range lanes {
		trackers[i] = lanes[i].tracker
		if lanes[i].streams != nil {
			lanes[i].streams.End()
		}
		if lanes[i].shown != nil {
			lanes[i].shown.End()
		}
		s.followed = append(s.followed, lanes[i].streams)
		s.malformed.count += lanes[i].malformed.count
		s.malformed.first = append(s.malformed.first, lanes[i].malformed.first...)
	}
	slices.SortFunc(s.malformed.first, func(a, b trace.Pos) int { return int(a.Number - b.Number) })
	s.malformed.first = s.malformed.first[:min(len(s.malformed.first), maxMalformed)]
	surveyed := sel != nil && sel.survey != nil
	if s.streams == nil && s.points == nil && !surveyed {
		s.flows = flow.Merge(trackers, nil)
		return
	}
	n := 0
	numbers := make([][]int, len(lanes)) // of the conversations of each lane
	s.flows = flow.Merge(trackers, func(lane int) {
		numbers[lane] = append(numbers[lane], n)
		n++
	})
	if surveyed {
		for i := range lanes {
			sel.survey.Number(i, numbers[i])
		}
	}
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

package contrast

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
)

// A Run is what one of the two runs did for the work of both. Its rates and
// times are over the full cycles of its steady part: from the first question
// of the first batch that reaches the usual depth to the first question of the last batch. With less than
// that they are over everything, from the first question to the last answer.
type Run struct {
	Measure  request.Measure // of all of the work
	From, To request.Mark    // what the rates are over
	Steady   bool            // full cycles of questions; else everything
	N        int             // requests asked in that time
	Moved    int64           // bytes of content of these
	Time     int64           // nanoseconds
	Batches  int             // of questions that were asked without an answer in between
	Depth    int             // questions that are usually open once a batch is asked
	Parts    [parts]int64    // where Time went, nanoseconds
	Pauses   []request.Pause // of the client, in order
	First    request.Spread  // time to the first byte of the answer, of N requests; nanoseconds
	Unasked  int             // answers of the work whose question was not captured
	Early    int             // of these, asked before the capture began: open when it did
	// Estimated says that most answers were cut or lost in the capture: content is that of the connections, and depth a lower bound.
	Estimated bool
	// RoundTrip is that of the handshake in nanoseconds, 0 when it is not known.
	RoundTrip int64
	Shifted   bool // times were moved to the client's end

	firstByte float64 // nanoseconds, of a request that nothing else delays; 0 when it cannot be told
	hidden    bool    // the time to the first byte was covered by transfers
	sliding   bool    // questions follow as answers come, not batch by batch
	bytes     bool
}

// Parts of the time of a run.
const (
	PartFirstByte = iota // something was asked and nothing on its way
	PartTransfer         // a question or an answer was on its way
	PartOther            // only other requests were open on the same connections
	PartPause            // nothing was asked: the client
	PartLoss             // a lost segment was being recovered
	PartWindow           // the receiver's window had no room
	parts
)

// units is the content of the steady part: bytes, or requests where there are none.
func (r *Run) units() float64 {
	if r.bytes {
		return float64(r.Moved)
	}
	return float64(r.N)
}

// Rate is bits of content a second, or requests a second where there is none.
func (r *Run) Rate() float64 { return scale(r.bytes) * r.units() / float64(r.Time) }

// scale turns units a nanosecond into a rate.
func scale(bytes bool) float64 {
	if bytes {
		return 8e9
	}
	return 1e9
}

// Size is the content of a request: bytes, or 1.
func (r *Run) Size() float64 { return r.units() / float64(r.N) }

// Share is the share of the time that went to a part.
func (r *Run) Share(part int) float64 { return float64(r.Parts[part]) / float64(r.Time) }

// cycles is how often the run went through its depth.
func (r *Run) cycles() float64 { return float64(r.N) / float64(r.Depth) }

// measure fills the run in: requests of the work, and all that the run has.
func (r *Run) measure(c *Contrast, in *Input, work, all []*request.Request, everything bool) error {
	*r = Run{bytes: c.Bytes}
	ids := conversations(work)
	shifts := r.trip(in, work)
	mine := map[*request.Request]bool{}
	for _, q := range work {
		mine[q] = true
	}
	var others []span
	for _, q := range all {
		if ids[q.Conv] && !mine[q] {
			d := shifts[q.Conv]
			others = append(others, span{q.Asked.Time - d, q.Last.Time + d})
		}
	}
	list := atClient(work, shifts)
	r.Measure = request.MeasureOf(list)
	early, late := r.unasked(c, in, list, ids, shifts)
	list = append(early, list...)
	r.steady(list, everything)
	if r.Time <= 0 || r.units() == 0 {
		return ErrTooShort
	}
	r.divide(in, ids, list, late, merge(others))
	r.first(list)
	r.estimate(in, c, ids, shifts)
	return nil
}

// asked are the requests whose questions were captured.
func asked(list []*request.Request) []*request.Request {
	for len(list) > 0 && !list[0].Sent.Seen() {
		list = list[1:]
	}
	return list
}

func conversations(list []*request.Request) map[int]bool {
	ids := map[int]bool{}
	for _, q := range list {
		ids[q.Conv] = true
	}
	return ids
}

// trip finds the round trip, of the connection with most of the content, and by how much the times of each are
// moved so that they are those at the client: half of the round trip to it, where the capture is nearer to the
// server. Else the way to the client would look like a pause of the client.
func (r *Run) trip(in *Input, work []*request.Request) map[int]int64 {
	moved, shifts := map[int]int64{}, map[int]int64{}
	for _, q := range work {
		moved[q.Conv] += q.Content() + 1
	}
	ids := make([]int, 0, len(moved))
	for id := range moved {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int) int { return cmp.Or(cmp.Compare(moved[b], moved[a]), cmp.Compare(a, b)) })
	for i, id := range ids {
		conv := in.Conversations.At(id)
		if conv.TCP == nil {
			continue
		}
		server, client, ok := conv.TCP.RTT()
		if !ok {
			continue
		}
		if i == 0 {
			r.RoundTrip = server + client
		}
		if client > server {
			shifts[id], r.Shifted = client/2, true
		}
	}
	return shifts
}

// atClient are copies of requests with the times that they have at the client, in the order of their questions.
func atClient(list []*request.Request, shifts map[int]int64) []*request.Request {
	if len(shifts) == 0 {
		return list
	}
	copies := make([]request.Request, len(list))
	out := make([]*request.Request, len(list))
	for i, q := range list {
		copies[i], out[i] = *q, &copies[i]
		shift(out[i], shifts[q.Conv])
	}
	slices.SortStableFunc(out, func(a, b *request.Request) int { return cmp.Compare(a.Asked.Time, b.Asked.Time) })
	return out
}

func shift(q *request.Request, d int64) {
	q.Asked.Time -= d
	q.Sent.Time -= d
	q.First.Time += d
	q.Last.Time += d
}

// unasked finds the answers to questions that were not captured, of the work's commands and connections. What is answered before the
// first question of its connection that was captured was open when the capture began: it is early, asked with the
// first question. Of the others the questions are lost.
func (r *Run) unasked(c *Contrast, in *Input, list []*request.Request, ids map[int]bool, shifts map[int]int64) (early []*request.Request, late []span) {
	commands := map[string]bool{}
	for _, w := range c.Work {
		commands[w.Command] = true
	}
	answered := map[int]int64{}
	for _, q := range list {
		if t, ok := answered[q.Conv]; !ok || q.First.Time < t {
			answered[q.Conv] = q.First.Time
		}
	}
	for i := range in.Requests.Unasked {
		q := in.Requests.Unasked[i]
		if !ids[q.Conv] || q.Protocol != c.Protocol || !commands[q.Command] || r.bytes && q.Moved <= 0 {
			continue
		}
		r.Unasked++
		shift(&q, shifts[q.Conv])
		if q.First.Time > answered[q.Conv] {
			late = append(late, span{q.First.Time, q.Last.Time})
			continue
		}
		if q.Asked, q.Sent = list[0].Asked, (request.Mark{}); q.First.Time < q.Asked.Time {
			q.First = q.Asked
		}
		if q.Last.Time > q.Asked.Time {
			early = append(early, &q)
		}
	}
	r.Early = len(early)
	return early, late
}

// steady finds the part of the run that the rates are over:
//
//  1. A batch is the questions between which no answer began or ended.
//  2. The usual depth is the median of those depths after which answers made it fall.
//  3. The first batch that reaches the depth begins the steady part, and the last
//     one ends it: whole cycles, in which as much is asked as is answered.
//  4. When that is less than a quarter of the content, or everything is asked for, everything counts.
func (r *Run) steady(list []*request.Request, everything bool) {
	var lasts, marks []int64 // ends, and beginnings and ends, of answers
	for _, q := range list {
		lasts = append(lasts, q.Last.Time)
		marks = append(marks, q.First.Time, q.Last.Time)
	}
	slices.Sort(lasts)
	slices.Sort(marks)
	depths, peaks := make([]int, len(list)), []int(nil)
	var starts []int
	done, passed := 0, 0
	for i, q := range list {
		was, before := done, passed
		for done < len(lasts) && lasts[done] <= q.Asked.Time {
			done++
		}
		for passed < len(marks) && marks[passed] <= q.Asked.Time {
			passed++
		}
		if i > 0 && done > was {
			peaks = append(peaks, depths[i-1])
		}
		if i == 0 || passed > before {
			starts = append(starts, i)
		}
		depths[i] = max(i+1-done, 1)
	}
	peaks = append(peaks, depths[len(list)-1])
	slices.Sort(peaks)
	r.Depth = peaks[len(peaks)/2]
	first, last := 0, len(list)
	for k, at := range starts {
		end := len(list)
		if k+1 < len(starts) {
			end = starts[k+1]
		}
		if depths[end-1] >= r.Depth {
			first = at
			break
		}
	}
	if first < starts[len(starts)-1] {
		last = starts[len(starts)-1]
	}
	content := func(of []*request.Request) (n int64) {
		for _, q := range asked(of) {
			n += q.Content()
		}
		if !r.bytes {
			n = int64(len(asked(of)))
		}
		return n
	}
	if r.Steady = !everything && last < len(list) && list[last].Asked.Time > list[first].Asked.Time && 4*content(list[first:last]) >= content(list); r.Steady {
		r.From, r.To = list[first].Asked, list[last].Asked
		list = list[first:last]
	} else {
		r.From, r.To = r.Measure.First, r.Measure.Last
	}
	busy, of := 0, 0 // batches that begin while something is open, of all but the first
	for _, at := range starts {
		if at >= first && at < first+len(list) {
			r.Batches++
		}
		if at > first && at <= last && at < len(depths) {
			of++
			if depths[at] > 1 {
				busy++
			}
		}
	}
	r.N, r.Time = len(asked(list)), r.To.Time-r.From.Time
	if r.bytes {
		r.Moved = content(list)
	}
	r.sliding = 2*busy > of
}

// divide says where the time went. Of what a stall covers loss comes first, then the window; a
// pause is the client's unless something else was open on the same connections.
func (r *Run) divide(in *Input, ids map[int]bool, list []*request.Request, unasked, others []span) {
	var stalls [2][]span
	for _, s := range in.Stalls {
		if ids[s.Conv] {
			stalls[s.Kind] = append(stalls[s.Kind], span{s.From, s.To})
		}
	}
	lost, shut := merge(stalls[Recovery]), merge(stalls[Shut])
	shut = without(shut, lost)
	busy := without(merge(slices.Concat(others, unasked)), lost)
	unasked = without(without(merge(unasked), lost), shut) // answers to older questions come first
	for s := range request.Stretches(list) {
		at := span{max(s.From.Time, r.From.Time), min(s.To.Time, r.To.Time)}
		if at.to <= at.from {
			continue
		}
		rest := at.to - at.from
		take := func(part int, of []span) {
			n := total(within(of, at))
			r.Parts[part] += n
			rest -= n
		}
		switch s.Part {
		case request.Paused:
			take(PartLoss, lost) // what was captured was lost behind the capture, or its acknowledgement was
			take(PartOther, busy)
			r.Parts[PartPause] += rest
			for _, free := range without(without([]span{at}, lost), busy) {
				r.Pauses = append(r.Pauses, request.Pause{From: request.Mark{Number: s.From.Number, Time: free.from}, To: request.Mark{Number: s.To.Number, Time: free.to}})
			}
		case request.Waiting:
			take(PartLoss, lost)
			take(PartWindow, shut)
			take(PartTransfer, unasked)
			r.Parts[PartFirstByte] += rest
		case request.Transferring:
			take(PartLoss, lost)
			take(PartWindow, shut)
			r.Parts[PartTransfer] += rest
		}
	}
}

// hardly is the share of the time below which waiting for first bytes tells nothing of the server: transfers covered it.
const hardly = 0.02

// mostly is the same of a run that always has requests open: what it waits for is then mainly that earlier answers have passed.
const mostly = 0.2

// first finds the time to the first byte of a request that nothing delays: the mean of those asked
// while nothing was open when most batches begin so, else what nine of ten take longer than.
func (r *Run) first(list []*request.Request) {
	var all, heads []int64
	var busy int64 // until when a question before is open
	for _, q := range asked(list) {
		inside := q.Asked.Time >= r.From.Time && (q.Asked.Time < r.To.Time || !r.Steady)
		if ns, ok := q.Service(); ok && inside {
			all = append(all, ns)
			if q.Asked.Time >= busy {
				heads = append(heads, ns)
			}
		}
		busy = max(busy, q.Last.Time)
	}
	r.First = request.SpreadOf(all)
	waits := r.Share(PartFirstByte)
	r.hidden = waits < hardly || r.sliding && waits < mostly*(waits+r.Share(PartTransfer))
	switch {
	case len(all) == 0:
	case len(heads) > 0 && 2*float64(len(heads)) >= r.cycles():
		r.firstByte = float64(request.SpreadOf(heads).Mean)
	default:
		r.firstByte = float64(all[len(all)/10])
	}
}

package contrast

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
)

// much is the share of the content of its connections above which the requests of a run are all that counts.
const much = 0.6

// estimate replaces what was measured when most of what was asked for, and of what the connections carried, is in no answer that was captured as a
// whole: packets were cut, so that headers in the middle of a large segment are missing, or lost.
//
//  1. The content is what the side with the content sent.
//  2. It runs from the first question that was seen to the last segment with data.
//  3. The depth is the number of questions before the first answer, and the
//     size what they ask for.
//  4. Waiting lasts until the first answer begins; the rest is transfer.
func (r *Run) estimate(in *Input, c *Contrast, ids map[int]bool, shifts map[int]int64) {
	if !r.bytes {
		return
	}
	payload, seen, brings := r.carried(in, c, ids)
	if float64(seen) >= much*float64(payload) || payload <= 0 {
		return
	}
	questions := questionsOf(in, c, ids, shifts)
	var wanted, got int64
	for _, q := range questions {
		wanted += q.Wanted
		got += q.Content()
	}
	if len(questions) == 0 || float64(got) >= much*float64(wanted) {
		return
	}
	begin := questions[0].Asked
	answer, end := r.Measure.Last.Time, begin
	for id := range ids {
		conv := in.Conversations.At(id)
		if conv.TCP == nil {
			continue
		}
		last := conv.TCP.Sides[brings[id]].LastData
		if t := last.Time + shifts[id]; last.Seen() && t > end.Time {
			end = request.Mark{Number: last.Pos.Number, Time: t}
		}
	}
	for _, list := range [][]request.Request{in.Requests.Requests, in.Requests.Unasked} {
		for i := range list {
			if q := &list[i]; ids[q.Conv] && c.worksOn(q) && q.First.Seen() && q.First.Time > begin.Time {
				answer = min(answer, q.First.Time+shifts[q.Conv])
			}
		}
	}
	var size, depth int64
	for _, q := range questions {
		if q.Asked.Time < answer {
			size, depth = size+q.Wanted, depth+1
		}
	}
	if end.Time <= answer || answer <= begin.Time || depth == 0 || size <= 0 {
		return
	}
	*r = Run{
		Measure: r.Measure, From: begin, To: end, Moved: payload, Time: end.Time - begin.Time, Batches: 1, Depth: int(depth), RoundTrip: r.RoundTrip, Shifted: r.Shifted,
		Unasked: r.Unasked, Estimated: true, First: r.First, bytes: true, sliding: true,
		N: max(int((payload*depth+size/2)/size), int(depth)), firstByte: float64(answer - begin.Time),
	}
	r.Parts[PartFirstByte], r.Parts[PartTransfer] = answer-begin.Time, end.Time-answer
}

// worksOn reports whether a request is of a command of the work.
func (c *Contrast) worksOn(q *request.Request) bool {
	return q.Protocol == c.Protocol && slices.ContainsFunc(c.Work, func(w *Work) bool { return w.Command == q.Command })
}

// carried is the payload of the sides of connections that sent most, how much of it is in answers that were captured, and which sides these are.
func (r *Run) carried(in *Input, c *Contrast, ids map[int]bool) (payload, seen int64, brings map[int]int) {
	brings = map[int]int{}
	for id := range ids {
		conv := in.Conversations.At(id)
		if conv.Dir[1].Payload > conv.Dir[0].Payload {
			brings[id] = 1
		} else {
			brings[id] = 0
		}
		payload += conv.Dir[brings[id]].Payload
	}
	for _, list := range [][]request.Request{in.Requests.Requests, in.Requests.Unasked} {
		for i := range list {
			if q := &list[i]; ids[q.Conv] {
				seen += max(q.Content(), 0)
			}
		}
	}
	return payload, seen, brings
}

// questionsOf are the questions of the work, answered or not, in order, as they were asked at the client.
func questionsOf(in *Input, c *Contrast, ids map[int]bool, shifts map[int]int64) (out []request.Request) {
	for i := range in.Requests.Requests {
		if q := in.Requests.Requests[i]; ids[q.Conv] && c.worksOn(&q) && q.Wanted > 0 {
			q.Asked.Time -= shifts[q.Conv]
			out = append(out, q)
		}
	}
	slices.SortStableFunc(out, func(a, b request.Request) int { return cmp.Compare(a.Asked.Time, b.Asked.Time) })
	return out
}

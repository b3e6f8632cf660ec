package path

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/point"
)

//go:embed owd.md
var owdPage string

// OneWayDelay: packets of one direction wait between two points (X4).
var OneWayDelay = &diag.Rule{ID: "path.owd", Title: "packets wait on the way in one direction", Page: owdPage, Places: []string{"tcp.bufferbloat"}, Run: oneWayDelay}

// leastOneSided is how much more must be waited in one direction than in the other to call it that of the queue.
const leastOneSided = 2

func oneWayDelay(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	hops := in.Hops()
	for i := range hops {
		h := &hops[i]
		q := h.Pair().Queue(h.Course())
		if q == nil || q.Least < leastOneSided*q.Other || coarse(in.Points, h) > q.Least/4 {
			continue
		}
		out = append(out, waiting(in.Points, h, q))
	}
	return out
}

// coarse is how much the clocks of both points may say more or less than there is.
func coarse(r *point.Result, h *point.Hop) int64 { return r.Points[h.From].Tick + r.Points[h.To].Tick }

func waiting(r *point.Result, h *point.Hop, q *point.Queue) diag.Finding {
	a, b := r.Points[h.From].Name, r.Points[h.To].Name
	exact := func(ns int64) string { return diag.Duration(time.Duration(ns)) }
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Likely, Source: -1, Count: len(q.Periods)}
	f.Summary = fmt.Sprintf("packets from %s to %s wait: all of them up to %s more than the fastest, 95 %% up to %s, in %s; from %s to %s it is %s at most",
		a, b, exact(q.Least), exact(q.Most), exact(q.To-q.From), b, a, exact(q.Other))
	back := h.Pair().Over[point.BtoA-h.Course()].Periods
	if q.Error < q.Least/10 && len(q.Periods) >= minPeriods && len(back) > 0 { // without packets back nothing says that it is one direction
		f.Confidence = diag.Proven
	}
	f.Facts = []diag.Fact{
		{Name: "least time on the way", Value: diag.Uncertain(q.Base, errorOf(h.Pair()), h.Pair().Clock.Unit) + ", to the error of the clocks"},
		{Name: "the change may be off by", Value: exact(q.Error)},
		{Name: "payload in that time and else", Value: fmt.Sprintf("%.2f Mbit/s, %.2f Mbit/s", float64(q.Rate)/1e6, float64(q.Before)/1e6)},
	}
	f.RuledOut = []string{fmt.Sprintf("the direction from %s to %s, and the clocks: a step or a drift would change both directions, one up and one down", b, a)}
	f.Fix = []string{fmt.Sprintf("look for the narrowest link from %s to %s: its queue is deeper than it need be (limit it, or use a queue that keeps delay low, as CoDel does)", a, b)}
	if q.Steady {
		f.RuledOut = f.RuledOut[:1]
		f.Fix = append(f.Fix, "the delay changed once and stayed: was the route changed?")
	}
	for i := range q.Periods {
		if len(f.Where) < maxWaiting {
			f.Where = append(f.Where, q.Periods[i].Slowest)
			f.Conversations = append(f.Conversations, q.Periods[i].Conv)
		}
	}
	f.Conversations = unique(f.Conversations)
	f.Where, f.Filter = ordered(f.Where), between(f.Conversations)
	return f
}

const (
	// minPeriods is how many periods a queue must be in to be called proven.
	minPeriods = 3
	// maxWaiting is how many periods are named.
	maxWaiting = 20
)

// errorOf is the greatest error of the clock of two points.
func errorOf(p *point.Pair) (e int64) {
	for i := range p.Clock.Segments {
		e = max(e, p.Clock.Segments[i].Error)
	}
	return e
}

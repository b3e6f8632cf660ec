package http

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed keepalive_race.md
var keepaliveRacePage string

// KeepaliveRace: a request crosses the end of its idle connection (H4).
var KeepaliveRace = &diag.Rule{ID: "http.keepalive_race", Title: "a request crosses the close of its idle connection", Page: keepaliveRacePage, Requests: true, DoubtedBy: []string{"cap.midstream", "cap.gaps", "cap.drops.reported"}, Run: keepaliveRace}

const (
	// leastIdle is the least pause before such a request: servers keep idle connections for seconds.
	leastIdle = time.Second
	// slack is added to the round trip: what a host needs to close, or to see that the other did.
	slack = time.Millisecond
)

// A race is a request and the close that it crossed.
type race struct {
	diag.Ask
	closed flow.Moment
	idle   time.Duration
}

func keepaliveRace(in *diag.Input) (out []diag.Finding) {
	last := map[int]diag.Ask{} // by conversation: the request before
	races := map[*diag.Talk][]race{}
	var order []*diag.Talk
	for _, a := range asks(in) {
		before, again := last[a.Conv]
		last[a.Conv] = a
		if !again || !before.Answered() || a.First.Seen() {
			continue
		}
		if r, ok := crossed(in, a, before); ok {
			if races[a.Talk] == nil {
				order = append(order, a.Talk)
			}
			races[a.Talk] = append(races[a.Talk], r)
		}
	}
	for _, t := range order {
		out = append(out, racing(in, races[t]))
	}
	return out
}

// crossed reports whether a request without an answer was on its way while the server closed the connection.
func crossed(in *diag.Input, a, before diag.Ask) (r race, ok bool) {
	c := in.Conversations.At(a.Conv)
	if c.TCP == nil || a.Dir != 0 {
		return r, false
	}
	closed := c.TCP.Sides[1].FIN
	server, client, known := a.Talk.RoundTrip()
	idle, timed := in.Elapsed(a.Talk.Moment(before.Last), a.Talk.Moment(a.Asked))
	if !closed.Seen() || !known || !timed || idle < leastIdle || closed.Time < before.Last.Time {
		return r, false
	}
	apart := time.Duration(a.Asked.Time - closed.Time).Abs()
	return race{a, closed, idle}, apart <= server+client+slack
}

func racing(in *diag.Input, races []race) diag.Finding {
	var list []diag.Ask
	shortest, longest := races[0].idle, races[0].idle
	for _, r := range races {
		list = append(list, r.Ask)
		shortest, longest = min(shortest, r.idle), max(longest, r.idle)
	}
	f := in.FindingOn(list, "")
	t := list[0].Talk
	var marks []flow.Moment
	for _, r := range races {
		marks = append(marks, t.Moment(r.Asked), r.closed)
	}
	f.Where = diag.Places(marks...)
	f.Severity = diag.Warning
	idle := diag.Duration(longest)
	if diag.Duration(shortest) != idle {
		idle = diag.Duration(shortest) + " to " + idle
	}
	f.Summary = fmt.Sprintf("%s of %v crossed the close of the connection by %v, after it was idle for %s: no answer: %s", diag.Count(len(list), "request"), t.Client, t.Server, idle, names(list))
	f.RuledOut = []string{"a server that refuses the request: it closed before it could have it", "a client that ignores the close: it sent before it could know"}
	f.Fix = []string{"let the server (or the load balancer) keep idle connections longer than whoever asks it does: its idle time-out above that of the client"}
	return f
}

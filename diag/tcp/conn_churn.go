package tcp

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/proto"
)

//go:embed conn_churn.md
var churnPage string

// Churn: a client opens a connection for each request (C14).
var Churn = &diag.Rule{ID: "tcp.conn_churn", Title: "a connection is opened for each request", Page: churnPage, Requests: true, Handshakes: true, WithheldBy: []string{"cap.oneway"}, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}}

func init() { Churn.Run = churn } // Run names the rule: a literal would be a cycle

const (
	// manyConns is how many connections within a minute are more than a program needs.
	manyConns = 20
	window    = time.Minute
	// setUpShare is the part of their life that the connections take to be opened.
	setUpShare = 0.3
	// checked is how regular connections are that a monitor makes: the part of the pauses that are the same within 5 %, of a second at least.
	checked     = 0.8
	checkSame   = 0.05
	leastPeriod = time.Second
)

// A short is a connection that was opened for one request.
type short struct {
	conv  *flow.Conversation
	ready flow.Moment // when it could be used
	ended flow.Moment // the last data
}

func churn(in *diag.Input) (out []diag.Finding) {
	inner := map[int]bool{} // connections of TLS whose requests can be read
	for _, t := range in.Talks() {
		if t.Protocol != proto.TLS {
			for _, c := range t.Conversations {
				inner[c.ID] = true
			}
		}
	}
	for _, t := range in.Talks() {
		if len(t.Conversations) <= manyConns || t.Protocol == proto.TLS && inner[t.Conversations[0].ID] {
			continue
		}
		list := shorts(in, t)
		if len(list) <= manyConns || crowded(list) <= manyConns || regular(list) {
			continue
		}
		if f, ok := churned(in, t, list); ok {
			out = append(out, f)
		}
	}
	return out
}

// shorts are the connections of a talk that had one request at most, in order, from the SYN to their end.
func shorts(in *diag.Input, t *diag.Talk) (out []short) {
	asked, ready := map[int]int{}, map[int]flow.Moment{}
	for _, r := range t.Requests {
		switch {
		case t.Protocol == proto.TDS && login.Opens(r.Command):
			if r.Answered() {
				ready[r.Conv] = t.Moment(r.Last)
			}
		case t.Protocol != proto.TLS:
			asked[r.Conv]++
		}
	}
	for _, c := range t.Conversations {
		end, _ := diag.Ending(c)
		if c.TCP == nil || !c.Opened || !c.TCP.SYN.Seen() || !c.TCP.HandshakeACK.Seen() || !end.Seen() || asked[c.ID] > 1 || in.Withhold(Churn, c) {
			continue
		}
		s := short{conv: c, ready: c.TCP.HandshakeACK, ended: lastData(c)}
		if m, ok := ready[c.ID]; ok {
			s.ready = m
		}
		if h := in.HandshakeOf(c); h != nil && h.Done {
			if used := h.At[handshake.Used]; used.Seen() && used.Number > s.ready.Pos.Number {
				s.ready = t.Moment(used)
			}
		}
		if s.ended.Pos.Number > s.ready.Pos.Number {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b short) int { return cmp.Compare(a.conv.TCP.SYN.Pos.Number, b.conv.TCP.SYN.Pos.Number) })
	return out
}

// lastData is the last segment of either side with data.
func lastData(c *flow.Conversation) flow.Moment {
	a, b := c.TCP.Sides[0].LastData, c.TCP.Sides[1].LastData
	if b.Pos.Number > a.Pos.Number {
		return b
	}
	return a
}

// crowded is how many of the connections were opened within a minute, at most.
func crowded(list []short) (most int) {
	for from, to := 0, 0; to < len(list); to++ {
		for time.Duration(list[to].conv.TCP.SYN.Time-list[from].conv.TCP.SYN.Time) > window {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// regular reports whether the connections come like a clock: a monitor makes them, or a load balancer that checks its servers.
func regular(list []short) bool {
	var pauses []int64
	for i := 1; i < len(list); i++ {
		pauses = append(pauses, list[i].conv.TCP.SYN.Time-list[i-1].conv.TCP.SYN.Time)
	}
	slices.Sort(pauses)
	median := pauses[len(pauses)/2]
	same := 0
	for _, p := range pauses {
		if d := float64(p - median); max(d, -d) <= checkSame*float64(median) {
			same++
		}
	}
	return time.Duration(median) >= leastPeriod && float64(same) >= checked*float64(len(pauses))
}

func churned(in *diag.Input, t *diag.Talk, list []short) (f diag.Finding, ok bool) {
	var opening, lives time.Duration
	var waits []diag.Interval
	var all diag.Ways
	for i, s := range list {
		open, timed := in.Elapsed(s.conv.TCP.SYN, s.ready)
		life, _ := in.Elapsed(s.conv.TCP.SYN, s.ended)
		if !timed {
			return f, false
		}
		opening, lives = opening+open, lives+life
		all.Add(service(s.conv), s.conv, 0)
		if i > 0 {
			waits = append(waits, diag.Interval{From: s.conv.TCP.SYN, To: s.ready, Conv: s.conv})
		}
	}
	if float64(opening) < setUpShare*float64(lives) {
		return f, false
	}
	first := list[0]
	f = all.List[0].Finding(first.conv.TCP.SYN, first.ready, first.ended, list[1].conv.TCP.SYN, list[1].ready, list[1].ended)
	f.Severity, f.Confidence, f.Count, f.Host = diag.Warning, diag.Likely, len(list), t.Server.Addr().String()
	f.Filter = t.Filter()
	if !in.Charge(&f, waits) || f.Cost < time.Second {
		f.Severity = diag.Note
	}
	with, per := "", opening/time.Duration(len(list))
	if in.HandshakeOf(first.conv) != nil {
		with = ", TLS included"
	}
	f.Summary = fmt.Sprintf("%v opened %d connections to %v, one for each request, up to %d in a minute: to open one took %s%s, %s of its life",
		t.Client, len(list), t.Server, crowded(list), diag.Duration(per), with, diag.Percent(opening, lives))
	f.Facts = []diag.Fact{{Name: "opening of all of them", Value: diag.Duration(opening)}, {Name: "connections in all", Value: fmt.Sprint(len(t.Conversations))}}
	f.RuledOut = []string{"checks of a monitor or a load balancer: they would come at regular times"}
	f.Fix = []string{
		"let the client keep connections and use them again: keep-alive in HTTP, a pool of connections for a database, one client object for all requests in the program",
		"does the server or a proxy close after each answer (Connection: close, a limit of requests to a connection)? Raise its limit",
	}
	return f, true
}

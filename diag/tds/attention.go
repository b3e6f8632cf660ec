package tds

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed attention.md
var cancelledPage string

// Cancelled: a client takes queries back (M9).
var Cancelled = &diag.Rule{ID: "tds.attention", Title: "a client gives up waiting for queries", Page: cancelledPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.snaplen"}, Run: cancelled}

const (
	// leastPatience is how long a query ran that a client gives up: programs that have read enough of an answer take the rest back at once.
	leastPatience = time.Second
	// alike is how far apart times may be that one limit made, as a share of it.
	alike = 0.02
	// defaultLimit is that of ADO.NET and of most programs (SqlCommand.CommandTimeout).
	defaultLimit = 30 * time.Second
	// maxQueries is how many queries a finding lists.
	maxQueries = 5
)

// cancelled makes one finding of each server: what waits there has one cause.
func cancelled(in *diag.Input) (out []diag.Finding) {
	type server struct {
		source int
		addr   netip.AddrPort
	}
	for _, g := range diag.GroupsOf(in.Asks(proto.TDS), func(a diag.Ask) (server, bool) {
		return server{a.Talk.Source, a.Talk.Server}, diag.Cancelled(a.Request) && ran(in, a) >= leastPatience
	}) {
		if f, ok := takenBack(in, g); ok {
			out = append(out, f)
		}
	}
	return out
}

// ran is how long a query ran without a byte of an answer, until it was taken back: 0 for one whose answer had begun, which nobody waited for.
func ran(in *diag.Input, a diag.Ask) time.Duration {
	whole, ok := in.Elapsed(a.Talk.Moment(a.Sent), a.Talk.Moment(a.Last))
	silent, _ := in.Elapsed(a.Talk.Moment(a.Sent), a.Talk.Moment(a.First))
	if !ok || float64(silent) < (1-alike)*float64(whole) {
		return 0
	}
	return whole
}

func takenBack(in *diag.Input, list []diag.Ask) (f diag.Finding, ok bool) {
	f = in.FindingOn(list, "tds")
	if !in.Charge(&f, diag.Took(list)) {
		return f, false
	}
	shortest, longest := ran(in, list[0]), ran(in, list[0])
	for _, a := range list {
		shortest, longest = min(shortest, ran(in, a)), max(longest, ran(in, a))
	}
	f.Severity = diag.Note
	times := diag.Duration(longest)
	if diag.Duration(shortest) != times {
		times = diag.Duration(shortest) + " to " + times
	}
	f.Summary = fmt.Sprintf("%s cancelled %s to %v after %s without an answer: %s", diag.ClientsOf(list), diag.Count(len(list), "query"), list[0].Talk.Server, times, diag.NamesOf(list, statement))
	switch same := float64(longest-shortest) <= alike*float64(longest); {
	case same && near(longest, defaultLimit):
		f.Severity = diag.Warning
		f.Summary += "; 30 s is the default limit of most programs"
	case same && len(list) > 1:
		f.Severity = diag.Warning
		f.Summary += "; each time after the same time, as a limit of the client does"
	default:
		f.Facts = append(f.Facts, diag.Fact{Name: "times differ", Value: "a user may have cancelled"})
	}
	for _, a := range list[:min(len(list), maxQueries)] {
		f.Facts = append(f.Facts, diag.Fact{Name: "query", Value: fmt.Sprintf("frame %d: %s, %s", a.Asked.Number, statement(a), diag.Duration(ran(in, a)))})
	}
	f.RuledOut = []string{
		"the network: the server had the query, and confirmed that it was taken back",
		"a program that had read enough: not a byte of an answer had come",
	}
	f.Fix = []string{
		"find out what the query waited for at that time: another session that holds a lock (sys.dm_exec_requests, blocking_session_id), or a plan that reads too much",
		"a longer time limit of the client (CommandTimeout) hides it, and is right only for queries that must take so long",
	}
	return f, true
}

// near reports whether a time is a limit and what it takes to say so.
func near(d, limit time.Duration) bool {
	return d >= limit-limit/100 && float64(d-limit) <= alike*float64(limit)
}

// statement is what a query says.
func statement(a diag.Ask) string {
	if a.Name == "" {
		return a.Command
	}
	return a.Name
}

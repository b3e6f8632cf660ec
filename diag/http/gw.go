package http

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed gw.md
var gatewayPage string

// Gateway: a proxy answers with an error, and what is behind it says why (H3).
var Gateway = &diag.Rule{ID: "http.gw", Title: "a gateway answers with an error because of what is behind it", Page: gatewayPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.oneway"}, Run: gateway}

// patterns is how many such answers are more than a coincidence.
const patterns = 3

// faults are what happened behind, in words that follow the server.
var faults = [...]string{
	diag.Refuses: "refused its connection: nobody listens there", diag.Rejected: "cannot be reached, says ICMP", diag.Silent: "did not answer its SYN",
	diag.Resets: "reset its connection", diag.Closes: "closed its connection without an answer", diag.Thinks: "had not answered its request yet",
}

func gateway(in *diag.Input) (out []diag.Finding) {
	type cause struct {
		source           int
		gateway, backend netip.AddrPort
		fault            diag.Fault
	}
	for _, g := range diag.Groups(in.BehindGateways(), func(b diag.Behind) cause {
		return cause{b.Talk.Source, b.Talk.Server, b.Conv.Ends[1], b.Fault}
	}) {
		out = append(out, explain(in, g))
	}
	return out
}

func explain(in *diag.Input, list []diag.Behind) diag.Finding {
	first := list[0]
	var answers []diag.Ask
	var where []flow.Moment
	var convs []*flow.Conversation
	same := 0
	for _, b := range list {
		answers = append(answers, b.Ask)
		where = append(where, b.Talk.Moment(b.Asked), b.At, b.Talk.Moment(b.First))
		if !slices.Contains(convs, b.Conv) {
			convs = append(convs, b.Conv)
		}
		if b.Same {
			same++
		}
	}
	f := in.FindingOn(answers, "http")
	in.Charge(&f, diag.Took(answers))
	backend := first.Conv.Ends[1]
	f.Filter = diag.AnyOf(f.Filter, diag.Streams(convs, diag.EndpointFilter(backend, first.Conv)))
	f.Conversations = append(f.Conversations, convs...)
	f.Where, f.Severity, f.Confidence = diag.Places(where...), diag.Warning, diag.Possible
	if same == len(list) || len(list) >= patterns {
		f.Confidence = diag.Likely
	}
	codes := diag.Distinct(answers, func(a diag.Ask) string { return a.Status })
	f.Summary = fmt.Sprintf("%v answered %s of %s with %s, because %v %s: %s", first.Talk.Server, diag.Count(len(list), "request"), diag.ClientsOf(answers), diag.List(codes, 3),
		backend, faults[first.Fault], names(answers))
	for _, b := range list[:min(len(list), 5)] {
		d := time.Duration(b.First.Time - b.At.Time)
		f.Facts = append(f.Facts, diag.Fact{Name: "behind the gateway", Value: fmt.Sprintf("frame %d: %v %s, %s before the answer", b.At.Pos.Number, backend, faults[b.Fault], diag.Duration(d))})
	}
	f.Facts = append(f.Facts, diag.Fact{Name: "asked for the same behind the gateway", Value: fmt.Sprintf("%d of %d", same, len(list))})
	f.RuledOut = []string{"the way from the clients to the gateway: requests and answers passed"}
	f.Fix = []string{advice(first.Fault, backend)}
	return f
}

// advice is what to look at behind the gateway.
func advice(f diag.Fault, backend netip.AddrPort) string {
	switch f {
	case diag.Refuses:
		return fmt.Sprintf("start the service on %v, or take it from the list of the gateway", backend)
	case diag.Rejected, diag.Silent:
		return fmt.Sprintf("is %v up, and does a firewall between the gateway and it pass the port?", backend)
	case diag.Thinks:
		return fmt.Sprintf("find out what the request waits for at %v; the gateway gives up after its own time limit", backend)
	}
	return fmt.Sprintf("look at the log of %v at that second: a crash, a restart, a limit on the time of a request, or an idle time-out below that of the gateway", backend)
}

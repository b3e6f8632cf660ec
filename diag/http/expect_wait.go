package http

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/http"
)

//go:embed expect_wait.md
var expectWaitPage string

// ExpectWait: the client waits for 100 Continue, and nobody says it (H8).
var ExpectWait = &diag.Rule{ID: "http.expect_wait", Title: "the client waits for 100 Continue before it sends the body", Page: expectWaitPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.oneway"}, Run: expectWait}

const (
	// leastContinue is the shortest time for which clients wait: 350 ms of .NET. Others wait for 1 s (curl) or 3 s.
	leastContinue = 340 * time.Millisecond
	// smallBody is the largest body that is sent at once, if nothing holds it: longer ones take time by themselves.
	smallBody int64 = 64 << 10
)

func expectWait(in *diag.Input) (out []diag.Finding) {
	waited := map[*diag.Talk][]diag.Ask{}
	var order []*diag.Talk
	for _, a := range asks(in) {
		if !unheeded(a) || a.Wanted > smallBody || a.Talk.Repairs() > 0 {
			continue
		}
		if d, timed := in.Elapsed(a.Talk.Moment(a.Asked), a.Talk.Moment(a.Sent)); !timed || d < leastContinue {
			continue
		}
		if waited[a.Talk] == nil {
			order = append(order, a.Talk)
		}
		waited[a.Talk] = append(waited[a.Talk], a)
	}
	for _, t := range order {
		out = append(out, waiting(in, waited[t]))
	}
	return out
}

// unheeded reports whether a request asked for 100 Continue and sent its body before any response came.
func unheeded(a diag.Ask) bool {
	return a.Asked.Seen() && a.Sent.Seen() && slices.Contains(a.Terms, proto.Term{Name: http.ExpectTerm})
}

func waiting(in *diag.Input, list []diag.Ask) diag.Finding {
	f := in.FindingOn(list, "")
	var lost []diag.Interval
	longest := time.Duration(0)
	for _, a := range list {
		lost = append(lost, diag.Interval{From: a.Talk.Moment(a.Asked), To: a.Talk.Moment(a.Sent)})
		longest = max(longest, time.Duration(a.Sent.Time-a.Asked.Time))
	}
	in.Charge(&f, lost)
	f.Severity = diag.Warning
	t := list[0].Talk
	f.Summary = fmt.Sprintf("%v asked %v with Expect: 100-continue and got none: the body of %s waited for up to %s: %s", t.Client, t.Server, diag.Count(len(list), "request"), diag.Duration(longest), names(list))
	f.RuledOut = []string{
		fmt.Sprintf("a body that takes long to send: none is larger than %s", diag.Size(smallBody)),
		"loss and closed windows: the connections had none",
	}
	f.Fix = []string{
		"let the client send its requests without Expect: 100-continue (.NET: ServicePointManager.Expect100Continue or HttpClient's ExpectContinue; curl: -H 'Expect:')",
		"or let the server, or the proxy before it, answer 100 Continue at once (RFC 9110, 10.1.1)",
	}
	return f
}

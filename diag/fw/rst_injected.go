package fw

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed rst_injected.md
var rstInjectedPage string

// RSTInjected: a connection is ended by a reset that neither side sent (F3).
var RSTInjected = &diag.Rule{ID: "fw.rst_injected", Title: "a connection is reset by something on the way", Page: rstInjectedPage, WithheldBy: []string{"cap.drops.reported"}}

func init() { RSTInjected.Run = rstInjected } // Run names the rule: a literal would be a cycle

// stretch is a way between two points, by which findings are grouped: one device is one cause.
type stretch struct{ without, at int }

func rstInjected(in *diag.Input) (out []diag.Finding) {
	groups := map[stretch][]*diag.Injection{}
	var order []stretch
	for _, x := range in.Injections() {
		if in.Withhold(RSTInjected, x.Conv) || in.Withhold(RSTInjected, x.Sent) {
			continue
		}
		k := stretch{min(x.Without, x.At), max(x.Without, x.At)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], x)
	}
	for _, k := range order {
		out = append(out, foreign(in, groups[k]))
	}
	return out
}

func foreign(in *diag.Input, list []*diag.Injection) diag.Finding {
	first := list[0]
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Likely, Source: -1, Count: len(list)}
	var matched int64
	both := false
	peers := diag.Distinct(list, func(x *diag.Injection) string { return x.Conv.Ends[x.By].Addr().String() })
	known := map[*flow.Conversation]bool{}
	for _, x := range list {
		f.Where = append(f.Where, x.Conv.TCP.RST.Pos)
		if x.Both {
			f.Where = append(f.Where, x.Sent.TCP.RST.Pos)
		}
		for _, c := range []*flow.Conversation{x.Conv, x.Sent} {
			if !known[c] {
				known[c] = true
				f.Conversations = append(f.Conversations, c)
			}
		}
		matched += x.Matched
		both = both || x.Both
	}
	f.Where, f.Filter = ordered(f.Where), diag.AllOf("tcp.flags.reset == 1", between(f.Conversations))
	at, without := in.Points.Points[first.At].Name, in.Points.Points[first.Without].Name
	f.Summary = fmt.Sprintf("%s at %s in the name of %s, which did not send it at %s: a device in between reset %s",
		map[bool]string{true: "a reset came", false: diag.Count(len(list), "reset") + " came"}[len(list) == 1], at, diag.List(peers, 3), without, diag.Count(len(list), "connection"))
	if both {
		f.Summary += "; the other side got one as well that nobody sent"
	}
	if both || len(list) >= minSure {
		f.Confidence = diag.Proven
	}
	f.Facts = []diag.Fact{{Name: "packets of the same senders that are at both points", Value: fmt.Sprint(matched)}}
	f.RuledOut = []string{
		fmt.Sprintf("the end itself: %s has all else that it sent on these connections, and no reset", without),
		"a recorder that lost packets: nothing else is missing",
	}
	f.Fix = []string{
		fmt.Sprintf("look at the log of the devices between %s and %s at that second: an intrusion prevention system, a firewall that lost its state, a load balancer", without, at),
	}
	f.Record = []diag.RecordAt{{Question: "does the end send the reset itself? With the same filter on both sides of each device in between it shows which one does"}}
	return f
}

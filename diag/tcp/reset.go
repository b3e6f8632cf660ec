package tcp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed rst_app.md
var resetPage string

// ResetByApplication: an established connection is reset by one of its ends (T26).
var ResetByApplication = &diag.Rule{ID: "tcp.rst.app", Title: "an established connection is reset", Page: resetPage, Run: resets}

// resets reports resets of established connections, one finding a class and sender. A reset
// after the close, or while nothing was outstanding, is a note: many clients end so.
func resets(in *diag.Input) []diag.Finding {
	type key struct {
		source int
		by     string
		cosmetic,
		afterLoss bool
	}
	index := map[key]int{}
	var out []diag.Finding
	for _, c := range in.Conversations {
		t := c.TCP
		if t == nil || !t.RST.Seen() || t.Refused || !t.Established || t.RSTClass == flow.ResetNone || t.RSTClass == flow.ResetRefused {
			continue
		}
		by := c.Ends[t.RSTBy].Addr()
		k := key{c.Source, by.String(), t.RSTClass != flow.ResetInProgress, c.Dir[0].Retransmissions+c.Dir[1].Retransmissions > 0}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, diag.Finding{Source: c.Source, Host: by.String(), Filter: filter(c) + " && tcp.flags.reset == 1"})
		}
		f := &out[i]
		f.Count++
		f.Conversations = append(f.Conversations, c)
		f.Where = append(f.Where, t.RST.Pos)
		describeReset(f, c, k.cosmetic, k.afterLoss)
	}
	return out
}

func describeReset(f *diag.Finding, c *flow.Conversation, cosmetic, afterLoss bool) {
	f.Severity, f.Confidence = diag.Warning, diag.Likely
	when := "while data was outstanding"
	switch {
	case cosmetic:
		f.Severity, f.Confidence = diag.Note, diag.Proven
		when = "after the exchange was over"
	case afterLoss:
		f.Confidence = diag.Possible
		when = "after retransmissions"
	}
	what := fmt.Sprintf("connection %v - %v", c.Ends[0], c.Ends[1])
	if f.Count > 1 {
		what = fmt.Sprintf("%d connections", f.Count)
	}
	f.Summary = fmt.Sprintf("%s reset %s %s", f.Host, what, when)
	f.RuledOut = nil
	if !afterLoss {
		f.RuledOut = []string{"giving up after loss: nothing was retransmitted on it"}
	}
	f.Fix = []string{"look at the process that owns the connection on " + f.Host + ", at that second"}
	if cosmetic {
		f.Fix = []string{"nothing, unless the application reports an error"}
	}
	f.NextCapture = []string{"on " + f.Host + " (Windows): netsh trace start scenario=internetclient provider=Microsoft-Windows-TCPIP capture=yes"}
}

package path

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

//go:embed rewrite.md
var rewritePage string

// Rewrite: fields of packets are changed on the way (X2).
var Rewrite = &diag.Rule{ID: "path.rewrite", Title: "something rewrites packets on the way", Page: rewritePage, Run: rewrite}

// maxFields is how many changes a summary names.
const maxFields = 4

func rewrite(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	for _, p := range pairs(in.Hops()) {
		var list []point.Rewrite
		for _, r := range p.Rewrites {
			if r.Field != "TTL" { // any router does that
				list = append(list, r)
			}
		}
		if len(list) > 0 {
			out = append(out, rewritten(in.Points, p, list))
		}
	}
	return out
}

func rewritten(r *point.Result, p *point.Pair, list []point.Rewrite) diag.Finding {
	a, b := names(r, p)
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: -1, Count: len(list)}
	var words []string
	for _, x := range list {
		words = append(words, fmt.Sprintf("%s %s is %s", x.Field, x.A, x.B))
		f.Facts = append(f.Facts, diag.Fact{Name: fmt.Sprintf("%s at %s and %s", x.Field, a, b), Value: fmt.Sprintf("%s, %s (%s)", x.A, x.B, diag.Count(x.Conversations, "conversation"))})
		first, then := r.Conv(x.First.A), r.Conv(x.First.B)
		f.Conversations = append(f.Conversations, first, then)
		f.Where = append(f.Where, first.First.Pos, then.First.Pos)
	}
	f.Facts = f.Facts[:min(len(f.Facts), 20)]
	f.Conversations = unique(f.Conversations)
	f.Where = ordered(f.Where)
	f.Summary = fmt.Sprintf("between %s and %s packets are rewritten: %s", a, b, diag.List(words, maxFields))
	f.RuledOut = []string{"another connection: sequence numbers or content are equal"}
	f.Fix = []string{"nothing, when a NAT, a load balancer or a firewall between the points is known to do this"}
	if strings.Contains(f.Summary, "window scale") || strings.Contains(f.Summary, "SACK") || strings.Contains(f.Summary, "time stamps") {
		f.Fix = append(f.Fix, "options that only one end knows of make both disagree about the window: let the device leave them alone, in both directions")
	}
	f.Filter = between(f.Conversations)
	return f
}

func unique(list []*flow.Conversation) (out []*flow.Conversation) {
	known := map[*flow.Conversation]bool{}
	for _, c := range list {
		if !known[c] {
			known[c] = true
			out = append(out, c)
		}
	}
	return out
}

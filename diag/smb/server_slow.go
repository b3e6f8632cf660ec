package smb

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed server_slow.md
var serverSlowPage string

// ServerSlow: the file server takes long before it answers (B3).
var ServerSlow = &diag.Rule{ID: "smb.server_slow", Title: "the file server takes long before it answers", Page: serverSlowPage, Requests: true, Run: serverSlow}

const (
	// slowMedian is what half of the answers take at least, without the network: a disk seeks in less.
	slowMedian = 20 * time.Millisecond
	// leastSlow is the least time that is worth a word.
	leastSlow = 500 * time.Millisecond
	// leastAnswers is how many answers show that a server is slow.
	leastAnswers = 5
)

// serverSlow makes one finding of each client and server.
func serverSlow(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		way, _, known := t.Way()
		repairs := t.Repairs()
		var spells []diag.Spell
		var list []*request.Request
		var parts diag.Parts
		for _, s := range t.SpellsOf(func(r *request.Request) bool { return !pends(in, t, r) && r.Command != setupCommand }) {
			p := s.Parts()
			lost := min(repairs, p.Server)
			p.Server, p.Network = p.Server-lost, p.Network+lost
			if !s.Timed(in) || float64(p.Server) < most*float64(p.Total) || median(s.Requests)-way < slowMedian || !t.Measurable(in, median(s.Requests)-way) {
				continue
			}
			spells, list = append(spells, s), append(list, s.Requests...)
			parts.Add(p)
		}
		if len(list) < leastAnswers {
			continue
		}
		if lost := in.Within(parts.Server, spells); lost >= leastSlow {
			f := slow(in, t, list, &parts, lost, known)
			f.Lost = diag.TimesOf(spells, budget.Server)
			out = append(out, f)
		}
	}
	return out
}

// median is the time to the first byte that half of the requests took at most.
func median(list []*request.Request) time.Duration {
	var all []int64
	for _, r := range list {
		if ns, ok := r.Service(); ok {
			all = append(all, ns)
		}
	}
	return time.Duration(request.SpreadOf(all).Median)
}

func slow(in *diag.Input, t *diag.Talk, list []*request.Request, p *diag.Parts, lost time.Duration, known bool) diag.Finding {
	worst := diag.Slowest(list, maxProof)
	longest, _ := worst[0].Service()
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Cost: lost, Count: len(list), Source: t.Source, Host: t.Server.Addr().String(), Conversations: t.Conversations,
		Filter: t.Filter(), Where: shown(t.Source, worst), Facts: append(p.Facts(), byCommand(list)...),
		Summary: fmt.Sprintf("%v needed %s of the %s that %d requests of %v took before it began to answer (%s): median %s to the first byte, %s at most (%s)", t.Server.Addr(), diag.Duration(p.Server),
			diag.Duration(p.Total), len(list), t.Client, diag.Percent(p.Server, p.Total), diag.Duration(median(list)), diag.Duration(time.Duration(longest)), about(worst[0])),
		RuledOut: []string{
			"the network: the round trip is taken off, and content was on its way for " + diag.Duration(p.Transfer),
			"the client: it paused for " + diag.Duration(p.Client),
			"operations that are pending by design, or wait for somebody else: they are left out",
		},
		Fix: []string{
			"look at the disks of the server at that time: the length of their queues, the time of a read or a write",
			"look at what stands in the way of a file there: a scanner, a filter driver, storage in the cloud or on tape",
			"when all commands take the same time, also those that need no disk, look for a proxy or an accelerator that answers for a server far away",
		},
	}
	switch {
	case t.AtServer(in):
		f.Confidence = diag.Proven
	case !known:
		f.Confidence = diag.Possible
	}
	return f
}

// byCommand are facts: what half of the answers to each command took.
func byCommand(list []*request.Request) (out []diag.Fact) {
	var order []string
	by := map[string][]*request.Request{}
	for _, r := range list {
		if by[r.Command] == nil {
			order = append(order, r.Command)
		}
		by[r.Command] = append(by[r.Command], r)
	}
	slices.SortStableFunc(order, func(a, b string) int { return len(by[b]) - len(by[a]) })
	for _, c := range order[:min(len(order), 5)] {
		out = append(out, diag.Fact{Name: c, Value: fmt.Sprintf("%d, median %s to the first byte", len(by[c]), diag.Duration(median(by[c])))})
	}
	return out
}

// about is the command of a request and what it was about.
func about(r *request.Request) string {
	if r.Name == "" {
		return r.Command
	}
	return r.Command + " " + r.Name
}

package mtu

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/fragment"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

//go:embed incomplete.md
var incompletePage string

// Incomplete: fragments of datagrams never come (I4).
var Incomplete = &diag.Rule{ID: "frag.incomplete", Title: "fragments of large datagrams do not arrive", Page: incompletePage, Requests: true,
	WithheldBy: []string{"cap.drops.reported", "cap.gaps"}}

func init() { Incomplete.Run = incomplete } // Run names the rule: a literal would be a cycle

// leastIncomplete is how many datagrams are a pattern, and mostIncomplete the part of the fragmented ones from which it is no loss by chance.
const (
	leastIncomplete = 3
	mostIncomplete  = 0.5
)

func incomplete(in *diag.Input) (out []diag.Finding) {
	for source, r := range in.Fragments {
		later := false // fragments behind a first one come here at all: no filter by port keeps them out
		for _, w := range r.Ways {
			later = later || w.Complete > 0 || w.Incomplete > w.FirstOnly
		}
		for _, w := range r.Ways {
			if w.Incomplete == 0 {
				continue
			}
			convs := in.Datagrams(source, w.Src, w.Dst)
			if len(convs) > 0 && in.Withhold(Incomplete, convs[0]) {
				continue
			}
			out = append(out, lacking(in, source, w, convs, later))
		}
	}
	return out
}

func lacking(in *diag.Input, source int, w *fragment.Way, convs []*flow.Conversation, later bool) diag.Finding {
	var where []flow.Moment
	for _, e := range w.Examples {
		where = append(where, e.First)
	}
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Likely, Source: source, Host: w.Dst.String(), Count: int(w.Incomplete), Conversations: convs, Where: diag.Places(where...)}
	all := w.Incomplete + w.Complete
	f.Summary = fmt.Sprintf("of %d of %s from %v to %v that came in fragments a part is missing", w.Incomplete, diag.Count(int(all), "datagram"), w.Src, w.Dst)
	switch {
	case w.FirstOnly == w.Incomplete:
		f.Summary += ": only the first fragment comes"
	case w.NoFirst == w.Incomplete:
		f.Summary += ": the first fragment does not come"
	}
	if w.Incomplete < leastIncomplete || w.FirstOnly == w.Incomplete && !later {
		f.Confidence = diag.Possible
	}
	if f.Confidence == diag.Possible || float64(w.Incomplete) < mostIncomplete*float64(all) {
		f.Severity = diag.Note
	}
	questions, waits := lostAnswers(in, w, convs)
	if questions > 0 && in.Charge(&f, waits) {
		f.Severity = diag.Error
		f.Facts = append(f.Facts, diag.Fact{Name: "questions whose answer is among them", Value: fmt.Sprint(questions)})
	}
	f.Facts = append(f.Facts, diag.Fact{Name: "complete, with all fragments", Value: fmt.Sprint(w.Complete)}, diag.Fact{Name: "without all but the first fragment", Value: fmt.Sprint(w.FirstOnly)})
	f.RuledOut = []string{fmt.Sprintf("fragments that are late: the capture goes on for %s and more", diag.Duration(fragment.Patience))}
	f.Fix = []string{
		fmt.Sprintf("let firewalls between %v and %v pass fragments, or put them together: only the first one has ports", w.Src, w.Dst),
		"avoid fragments: TCP in place of UDP, or smaller datagrams (DNS: an EDNS buffer of 1,232 bytes; Kerberos: MaxPacketSize 1; RADIUS: Framed-MTU; tunnels: a smaller MTU inside)",
	}
	f.Record = []diag.RecordAt{{Addr: w.Src, Question: "do all fragments leave?"}}
	f.Filter = diag.AllOf(diag.FromHost(w.Src), diag.ToHost(w.Dst), "(ip.flags.mf == 1 || ip.frag_offset > 0)")
	if w.Src.Is6() {
		f.Filter = diag.AllOf(diag.FromHost(w.Src), diag.ToHost(w.Dst), "ipv6.fraghdr")
	}
	return f
}

// lostAnswers are the questions of these conversations whose answer is incomplete, and how long the client waited: until it asked again for the
// last time, or for an answer that came in the end.
func lostAnswers(in *diag.Input, w *fragment.Way, convs []*flow.Conversation) (n int, waits []diag.Interval) {
	of := map[int]*flow.Conversation{}
	for _, c := range convs {
		of[c.ID] = c
	}
	for i := range in.Requests {
		r := &in.Requests[i]
		c := of[r.Conv]
		if c == nil || c.Ends[r.Dir].Addr() != w.Dst {
			continue
		}
		e, ok := in.Fragmented()[r]
		if !ok {
			continue
		}
		at := func(m request.Mark) flow.Moment {
			return flow.Moment{Pos: trace.Pos{Source: c.Source, Number: m.Number}, Time: m.Time}
		}
		to := e.Last
		for _, m := range [...]request.Mark{r.Again, r.First} {
			if m.Number > to.Pos.Number {
				to = at(m)
			}
		}
		n, waits = n+1, append(waits, diag.Interval{From: at(r.Asked), To: to, Conv: c})
	}
	return n, waits
}

package http

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed truncated.md
var truncatedPage string

// Truncated: the server ends the connection inside an answer (H9).
var Truncated = &diag.Rule{ID: "http.truncated", Title: "the server ends the connection inside an answer", Page: truncatedPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.oneway"}, Run: truncated}

// maxCut is how many answers a finding lists.
const maxCut = 5

// A cut is an answer with the end that came inside it.
type cut struct {
	diag.Ask
	end   flow.Moment
	reset bool
}

func truncated(in *diag.Input) (out []diag.Finding) {
	cuts := map[*diag.Talk][]cut{}
	var order []*diag.Talk
	for _, a := range asks(in) {
		if a.Missing == 0 || !a.Asked.Seen() {
			continue
		}
		if c, ok := cutBy(a, in.Conversations.At(a.Conv).TCP); ok {
			if cuts[a.Talk] == nil {
				order = append(order, a.Talk)
			}
			cuts[a.Talk] = append(cuts[a.Talk], c)
		}
	}
	for _, t := range order {
		out = append(out, cutOff(in, cuts[t]))
	}
	return out
}

// cutBy is the end that the server made; not ok where the client ended the connection first: then nobody was left to send to.
func cutBy(a diag.Ask, c *flow.TCP) (of cut, ok bool) {
	if c == nil {
		return of, false
	}
	server := 1 - a.Dir
	fin, rst := c.Sides[server].FIN, c.RST
	switch {
	case fin.Seen() && c.FirstFIN == server && (!rst.Seen() || rst.Time >= fin.Time):
		return cut{a, fin, false}, true
	case rst.Seen() && c.RSTBy == server && c.FirstFIN != a.Dir:
		return cut{a, rst, true}, true
	}
	return of, false
}

func cutOff(in *diag.Input, list []cut) diag.Finding {
	var answers []diag.Ask
	var took []diag.Interval
	var where []flow.Moment
	resets := 0
	for _, c := range list {
		answers = append(answers, c.Ask)
		asked := c.Talk.Moment(c.Asked)
		took = append(took, diag.Interval{From: asked, To: c.end})
		where = append(where, asked, c.Talk.Moment(c.First), c.end)
		if c.reset {
			resets++
		}
	}
	f := in.FindingOn(answers, "")
	in.Charge(&f, took)
	f.Where, f.Severity = diag.Places(where...), diag.Warning
	t := answers[0].Talk
	f.Summary = fmt.Sprintf("%v %s inside %s to %s: %s", t.Server, ending(resets, len(list)), diag.Count(len(list), "answer"), diag.ClientsOf(answers), names(answers))
	for _, c := range list[:min(len(list), maxCut)] {
		f.Facts = append(f.Facts, diag.Fact{Name: "cut", Value: fmt.Sprintf("frame %d, %s after the request: %s", c.end.Pos.Number, diag.Duration(time.Duration(c.end.Time-c.Asked.Time)), got(c.Ask))})
	}
	f.RuledOut = []string{
		"a client that gave up: the server ended the connection first",
		"loss: all bytes up to the end that the server set are there",
	}
	f.Fix = []string{
		"look at the log of the server at those seconds: a crash of the program that makes the answer, a limit on its time or memory, a file that changed while it was sent",
		"where a proxy answers, look at its limits on time and size, and capture behind it as well: it passes on what is cut behind it",
	}
	return f
}

func ending(resets, n int) string {
	switch resets {
	case 0:
		return "closed the connection"
	case n:
		return "reset the connection"
	}
	return "closed or reset the connection"
}

// got is how much of an answer came.
func got(a diag.Ask) string {
	if a.Missing < 0 {
		return fmt.Sprintf("%d bytes of the body, and no last chunk", max(a.Moved, 0))
	}
	return fmt.Sprintf("%d of %d bytes of the body", a.Moved, a.Moved+a.Missing)
}

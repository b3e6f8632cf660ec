package text

import (
	"fmt"
	"strconv"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/view"
)

// fileIO writes which calls of processes made the requests, and what the processes did in the pauses; most is how many lines a table has.
func fileIO(p *printer, c *engine.Case, s Style, most int) {
	for _, m := range c.FileIO {
		p.line()
		p.line(s.paint(bold, "Calls of processes in "+view.Printable(c.Sources[m.Source].Info.Name)))
		t := newTable("process", "call", "*file", ">calls", ">size", ">at once", ">passes", ">requests", ">size", ">per call", ">calls without: fetched before", ">other", ">requests without: read-ahead", ">pages", ">other")
		for _, f := range m.Files[:min(most, len(m.Files))] {
			why, fetched, cached := f.Counts()
			t.add(view.Printable(view.ProcessName(f.Process)), callName(f), view.Printable(f.Path), strconv.Itoa(len(f.Calls)), sizeOf(f.CallSize), strconv.Itoa(f.Depth), fmt.Sprintf("%.2f", f.Passes()),
				strconv.Itoa(len(f.Requests)), sizeOf(f.Size), countOf(f.PerCall()), countOf(fetched), countOf(cached),
				countOf(why[fileio.ReadAhead]), countOf(why[fileio.Pages]), countOf(why[fileio.Unknown]))
		}
		t.print(p, s, "")
		more(p, s, len(m.Files)-most, "file")
		idle := newTable("*in the pauses between requests for", "the process was at", "path", ">times", ">time", ">share")
		for _, f := range m.Files[:min(most, len(m.Files))] {
			pauses(idle, f)
		}
		if len(idle.rows) > 0 {
			p.line()
			idle.print(p, s, "")
		}
		p.line(s.paint(dim, fmt.Sprintf("the capture's clock is %s, give or take %s: %d of %d requests then lie inside a call for their range",
			clockText(m.Clock.Ahead), view.Duration(m.Clock.Bound), m.Clock.Votes, m.Clock.Of)))
	}
}

// clockText says how far a clock is from that of the log.
func clockText(ahead int64) string {
	if ahead < 0 {
		return view.Duration(-ahead) + " behind the log's"
	}
	return view.Duration(ahead) + " ahead of the log's"
}

// busiestActivities is how many activities of a file's pauses are listed.
const busiestActivities = 5

// pauses lists what the process of a file did while nothing was asked for it.
func pauses(t *table, f *fileio.File) {
	sum, total := f.Idle()
	if total == 0 {
		return
	}
	first := fmt.Sprintf("%s: %d pauses, %s", view.Printable(f.Path), len(f.Pauses), view.Duration(total))
	for _, a := range sum.Activities[:min(busiestActivities, len(sum.Activities))] {
		t.add(first, view.Printable(a.Name), view.Printable(a.Path), strconv.Itoa(a.Count), view.Duration(a.Time), share(a.Time, total))
		first = ""
	}
	if n := len(sum.Activities) - busiestActivities; n > 0 {
		t.add("", fmt.Sprintf("%d others", n), "", "", "", "")
	}
	t.add(first, "nothing that the log has", "", "", view.Duration(sum.Rest), share(sum.Rest, total))
}

func callName(f *fileio.File) string {
	if f.Writes {
		return "WriteFile"
	}
	return "ReadFile"
}

func sizeOf(n int64) string {
	if n == 0 {
		return ""
	}
	return diag.Size(n)
}

// countOf is a count, "" for none.
func countOf(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

package host

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/trace"
)

//go:embed file_io_map.md
var fileIOPage string

// FileIOMap: which calls of processes made which requests for files (E15).
var FileIOMap = &diag.Rule{ID: "host.file_io_map", Title: "which calls of a process made which requests for a file", Page: fileIOPage, Requests: true, Run: fileIOMap}

const (
	// leastMade is how many requests calls must have made for a file to be told of.
	leastMade = 4
	// fewFiles is how many files are told of, those with the most bytes.
	fewFiles = 5
	// whereMost is how many records a finding lists.
	whereMost = 20
)

func fileIOMap(in *diag.Input) (out []diag.Finding) {
	for _, m := range in.FileIO {
		if 2*m.Clock.Votes < m.Clock.Of {
			continue // the clock that most agree on lets half of the requests lie outside of any call: names that are alike by chance
		}
		told := 0
		for _, f := range m.Files {
			if why, _, _ := f.Counts(); why[fileio.ByCall] < leastMade || told == fewFiles {
				continue
			}
			told++
			out = append(out, mapOf(in, m, f))
		}
	}
	return out
}

func mapOf(in *diag.Input, m *fileio.Map, f *fileio.File) diag.Finding {
	why, fetched, cached := f.Counts()
	verb, call := "reads", "read"
	if f.Writes {
		verb, call = "writes", "write"
	}
	out := diag.Finding{Severity: diag.Note, Confidence: diag.Likely, Count: 1, Source: -1, Process: f.Process}
	if 10*m.Clock.Votes >= 9*m.Clock.Of {
		out.Confidence = diag.Proven
	}
	without := len(f.Requests) - why[fileio.ByCall]
	out.Summary = fmt.Sprintf("%s %s %s with %s of %s, %d at once: those that asked the server made %s of %s each",
		owner(f.Process), verb, f.Path, diag.Count(len(f.Calls), "call"), diag.Size(f.CallSize), f.Depth, diag.Count(f.PerCall(), "request"), diag.Size(f.Size))
	if p := f.Passes(); p > 1.1 {
		out.Summary += fmt.Sprintf("; they ask for each byte %.2f times", p)
	}
	if n := fetched + cached; n > 0 {
		out.Summary += fmt.Sprintf("; %s made none", diag.Count(n, "call"))
	}
	if without > 0 {
		out.Summary += fmt.Sprintf("; %s came without a call", diag.Count(without, "request"))
	}
	if idle, total := f.Idle(); total > 0 {
		out.Summary += fmt.Sprintf("; between requests it paused for %s in all", diag.Duration(time.Duration(total)))
		if len(idle.Activities) > 0 && idle.Activities[0].Time > idle.Rest {
			a := idle.Activities[0]
			out.Summary += fmt.Sprintf(", most of the time in %s", strings.TrimSpace(a.Name+" "+a.Path))
		}
		for _, a := range idle.Activities[:min(3, len(idle.Activities))] {
			out.Facts = append(out.Facts, diag.Fact{Name: "in the pauses: " + strings.TrimSpace(a.Name+" "+a.Path), Value: fmt.Sprintf("%s, %s", diag.Count(a.Count, "time"), diag.Duration(time.Duration(a.Time)))})
		}
		out.Facts = append(out.Facts, diag.Fact{Name: "in the pauses: nothing that the log has", Value: diag.Duration(time.Duration(idle.Rest))})
	}
	out.Facts = append(out.Facts,
		diag.Fact{Name: "calls without a request", Value: fmt.Sprintf("%d whose range a request before had asked for, %d others", fetched, cached)},
		diag.Fact{Name: "requests without a call", Value: fmt.Sprintf("%d ahead of the call, %d for pages of the system, %d others", why[fileio.ReadAhead], why[fileio.Pages], why[fileio.Unknown])},
		diag.Fact{Name: "clock of the capture ahead of the log's", Value: fmt.Sprintf("%s, give or take %s", signed(m.Clock.Ahead), diag.Duration(time.Duration(m.Clock.Bound)))})
	out.Fix = []string{"nothing; to have more asked for at once, let the application " + call + " in larger pieces, or several at the same time"}
	prove(in, &out, f)
	return out
}

func signed(ns int64) string {
	if ns < 0 {
		return "-" + diag.Duration(time.Duration(-ns))
	}
	return diag.Duration(time.Duration(ns))
}

// prove lists the first requests that calls made, of the capture with the first one.
func prove(in *diag.Input, out *diag.Finding, f *fileio.File) {
	var texts []string
	source := -1
	for i := range f.Requests {
		r := &f.Requests[i]
		if r.Call < 0 || source >= 0 && r.Source != source {
			continue
		}
		source = r.Source
		if c := in.Conversations.At(r.Conv); !slices.Contains(out.Conversations, c) {
			out.Conversations = append(out.Conversations, c)
		}
		n := r.Asked.Number
		if k := len(out.Where); k == whereMost || k > 0 && out.Where[k-1].Number == n {
			continue
		}
		out.Where = append(out.Where, trace.Pos{Source: r.Source, Number: n})
		texts = append(texts, fmt.Sprint(n))
	}
	out.Filter = "frame.number in {" + strings.Join(texts, ", ") + "}"
}

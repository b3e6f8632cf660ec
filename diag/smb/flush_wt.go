package smb

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed flush_wt.md
var flushPage string

// Flushes: a client has what it writes put on disk again and again (B15).
var Flushes = &diag.Rule{ID: "smb.flush_wt", Title: "what is written must be on disk, again and again", Page: flushPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}, Run: flushes}

const (
	flushCommand = "Flush"
	// leastFlushes and flushShare tell a program that flushes from one that ends: one flush to a file is usual.
	leastFlushes = 10
	flushShare   = 0.5
	// leastFlushed is how much time the flushes must have taken.
	leastFlushed = 200 * time.Millisecond
)

// A flushing is the flushes of one file, and how often it was written.
type flushing struct {
	name  string
	asks  []diag.Ask
	write int
}

func flushes(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		index := map[string]*flushing{}
		var order []*flushing
		for _, r := range t.Requests {
			if r.Command != flushCommand && r.Command != writeCommand || r.Failed || !r.Answered() || pipes(r.Name) {
				continue
			}
			g := index[r.Name]
			if g == nil {
				g = &flushing{name: r.Name}
				index[r.Name], order = g, append(order, g)
			}
			if r.Command == writeCommand {
				g.write++
			} else {
				g.asks = append(g.asks, diag.Ask{Talk: t, Request: r})
			}
		}
		if f, ok := flushed(in, t, order); ok {
			out = append(out, f)
		}
	}
	return out
}

// flushed is the finding on the files of a talk that were flushed often.
func flushed(in *diag.Input, t *diag.Talk, files []*flushing) (f diag.Finding, ok bool) {
	var list []diag.Ask
	var names []string
	writes := 0
	for _, g := range files {
		if n := len(g.asks); n >= leastFlushes && float64(n) >= flushShare*float64(g.write) {
			list, names, writes = append(list, g.asks...), append(names, g.name), writes+g.write
		}
	}
	if len(list) == 0 {
		return f, false
	}
	f = in.FindingOn(list, "smb2.cmd == 7 || smb2.cmd == 9")
	if !in.Charge(&f, diag.Took(list)) || f.Cost < leastFlushed {
		return f, false
	}
	f.Severity = diag.Note
	if f.Cost >= time.Second {
		f.Severity = diag.Warning
	}
	var requests []*request.Request
	for _, a := range list {
		requests = append(requests, a.Request)
	}
	worst := diag.Slowest(requests, 1)[0]
	longest, _ := worst.Service()
	f.Summary = fmt.Sprintf("%v had %v put what it wrote on disk %d times for %s: that took %s, %s at most", t.Client, t.Server.Addr(), len(list), diag.Count(writes, "write"), diag.Duration(f.Cost), diag.Duration(time.Duration(longest)))
	if text := diag.List(names, named); text != "" {
		f.Summary += ": " + text
	}
	f.RuledOut = []string{"the one flush of a file that is closed: there are ten and more of each"}
	f.Fix = []string{
		"let the program write more before it flushes, or work on a local disk and copy the result: a database, an archive or a mail file on a share flushes after each step",
		"faster storage for its log at the server (a write cache that survives a power failure) makes each flush shorter",
	}
	return f, true
}

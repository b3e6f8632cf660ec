package smb

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed pending.md
var pendingPage string

// Pending: the server said that an answer will come later, and it came much later (B6).
var Pending = &diag.Rule{ID: "smb.pending", Title: "an operation was pending at the file server for long", Page: pendingPage, Requests: true, Run: pending}

// leastPending is how long an operation may be pending without a word.
const leastPending = time.Second

// pends reports whether a request was pending for so long that it is an event of its own.
func pends(in *diag.Input, t *diag.Talk, r *request.Request) bool {
	if !r.Pending.Seen() || !r.Answered() || r.Waits || r.Command == controlCommand && pipes(r.Name) {
		return false
	}
	d, ok := in.Elapsed(t.Moment(r.Pending), t.Moment(r.Last))
	return ok && d > leastPending
}

type pendingKey struct {
	source  int
	server  netip.Addr
	command string
}

// pending makes one finding of each server and command.
func pending(in *diag.Input) (out []diag.Finding) {
	type group struct {
		talks []*diag.Talk
		list  []*request.Request
		waits []diag.Interval
	}
	index := map[pendingKey]*group{}
	var order []pendingKey
	for _, t := range talks(in) {
		for _, r := range t.Requests {
			if !pends(in, t, r) {
				continue
			}
			k := pendingKey{t.Source, t.Server.Addr(), r.Command}
			g := index[k]
			if g == nil {
				g = &group{}
				index[k] = g
				order = append(order, k)
			}
			if !slices.Contains(g.talks, t) {
				g.talks = append(g.talks, t)
			}
			g.list = append(g.list, r)
			g.waits = append(g.waits, diag.Interval{From: t.Moment(r.Sent), To: t.Moment(r.Last)})
		}
	}
	for _, k := range order {
		g := index[k]
		cost, ok := in.Waited(g.waits)
		if !ok {
			continue
		}
		longest := slices.MaxFunc(g.list, func(a, b *request.Request) int { return cmp.Compare(a.Last.Time-a.Sent.Time, b.Last.Time-b.Sent.Time) })
		f := diag.Finding{
			Severity: diag.Warning, Confidence: diag.Proven, Cost: cost, Lost: g.waits, Count: len(g.list), Source: k.source, Host: k.server.String(), Conversations: diag.ConversationsOf(g.talks...),
			Where: shown(k.source, g.list), Filter: diag.Streams(diag.ConversationsOf(g.talks...), diag.EndpointFilter(g.talks[0].Server, g.talks[0].Conversations[0])),
			Summary: fmt.Sprintf("%v kept %s pending, for %s in all: the longest was %s, %s", k.server, diag.Count(len(g.list), k.command+" request"), diag.Duration(cost),
				about(longest), diag.Duration(time.Duration(longest.Last.Time-longest.Sent.Time))),
			RuledOut: []string{
				"a slow or lost answer: the server said STATUS_PENDING, and had the request",
				"operations that are meant to wait: notifications, locks that wait for others and pipes are left out",
			},
			Fix: fixOf(k.command),
		}
		for _, r := range g.list[:min(len(g.list), maxProof)] {
			f.Facts = append(f.Facts, diag.Fact{Name: "pending", Value: fmt.Sprintf("frame %d: %s, %s, then %s", r.Asked.Number, about(r), diag.Duration(time.Duration(r.Last.Time-r.Pending.Time)), r.Status)})
		}
		out = append(out, f)
	}
	return out
}

// fixOf is what to look at for a command that is pending.
func fixOf(command string) []string {
	switch command {
	case "Create":
		return []string{
			"find out who else has the file open at that time: another client must give an oplock or a lease back first (Get-SmbOpenFile, smbstatus)",
			"look whether the file lies on slow storage (tape, cloud) or is looked at by a scanner when it is opened",
		}
	case "Lock":
		return []string{"find out who holds the lock of that part of the file (Get-SmbOpenFile, smbstatus -L)"}
	}
	return []string{"look at the disks of the server at that time, and at what stands in the way of a file there: a scanner, a filter driver, storage in the cloud or on tape"}
}

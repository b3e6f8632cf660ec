package host

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed backlog.md
var backlogPage string

// Backlog: connections wait for the process to accept them (E6).
var Backlog = &diag.Rule{ID: "host.backlog", Title: "connections wait in the queue of a listening socket", Page: backlogPage, Run: backlog}

// noticed is a wait that a user notices by itself.
const noticed = time.Second

func backlog(in *diag.Input) (out []diag.Finding) {
	refused := map[*diag.Queue][]*flow.Conversation{}
	if len(in.Queues()) > 0 {
		for c := range in.Conversations.With(flow.OneSided | flow.Reanswered | flow.Mute) {
			if q := in.FullQueue(c); q != nil && (!c.TCP.SYNACK.Seen() || in.IsUnaccepted(c)) {
				refused[q] = append(refused[q], c)
			}
		}
	}
	for _, q := range in.Queues() {
		if len(q.Late) >= minLate || longest(in, q.Late) >= noticed {
			if f, ok := waits(in, q, refused[q]); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// waits is the finding on a queue, with the attempts that it had no room for.
func waits(in *diag.Input, q *diag.Queue, refused []*flow.Conversation) (f diag.Finding, ok bool) {
	lost := slices.Clone(q.Late)
	for _, c := range refused {
		lost = append(lost, attempt(c))
	}
	total, ok := in.Waited(lost)
	if !ok {
		return f, false
	}
	convs := append(slices.Clone(q.Convs), refused...)
	f = diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: q.Source, Process: q.Process, Count: len(q.Late), Cost: total, Lost: lost, Where: endsOf(lost),
		Conversations: convs, Filter: diag.StreamFilter(convs[:min(len(convs), 40)]),
		Summary: fmt.Sprintf("%s accepted %s at %v late: each was ready and waited in the queue, %s at most", owner(q.Process), diag.Count(len(q.Late), "connection"), local(q.Socket), diag.Duration(longest(in, q.Late))),
		Facts:   []diag.Fact{{Name: "most connections in the queue at the same time", Value: fmt.Sprint(q.Deep)}},
		RuledOut: []string{
			"the network: the stack had made the connections, and told the socket of each",
			"a call that was posted ahead: it would have had them at once",
		},
		Fix: []string{fmt.Sprintf("look at what %s does between two calls of accept: it should only accept there, and leave the rest to other threads", owner(q.Process))},
	}
	if q.Left == len(q.Late) {
		f.Summary = fmt.Sprintf("%s did not accept %s at %v: they are ready and wait in the queue, %s at most", owner(q.Process), diag.Count(q.Left, "connection"), local(q.Socket), diag.Duration(longest(in, q.Late)))
	}
	if q.Size > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "size of the queue that listen asked for", Value: fmt.Sprint(q.Size)})
		if q.Full() {
			f.Severity = diag.Error
			f.Summary += fmt.Sprintf("; the queue was full (%d of %d): the host refuses what comes then", q.Deep, q.Size)
			f.Fix = append(f.Fix, "ask for a longer queue (the argument of listen)")
		}
	}
	if len(refused) > 0 {
		f.Summary += fmt.Sprintf(", and %s had no room in it", diag.Count(len(refused), "connection"))
	}
	return f, true
}

// attempt is how long the client of a connection waited that the queue had no room for.
func attempt(c *flow.Conversation) diag.Interval {
	t := c.TCP
	i := diag.Interval{From: t.SYN, To: t.LastSYN, Conv: c}
	if t.HandshakeACK.Seen() {
		i.From, i.To = t.HandshakeACK, c.Last
	}
	return i
}

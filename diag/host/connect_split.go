package host

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

//go:embed connect_split.md
var connectSplitPage string

// ConnectSplit: where the time of a slow connect went (E4).
var ConnectSplit = &diag.Rule{ID: "host.connect_split", Title: "where the time of a slow connect went", Page: connectSplitPage, Requests: true, Run: connectSplit}

// slowConnect is how long a process may wait for a connection, with the name that it asked for before, without a word.
const slowConnect = 500 * time.Millisecond

// A part is one step of a connect.
type part struct {
	name     string
	from, to flow.Moment
}

func connectSplit(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	type key struct {
		source  int
		process *session.Process
		host    string
	}
	for _, list := range diag.GroupsOf(in.Session.Calls, func(c *session.Call) (key, bool) {
		k := key{c.Socket.Source, c.Socket.Process, c.Address.Addr().String()}
		return k, isConnect(c) && c.Outer == nil && c.Address.IsValid() && splitOf(in, c) != nil
	}) {
		out = append(out, slowest(in, list))
	}
	return out
}

// splitOf are the parts of a connect that was slow, nil when it was not or when the packets do not show them.
func splitOf(in *diag.Input, c *session.Call) (parts []part) {
	conv := convOf(c.Socket)
	if conv == nil || conv.TCP == nil || !conv.TCP.SYN.Seen() || !c.Enter.Seen() {
		return nil
	}
	t, from := conv.TCP, c.Enter
	if q := in.NamedBy(conv); q != nil {
		asked := flow.Moment{Pos: trace.Pos{Source: q.Source, Number: q.Asked.Number}, Time: q.Asked.Time}
		told := flow.Moment{Pos: trace.Pos{Source: q.Source, Number: q.Last.Number}, Time: q.Last.Time}
		if d, ok := in.Elapsed(told, c.Enter); ok && d < time.Second {
			parts = append(parts, part{"the name " + q.Name, asked, told})
			from = asked
		}
	}
	parts = append(parts, part{"before the first SYN", c.Enter, t.SYN})
	if t.SYNs > 1 {
		parts = append(parts, part{diag.Count(t.SYNs-1, "SYN segment") + " without an answer", t.SYN, t.LastSYN})
	}
	end := c.Exit
	switch {
	case t.SYNACK.Seen():
		parts = append(parts, part{"the answer to the SYN", t.LastSYN, t.SYNACK})
		if !end.Seen() || end.Time < t.SYNACK.Time { // a call that does not wait
			end = t.SYNACK
		} else {
			parts = append(parts, part{"until the call returned", t.SYNACK, end})
		}
	case end.Seen():
		parts = append(parts, part{"until the call gave up", t.LastSYN, end})
	default:
		end = t.LastSYN
	}
	if d, ok := in.Elapsed(from, end); !ok || d < slowConnect {
		return nil
	}
	return parts
}

func slowest(in *diag.Input, list []*session.Call) diag.Finding {
	var best *session.Call
	var longest time.Duration
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: list[0].Socket.Source, Process: list[0].Socket.Process, Count: len(list)}
	for _, c := range list {
		parts := splitOf(in, c)
		d, _ := in.Elapsed(parts[0].from, parts[len(parts)-1].to)
		if best == nil || d > longest {
			best, longest = c, d
		}
		f.Conversations = append(f.Conversations, convOf(c.Socket))
	}
	var said []string
	most := time.Duration(0)
	largest := ""
	for _, p := range splitOf(in, best) {
		d, ok := in.Elapsed(p.from, p.to)
		if !ok {
			continue
		}
		said = append(said, fmt.Sprintf("%s %s", p.name, diag.Duration(d)))
		f.Where = append(f.Where, p.from.Pos, p.to.Pos)
		if d > most {
			most, largest = d, p.name
		}
	}
	f.Where = unique(f.Where)
	f.Host = best.Address.Addr().String()
	f.Summary = fmt.Sprintf("%s waited %s for its connection with %v, most of it for %s: %s", owner(list[0].Socket.Process), diag.Duration(longest), best.Address, largest, strings.Join(said, ", "))
	f.RuledOut = []string{"the application: it was in the call"}
	f.Fix = []string{"follow the largest part: a name belongs to the rules of dns, SYN segments without an answer to tcp.syn_retry_cost and tcp.syn.silent"}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}

// unique leaves out what comes again.
func unique(list []trace.Pos) (out []trace.Pos) {
	seen := map[int64]bool{}
	for _, p := range list {
		if !seen[p.Number] {
			seen[p.Number] = true
			out = append(out, p)
		}
	}
	return out
}

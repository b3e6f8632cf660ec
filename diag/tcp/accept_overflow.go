package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed accept_overflow.md
var acceptOverflowPage string

// AcceptOverflow: the handshake is finished for the client, and not for the server (C6).
var AcceptOverflow = &diag.Rule{ID: "tcp.accept_overflow", Title: "the server does not take connections that clients have completed", Page: acceptOverflowPage,
	WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { AcceptOverflow.Run = acceptOverflow } // Run names the rule: a literal would be a cycle

func acceptOverflow(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	list := map[*diag.Way][]diag.Unaccepted{}
	for _, u := range in.Unaccepted() {
		if in.FullQueue(u.Conv) == nil && !in.Withhold(AcceptOverflow, u.Conv) {
			g := all.Add(service(u.Conv), u.Conv, 0)
			list[g] = append(list[g], u)
		}
	}
	answers := answering(in, all.List)
	for _, g := range all.List {
		out = append(out, overflowAt(in, g, list[g], answers[g.Key]))
	}
	return out
}

func overflowAt(in *diag.Input, g *diag.Way, list []diag.Unaccepted, answers int) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	again, never := int64(0), 0
	near := true
	for _, u := range list {
		c := u.Conv
		where, waits, near = append(where, c.TCP.SYNACK, c.TCP.HandshakeACK), append(waits, u.Wait), near && in.NearServer(c)
		if r := c.Reanswers(); r != nil {
			again += r.Count
			where = append(where, r.First, r.Last)
		}
		if c.Dir[1].Payload == 0 {
			never++
		}
	}
	f := g.Finding(where...)
	server, n := g.To(), len(list)
	f.Severity, f.Count, f.Host = diag.Error, n, server.Addr().String()
	f.Filter = diag.AllOf(g.Filter(), diag.AnyOf("tcp.flags.syn == 1", "tcp.analysis.retransmission", diag.Frames(where...)))
	in.Charge(&f, waits)
	if !near && answers == 0 {
		f.Confidence = diag.Possible
	}
	from := diag.List(diag.Distinct(g.Conversations, func(c *flow.Conversation) string { return c.Ends[0].Addr().String() }), 3)
	what := "acknowledged nothing that came after it"
	if again > 0 {
		what = fmt.Sprintf("went on repeating it (%s)", diag.Count(int(again), "time"))
	}
	f.Summary = fmt.Sprintf("%v answered with a SYN/ACK and %s, in %s of %s that were complete for the client: its queue of connections to be accepted was full", server, what, diag.Count(n, "connection"), from)
	f.Facts = []diag.Fact{
		{Name: "connections that it never took", Value: fmt.Sprintf("%d of %d", never, n)},
		{Name: "connections in which it answered", Value: fmt.Sprint(answers)},
	}
	if size, known := listensFor(in, g.Key.Source, server); known {
		f.Facts = append(f.Facts, diag.Fact{Name: "size of the queue that listen asked for", Value: fmt.Sprint(size)})
	}
	f.RuledOut = []string{
		"a closed port or a filter: the server answers",
		"a SYN/ACK that was lost: the client acknowledged it",
		"a server that waits for the first data (TCP_DEFER_ACCEPT): they came",
	}
	if near {
		f.RuledOut = append(f.RuledOut, "loss on the way: what the client sent arrived at the server")
	}
	f.Fix = []string{
		fmt.Sprintf("look at the program that listens on %v: does it accept? Threads that are all busy, a lock, a pause of its runtime", server),
		"ask for a longer queue: the argument of listen, and on Linux net.core.somaxconn, which is the upper limit of it",
	}
	f.NextCapture = []string{fmt.Sprintf("at %v (Linux): ss -ltn: Recv-Q of the listening socket above Send-Q; nstat -az TcpExtListenOverflows TcpExtListenDrops", server.Addr())}
	f.Record = []diag.RecordAt{{Addr: server.Addr(), Question: "does the end of the handshake arrive there?"}}
	return f
}

// listensFor is the size of the queue that a program asked for at an endpoint, where the events of its host say so.
func listensFor(in *diag.Input, source int, at netip.AddrPort) (size uint32, ok bool) {
	if in.Session == nil {
		return 0, false
	}
	for _, s := range in.Session.Sockets {
		if s.Source == source && s.Listening && s.Local.Port() == at.Port() && s.Backlog() > 0 {
			return s.Backlog(), true
		}
	}
	return 0, false
}

package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/proto"
)

//go:embed established_silent.md
var establishedSilentPage string

// EstablishedSilent: a connection is made, the request arrives, and nothing comes back (C13).
var EstablishedSilent = &diag.Rule{ID: "tcp.established_silent", Title: "a service takes the request and never answers", Page: establishedSilentPage, Requests: true, WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { EstablishedSilent.Run = establishedSilent } // Run names the rule: a literal would be a cycle

// silences are a pattern.
const silences = 3

func establishedSilent(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	logins := loggingIn(in)
	for c := range in.Conversations.With(flow.Mute) {
		if _, silent := in.NeverAnswered(c); silent && !logins[c.ID] && !in.IsUnnegotiated(c) && !in.Withhold(EstablishedSilent, c) {
			all.Add(service(c), c, 0)
		}
	}
	answers := answering(in, all.List)
	for _, g := range all.List {
		out = append(out, neverAnswered(in, g, answers[g.Key]))
	}
	return out
}

// loggingIn are the connections, by number, that ask SQL Server for a login: tds.login_timeline says which step got no answer.
func loggingIn(in *diag.Input) map[int]bool {
	out := map[int]bool{}
	for i := range in.Requests {
		if r := &in.Requests[i]; r.Protocol == proto.TDS && login.Opens(r.Command) {
			out[r.Conv] = true
		}
	}
	return out
}

// service is the key of the server's port, whoever asks.
func service(c *flow.Conversation) diag.WayKey { return diag.WayKey{Source: c.Source, To: c.Ends[1]} }

// answering counts the connections in which each of the services said something.
func answering(in *diag.Input, services []*diag.Way) map[diag.WayKey]int {
	type host struct {
		source int
		addr   netip.Addr
	}
	asked, out := map[host]bool{}, map[diag.WayKey]int{}
	for _, g := range services {
		asked[host{g.Key.Source, g.Key.To.Addr()}] = true
	}
	if len(asked) == 0 {
		return nil
	}
	for c := range in.Conversations.Between(func(source int, _, server netip.Addr) bool { return asked[host{source, server}] }) {
		if c.Dir[1].Payload > 0 {
			out[service(c)]++
		}
	}
	return out
}

func neverAnswered(in *diag.Input, g *diag.Way, answers int) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	var longest time.Duration
	asked, byServer := int64(0), 0
	for _, c := range g.Conversations {
		w, _ := in.NeverAnswered(c)
		d, _ := in.Elapsed(w.From, w.To)
		longest = max(longest, d)
		asked += c.Dir[0].Payload
		where, waits = append(where, w.From, w.To), append(waits, w)
		if t := c.TCP; t.RST.Seen() && t.RST.Pos == w.To.Pos && t.RSTBy == 1 || t.Sides[1].FIN.Seen() && t.Sides[1].FIN.Pos == w.To.Pos {
			byServer++
		}
	}
	f := g.Finding(where...)
	server, n := g.To(), len(g.Conversations)
	f.Count, f.Host, f.Filter = n, server.Addr().String(), g.Filter()
	in.Charge(&f, waits)
	if n < silences {
		f.Confidence = diag.Possible
	}
	from := diag.List(diag.Distinct(g.Conversations, func(c *flow.Conversation) string { return c.Ends[0].Addr().String() }), 3)
	f.Summary = fmt.Sprintf("%v took what %s sent in %s, and answered nothing for up to %s, until the connection was closed", server, from, diag.Count(n, "connection"), diag.Duration(longest))
	f.Facts = []diag.Fact{
		{Name: "bytes that it took", Value: fmt.Sprint(asked)},
		{Name: "closed by the server", Value: fmt.Sprintf("%d of %d", byServer, n)},
		{Name: "connections in which it answered", Value: fmt.Sprint(answers)},
	}
	f.RuledOut = []string{
		"loss on the way there: the server's stack acknowledged all that was sent",
		"a closed port or a filter: the connection was made",
	}
	f.Fix = advice(server, answers)
	f.NextCapture = []string{fmt.Sprintf("at %v, with its events: did the program read the request? (netsh trace with Winsock-AFD, strace -f -e trace=network)", server.Addr())}
	return f
}

// advice says where to look: a service that never answers anybody has another fault than one that answers others.
func advice(server netip.AddrPort, answers int) []string {
	if answers > 0 {
		return []string{
			fmt.Sprintf("the service on %v answers other requests: look for what these wait for, in its log (a lock, a database, a pool without a free worker)", server),
			"behind a load balancer: one of its servers may be dead",
		}
	}
	return []string{
		fmt.Sprintf("is the program on %v hung? Its stack takes connections and data for it", server),
		"does the client speak the protocol of that port, with TLS or without it as the server does?",
		"behind a load balancer or a port forwarding: does what is behind it run?",
	}
}

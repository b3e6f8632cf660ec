package app

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

//go:embed server_time.md
var serverTimePage string

// ServerTime: the time goes by while the server thinks (T33).
var ServerTime = &diag.Rule{
	ID: "app.server_time", Title: "the time goes by while the server thinks", Page: serverTimePage, Requests: true, Run: serverTime,
}

const (
	// leastThought is how long a server must think before each answer, on average, to be called slow.
	leastThought = 20 * time.Millisecond
	// leastLost is the least time that is worth a word.
	leastLost = time.Second
	// pattern is how many answers are more than an observation.
	pattern = 3
)

type serverKey struct {
	source   int
	server   netip.AddrPort
	protocol proto.ID
}

// serverTime makes one finding of each server: many clients that wait for it have one cause.
func serverTime(in *diag.Input) (out []diag.Finding) {
	index := map[serverKey]*serverGroup{}
	var groups []*serverGroup
	talks(in, func(t *diag.Talk) {
		if t.Protocol == proto.DNS || t.Protocol == proto.DNSStream { // dns.slow knows who waited for an answer
			return
		}
		spells, parts := slowSpells(in, t)
		if len(spells) == 0 {
			return
		}
		k := serverKey{t.Source, t.Server, t.Protocol}
		g := index[k]
		if g == nil {
			g = &serverGroup{key: k}
			index[k] = g
			groups = append(groups, g)
		}
		g.talks, g.spells = append(g.talks, t), append(g.spells, spells...)
		g.parts.Add(parts)
	})
	for _, g := range groups {
		if f, ok := g.finding(in); ok {
			out = append(out, f)
		}
	}
	return out
}

// slowSpells are the spells of a talk that are the server's. What the transport lost in the talk is taken off the server's time.
func slowSpells(in *diag.Input, t *diag.Talk) (spells []diag.Spell, all diag.Parts) {
	events := longPolls(t)
	repairs := t.Repairs()
	for _, s := range t.SpellsOf(func(r *request.Request) bool { return !events[r] && !repeated(r) && !logsIn(r) && !in.Special(r) }) {
		p := s.Parts()
		lost := min(repairs, p.Server)
		p.Server, p.Network = p.Server-lost, p.Network+lost
		if !s.Timed(in) || float64(p.Server) < share*float64(p.Total) || p.Server < leastThought*time.Duration(p.Rounds) || !t.Measurable(in, p.Server/time.Duration(max(p.Rounds, 1))) {
			continue
		}
		spells = append(spells, s)
		all.Add(p)
	}
	return spells, all
}

// logsIn reports whether a request is one of those that open a connection of SQL Server: tds.login_timeline has them.
func logsIn(r *request.Request) bool { return r.Protocol == proto.TDS && login.Opens(r.Command) }

// repeated reports whether a question was asked again: the first one, or its answer, may be lost.
func repeated(r *request.Request) bool { return r.Repeats > 0 }

const (
	// longPoll is how long an answer takes that waits for an event.
	longPoll = 5 * time.Second
	// onceMore is how soon the question is asked again after it.
	onceMore = 100 * time.Millisecond
)

// longPolls are requests that are asked again as soon as they are answered, and are answered late each time: they wait for events.
func longPolls(t *diag.Talk) map[*request.Request]bool {
	type key struct{ command, name string }
	last := map[key]*request.Request{}
	var out map[*request.Request]bool
	for _, r := range t.Requests {
		if ns, ok := r.Service(); !ok || time.Duration(ns) < longPoll {
			continue
		}
		k := key{r.Command, withoutQuery(r.Name)}
		if before := last[k]; before != nil && before.Answered() && time.Duration(r.Asked.Time-before.Last.Time) < onceMore {
			if out == nil {
				out = map[*request.Request]bool{}
			}
			out[before], out[r] = true, true
		}
		last[k] = r
	}
	return out
}

// withoutQuery is a path of HTTP without what changes from poll to poll.
func withoutQuery(s string) string {
	if i := slices.Index([]byte(s), '?'); i >= 0 {
		return s[:i]
	}
	return s
}

type serverGroup struct {
	key    serverKey
	talks  []*diag.Talk
	spells []diag.Spell
	parts  diag.Parts
}

// maxSlowest is how many requests are named.
const maxSlowest = 5

func (g *serverGroup) finding(in *diag.Input) (f diag.Finding, ok bool) {
	lost := in.Within(g.parts.Server, g.spells)
	if lost < leastLost {
		return f, false
	}
	var list []*request.Request
	var service []int64
	for i := range g.spells {
		list = append(list, g.spells[i].Requests...)
	}
	for _, r := range list {
		if ns, ok := r.Service(); ok {
			service = append(service, ns)
		}
	}
	worst := diag.Slowest(list, maxSlowest)
	longest, _ := worst[0].Service()
	spread := request.SpreadOf(service)
	t := g.talks[0]
	f = diag.Finding{
		Severity: diag.Warning, Confidence: g.confidence(in, len(list)), Cost: lost, Lost: diag.TimesOf(g.spells, budget.Server), Count: len(list), Source: t.Source, Host: t.Server.Addr().String(),
		Conversations: diag.ConversationsOf(g.talks...), Facts: g.parts.Facts(),
		RuledOut: []string{
			"the network: " + g.network(),
			"loss, closed windows and held segments: their time is taken off",
		},
		Fix: []string{"look for the slow requests in the log of the server, with their duration, and at its processor, disk and database at that time"},
	}
	whom := t.Client.String()
	if len(g.talks) > 1 {
		whom = diag.Count(len(g.talks), "client")
	}
	asked := diag.Count(len(list), name(t.Protocol)+" request")
	f.Summary = fmt.Sprintf("%v thought for %s of the %s that %s of %s took (%s): median %s to the first byte, %s at most (%s)", t.Server, diag.Duration(g.parts.Server),
		diag.Duration(g.parts.Total), asked, whom, diag.Percent(g.parts.Server, g.parts.Total), diag.Duration(time.Duration(spread.Median)), diag.Duration(time.Duration(longest)), what(worst[0]))
	f.Facts = append(f.Facts, diag.Fact{Name: "time to first byte, 95th percentile", Value: diag.Duration(time.Duration(spread.P95))})
	var proof []request.Mark
	for _, r := range worst {
		ns, _ := r.Service()
		proof = append(proof, r.Sent, r.First)
		f.Facts = append(f.Facts, diag.Fact{Name: "slow", Value: fmt.Sprintf("frame %d: %s, %s", r.Asked.Number, what(r), diag.Duration(time.Duration(ns)))})
	}
	f.Where = t.Marks(proof...)
	f.Filter = g.filter()
	return f, true
}

// network is how the network was told from the server.
func (g *serverGroup) network() string {
	if g.parts.RoundTrip > 0 {
		return "its round trip of " + diag.Duration(g.parts.RoundTrip) + " is taken off each answer"
	}
	return "the fastest answer is taken for its round trip"
}

func (g *serverGroup) filter() string {
	cs := diag.ConversationsOf(g.talks...)
	if len(g.talks) == 1 {
		return g.talks[0].Filter()
	}
	return diag.Streams(cs, diag.EndpointFilter(g.talks[0].Server, cs[0]))
}

// confidence: at the server itself its time is seen directly.
func (g *serverGroup) confidence(in *diag.Input, n int) diag.Confidence {
	switch {
	case g.talks[0].AtServer(in):
		return diag.Proven
	case n >= pattern && g.parts.RoundTrip > 0:
		return diag.Likely
	}
	return diag.Possible
}

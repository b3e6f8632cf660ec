package reply

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed other_address.md
var otherAddressPage string

// OtherAddress: a datagram is answered from an address that was not asked (X3).
var OtherAddress = &diag.Rule{ID: "reply.other_address", Title: "a reply comes from an address that was not asked", Page: otherAddressPage, Run: otherAddress}

const (
	// soon is how soon after the question an answer must come to be one.
	soon = time.Second
	// minSure is how many times make a pattern.
	minSure = 3
)

// services are ports at which any host may answer for another, or all do: DHCP (RFC 2131), SSDP, multicast DNS, LLMNR, NetBIOS names.
var services = map[uint16]bool{67: true, 68: true, 137: true, 138: true, 546: true, 547: true, 1900: true, 5353: true, 5355: true, 3702: true}

// asked is a side of a question: who asks which port.
type asked struct {
	source int
	client netip.AddrPort
	port   uint16
}

// A stray is a question with the answer that came from elsewhere.
type stray struct{ question, answer *flow.Conversation }

// A kind groups what one cause makes: a service that is asked at one address and answers from another.
type kind struct {
	asked, from netip.AddrPort
	client      netip.Addr
}

func otherAddress(in *diag.Input) (out []diag.Finding) {
	var open []*flow.Conversation
	questions := map[asked][]*flow.Conversation{}
	for c := range in.Conversations.With(flow.Unanswered) {
		open = append(open, c)
		k := asked{c.Source, c.Ends[0], c.Ends[1].Port()}
		questions[k] = append(questions[k], c)
	}
	if len(open) < 2 {
		return nil
	}
	groups := map[kind][]stray{}
	var order []kind
	for _, a := range open {
		k := asked{a.Source, a.Ends[1], a.Ends[0].Port()}
		q := question(in, a, questions[k])
		if q == nil {
			continue
		}
		g := kind{q.Ends[1], a.Ends[0], q.Ends[0].Addr()}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], stray{q, a})
	}
	for _, g := range order {
		out = append(out, finding(in, g, groups[g]))
	}
	return out
}

// question is the one among the questions that the conversation answers from another address, nil when there is none, or several.
func question(in *diag.Input, a *flow.Conversation, list []*flow.Conversation) (found *flow.Conversation) {
	port := a.Ends[0].Port()
	if services[port] || port >= 49152 || port == a.Ends[1].Port() && port > 1024 && port != 1434 {
		return nil
	}
	for _, q := range list {
		to := q.Ends[1].Addr()
		if q == a || to == a.Ends[0].Addr() || to.IsMulticast() || broadcast(to) {
			continue
		}
		if d, ok := in.Elapsed(q.First, a.First); !ok && !in.Sources[a.Source].Untimed || d > soon || a.First.Pos.Number < q.First.Pos.Number {
			continue
		}
		if found != nil {
			return nil
		}
		found = q
	}
	return found
}

// broadcast reports whether an address ends as those to all hosts of a network do.
func broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b[3] == 255
}

func finding(in *diag.Input, g kind, list []stray) diag.Finding {
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Possible, Source: list[0].question.Source, Host: g.from.Addr().String()}
	bySource := map[int][]stray{}
	for _, s := range list {
		bySource[s.question.Source] = append(bySource[s.question.Source], s)
	}
	sources := make([]int, 0, len(bySource))
	for s := range bySource {
		sources = append(sources, s)
	}
	slices.Sort(sources)
	if len(sources) > 1 {
		f.Source = -1
	}
	most := bySource[sources[0]]
	for _, s := range sources {
		if len(bySource[s]) > len(most) {
			most = bySource[s]
		}
	}
	for _, s := range list {
		f.Where = append(f.Where, s.question.First.Pos, s.answer.First.Pos)
		f.Conversations = append(f.Conversations, s.question, s.answer)
	}
	n := 0
	for _, s := range most {
		n += int(min(s.question.Dir[0].Packets, s.answer.Dir[0].Packets))
	}
	f.Count = n
	if n >= minSure {
		f.Confidence = diag.Likely
	}
	of := toService(in, g, most[0].question.Source)
	f.Summary = fmt.Sprintf("%d of %s of %v to %v %s answered by %v, not by the address that was asked", n, diag.Count(of, "query"), g.client, g.asked, was(n), g.from.Addr())
	names := without(in, most, sources)
	switch {
	case names != "":
		f.Confidence, f.Severity = diag.Proven, diag.Error
		f.Summary += fmt.Sprintf("; none of the answers is at %s, which has the queries: dropped in between", names)
		f.RuledOut = append(f.RuledOut, "loss of the queries: they are at both points")
	case len(sources) > 1:
		f.Confidence = diag.Proven
		f.Summary += "; the answers are at the other point too: the client may refuse them"
	}
	f.RuledOut = append(f.RuledOut, "broadcast and multicast, which many may answer")
	f.Fix = []string{
		fmt.Sprintf("let the service answer from the address that was asked (bind it to %v, or a newer version of it)", g.asked.Addr()),
		fmt.Sprintf("or let stateful devices pass UDP from %v to the clients: to them it is no answer", g.from),
	}
	if g.asked.Port() == 1434 {
		f.Fix = append(f.Fix, "or name the port of the instance in the connection (tcp:host,port, or an alias): then SQL Browser is not asked")
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
	})
	f.Filter = fmt.Sprintf("udp.port == %d && %s == %v && (%s == %v || %s == %v)", g.asked.Port(), address(g.client), g.client, address(g.client), g.asked.Addr(), address(g.client), g.from.Addr())
	return f
}

func address(a netip.Addr) string {
	if a.Is4() {
		return "ip.addr"
	}
	return "ipv6.addr"
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// toService is how many datagrams the client sent to the address that it asked.
func toService(in *diag.Input, g kind, source int) (n int) {
	for c := range in.Conversations.With(flow.Unanswered) {
		if c.Source == source && c.Ends[1] == g.asked && c.Ends[0].Addr() == g.client {
			n += int(c.Dir[0].Packets)
		}
	}
	return n
}

// without names the other points that have the questions and none of the answers; "" when there is none.
func without(in *diag.Input, list []stray, sources []int) string {
	if in.Points == nil {
		return ""
	}
	var names []string
	for i := range in.Points.Pairs {
		p := &in.Points.Pairs[i]
		for j := range p.Meetings {
			m := &p.Meetings[j]
			other := -1
			for _, s := range list {
				switch s.question {
				case m.A:
					other = p.B
				case m.B:
					other = p.A
				}
			}
			if other < 0 || slices.Contains(sources, in.Points.Points[other].Source) {
				continue
			}
			if name := in.Points.Points[other].Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return diag.List(names, 5)
}

package diag

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A ClosedPort is a port that answers sent clients to, and that none of them could connect to.
type ClosedPort struct {
	Source int
	Server netip.AddrPort
	// Conversations are the attempts, and By the answer before each.
	Conversations []*flow.Conversation
	By            []*Directed

	Refused  int        // attempts that were reset
	Rejected netip.Addr // who rejected one with ICMP
	SYNs     int
}

// ClosedPorts are those that answers in a protocol sent clients to, in order of appearance.
func (in *Input) ClosedPorts(by proto.ID) (out []*ClosedPort) {
	type place struct {
		source int
		server netip.AddrPort
	}
	index, known := map[place]*ClosedPort{}, map[*flow.Conversation]bool{}
	for _, trait := range []flow.Trait{flow.OneSided, flow.Refused, flow.Quoted} {
		for c := range in.Conversations.With(trait) {
			d := in.DirectedTo(c)
			if d == nil || known[c] || d.Talk.Protocol != by {
				continue
			}
			known[c] = true
			k := place{c.Source, c.Ends[1]}
			u := index[k]
			if u == nil {
				u = &ClosedPort{Source: k.source, Server: k.server}
				index[k] = u
				out = append(out, u)
			}
			u.Conversations, u.By = append(u.Conversations, c), append(u.By, d)
		}
	}
	return out
}

// Finding is what a finding on the port has but words: the answers and the attempts, and what the attempts cost.
func (u *ClosedPort) Finding(in *Input) Finding {
	f := Finding{Severity: Error, Confidence: Proven, Source: u.Source, Host: u.Server.Addr().String(), Count: len(u.Conversations)}
	var lost []Interval
	for i, c := range u.Conversations {
		t, by := c.TCP, u.By[i]
		end := t.LastSYN
		if t.RST.Seen() {
			u.Refused++
			end = t.RST
		}
		if c.ICMP != nil {
			u.Rejected, end = c.ICMP.From, c.ICMP.At
		}
		u.SYNs += t.SYNs
		f.Where = append(f.Where, by.Talk.Pos(by.Answer.Asked), by.Talk.Pos(by.Answer.Last), t.SYN.Pos, end.Pos)
		f.Conversations = append(f.Conversations, in.Conversations.At(by.Answer.Conv), c)
		lost = append(lost, Interval{From: t.SYN, To: end})
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	f.Where = slices.Compact(f.Where)
	in.Charge(&f, lost)
	return f
}

// Clients are those that were sent there, in words.
func (u *ClosedPort) Clients() string {
	return List(Distinct(u.Conversations, func(c *flow.Conversation) string { return c.Ends[0].Addr().String() }), 3)
}

// Filter shows what passes between anybody and the host on the port, or what the other filter says of the answers.
func (u *ClosedPort) Filter(answers string) string {
	f := AllOf(anyAddress(u.Server.Addr()), fmt.Sprintf("(tcp.port == %d || %s)", u.Server.Port(), answers))
	if u.Rejected.IsValid() {
		f = AnyOf(f, FromHost(u.Rejected))
	}
	return f
}

// Outcome is what became of the attempts, in words that follow "which".
func (u *ClosedPort) Outcome() string {
	switch attempts := len(u.Conversations); {
	case u.Rejected.IsValid():
		return fmt.Sprintf("%v rejects with ICMP", u.Rejected)
	case u.Refused == attempts:
		return "refuses the connection: nobody listens there"
	case u.Refused > 0:
		return fmt.Sprintf("refuses %d of %s", u.Refused, Count(attempts, "attempt"))
	}
	return fmt.Sprintf("does not answer %s", Count(u.SYNs, "SYN segment"))
}

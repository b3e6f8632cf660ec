package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

//go:embed options_stripped.md
var optionsPage string

// OptionsStripped: options of TCP that the client offers do not come back (C12).
var OptionsStripped = &diag.Rule{ID: "tcp.options.stripped", Title: "options of TCP are refused, or removed on the way", Page: optionsPage, Requests: true, WithheldBy: []string{"cap.gaps", "cap.drops.reported"}}

func init() { OptionsStripped.Run = optionsStripped } // Run names the rule: a literal would be a cycle

const (
	// someMissing is how many connections to a server lack what others to it have, before it is no accident.
	someMissing = 3
	// unscaled is the largest window without scaling (RFC 7323, 2.2).
	unscaled = 65535
)

// Options are those of TCP that matter for what a connection can do.
type options struct{ scale, sack bool }

func offered(s *flow.Side) options { return options{s.ScaleKnown && s.Scale >= 0, s.SACK} }

// declined are the options that the client offered and the server did not take.
func declined(c *flow.Conversation) options {
	t := c.TCP
	if t == nil || !t.SYN.Seen() || !t.SYNACK.Seen() || t.RST.Seen() && t.Refused {
		return options{}
	}
	syn, answer := offered(&t.Sides[0]), offered(&t.Sides[1])
	return options{syn.scale && !answer.scale, syn.sack && !answer.sack}
}

func (o options) any() bool { return o.scale || o.sack }

func (o options) String() string {
	var list []string
	if o.scale {
		list = append(list, "window scaling")
	}
	if o.sack {
		list = append(list, "selective acknowledgements")
	}
	return strings.Join(list, " and ")
}

func optionsStripped(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Declined) {
		if declined(c).any() && !in.Withhold(OptionsStripped, c) {
			all.Add(diag.WayKey{Source: c.Source, To: netip.AddrPortFrom(c.Ends[1].Addr(), 0)}, c, 0)
		}
	}
	taking := agreeing(in, all.List)
	for _, g := range all.List {
		if f, ok := declinedBy(in, g, taking[g.Key]); ok {
			out = append(out, f)
		}
	}
	return out
}

// agreeing are the connections to the servers in which all that the client offered was taken, by server.
func agreeing(in *diag.Input, servers []*diag.Way) map[diag.WayKey][]*flow.Conversation {
	asked, out := map[diag.WayKey]bool{}, map[diag.WayKey][]*flow.Conversation{}
	for _, g := range servers {
		asked[g.Key] = true
	}
	if len(asked) == 0 {
		return nil
	}
	key := func(source int, server netip.Addr) diag.WayKey {
		return diag.WayKey{Source: source, To: netip.AddrPortFrom(server, 0)}
	}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return asked[key(source, a)] || asked[key(source, b)] }) {
		t := c.TCP
		if k := key(c.Source, c.Ends[1].Addr()); asked[k] && t != nil && t.SYN.Seen() && t.SYNACK.Seen() && offered(&t.Sides[0]).any() && !declined(c).any() {
			out[k] = append(out[k], c)
		}
	}
	return out
}

// A missing is what connections to a server lack, and what it did to them.
type missing struct {
	options
	limited *flow.Conversation // its window limits it, nil when none is
	rate    float64            // of that one, bytes a second
	mended  time.Duration      // that timers took to mend losses without selective acknowledgements
	bulk    bool               // one moved much
	removed removal            // what points tell
}

// A removal is what was taken out between two capture points.
type removal struct {
	options
	between string // the points, "" when none tell
	half    bool   // from the SYN/ACK: the server reckons with what the client does not know of
}

func missingOf(in *diag.Input, g *diag.Way) (m missing) {
	for _, c := range g.Conversations {
		o := declined(c)
		m.scale, m.sack = m.scale || o.scale, m.sack || o.sack
		if dir, ok := windowLimited(in, c); ok && o.scale && m.limited == nil && c.TCP.Sides[1-dir].Window <= unscaled {
			m.limited = c
			_, m.rate, _ = filling(in, c, dir)
		}
		for dir := range c.Dir {
			m.bulk = m.bulk || c.Dir[dir].Payload >= bulkBytes
			if t := c.Dir[dir].Trouble; o.sack && t != nil && t.Repairs != nil {
				m.mended += time.Duration(t.Repairs.Timer.Took)
			}
		}
		if m.removed.between == "" {
			m.removed = removedBetween(in, c)
		}
	}
	return m
}

// removedBetween looks for two capture points of which only one has the options of a SYN or SYN/ACK.
func removedBetween(in *diag.Input, c *flow.Conversation) removal {
	same := in.Twins(c)
	if len(same) == 0 {
		return removal{}
	}
	at := map[int32]bool{int32(c.ID): true}
	for _, t := range same {
		at[int32(t.ID)] = true
	}
	for _, h := range in.Hops() {
		p := h.Pair()
		for _, m := range p.Meetings {
			if m.Flipped || !at[m.A] || !at[m.B] {
				continue
			}
			if r := differ(in.Points, m); r.any() {
				r.between = diag.Between(in.Points, p)
				return r
			}
		}
	}
	return removal{}
}

// differ is what the SYN or the SYN/ACK have at one point only.
func differ(r *point.Result, m point.Meeting) (d removal) {
	a, b := r.Conv(m.A).TCP, r.Conv(m.B).TCP
	if a == nil || b == nil || !a.SYN.Seen() || !b.SYN.Seen() || !a.SYNACK.Seen() || !b.SYNACK.Seen() {
		return d
	}
	for i := range a.Sides {
		x, y := offered(&a.Sides[i]), offered(&b.Sides[i])
		if x != y {
			return removal{options: options{x.scale != y.scale, x.sack != y.sack}, half: i == 1}
		}
	}
	return d
}

func declinedBy(in *diag.Input, g *diag.Way, taken []*flow.Conversation) (f diag.Finding, ok bool) {
	m := missingOf(in, g)
	mixed := len(taken) > 0 && len(g.Conversations) >= someMissing
	if m.removed.between == "" && m.limited == nil && m.mended < longLoss && !m.bulk && !mixed {
		return f, false // an old server to which it does not matter
	}
	var where []flow.Moment
	for _, c := range g.Conversations {
		where = append(where, c.TCP.SYN, c.TCP.SYNACK)
	}
	f = g.Finding(where...)
	server, n := g.To().Addr(), len(g.Conversations)
	f.Count, f.Host, f.Between = n, server.String(), m.removed.between
	f.Filter = diag.AllOf(diag.Streams(g.Conversations, diag.EndpointFilter(g.To(), g.Conversations[0])), "tcp.flags.syn == 1")
	f.Severity = diag.Note
	if m.limited != nil || m.mended >= longLoss || m.removed.between != "" {
		f.Severity = diag.Warning
	}
	f.Summary = fmt.Sprintf("%v does not take %v, which the client offers, in %s", server, m.options, diag.Count(n, "connection"))
	f.Fix = []string{fmt.Sprintf("is it switched off on %v? (Windows: netsh interface tcp show global; Linux: sysctl net.ipv4.tcp_window_scaling net.ipv4.tcp_sack)", server)}
	switch {
	case m.removed.between != "":
		f.Confidence = diag.Proven
		f.Summary = fmt.Sprintf("between %s something removes options of TCP: %v, in %s with %v", m.removed.between, m.removed.options, diag.Count(n, "connection"), server)
		if m.removed.half {
			f.Severity = diag.Error
			f.Summary += "; the server reckons with what the client does not know of"
		}
		f.Fix = []string{"let the device between these points leave the options of SYN and SYN/ACK alone: a normaliser of TCP, an inspection, an optimiser"}
	case len(taken) > 0:
		f.Facts = append(f.Facts, diag.Fact{Name: "connections to it that have all options", Value: fmt.Sprint(len(taken))})
		f.Fix = append([]string{"the server takes the options from others: look for a device on the way of these connections that removes them"}, f.Fix...)
	default:
		f.Confidence = diag.Possible
		f.Fix = append(f.Fix, "capture at the server as well: does the SYN have the options there? If not, a device on the way removes them")
		f.Record = []diag.RecordAt{{Question: "does the SYN have the same options at both ends?"}}
	}
	if m.limited != nil {
		f.Summary += fmt.Sprintf("; without scaling no window is larger than %s, and it holds connection %v - %v at %.1f Mbit/s", diag.Size(int64(unscaled)), m.limited.Ends[0], m.limited.Ends[1], m.rate*8/1e6)
	}
	if m.mended >= longLoss {
		f.Facts = append(f.Facts, diag.Fact{Name: "losses that waited for a timer", Value: diag.Duration(m.mended)})
	}
	f.RuledOut = []string{"a client that does not offer them: its SYN has them here"}
	return f, true
}

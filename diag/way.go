package diag

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A WayKey names a sender and whom it sends to. The port of a client is of one connection only; where the cause is on the way, ports are left out.
type WayKey struct {
	Source   int
	From, To netip.AddrPort
}

// ServiceWay is the way of what side dir of the connection sends to the other's service.
func ServiceWay(c *flow.Conversation, dir int) WayKey {
	ends := c.Ends
	ends[0] = netip.AddrPortFrom(ends[0].Addr(), 0)
	return WayKey{c.Source, ends[dir], ends[1-dir]}
}

// HostWay is the way between the hosts, whatever the ports.
func HostWay(c *flow.Conversation, dir int) WayKey {
	return WayKey{c.Source, netip.AddrPortFrom(c.Ends[dir].Addr(), 0), netip.AddrPortFrom(c.Ends[1-dir].Addr(), 0)}
}

// A Way is the connections of one key in which one cause shows, in order of appearance.
type Way struct {
	Key           WayKey
	Conversations []*flow.Conversation
	Dirs          []int // the side that sends, of each
}

// Ways gathers connections by their ways.
type Ways struct {
	List  []*Way
	index map[WayKey]*Way
}

// Add adds what side dir of the connection sends, and returns the way that it is on.
func (w *Ways) Add(k WayKey, c *flow.Conversation, dir int) *Way {
	if w.index == nil {
		w.index = map[WayKey]*Way{}
	}
	g := w.index[k]
	if g == nil {
		g = &Way{Key: k}
		w.index[k] = g
		w.List = append(w.List, g)
	}
	g.Conversations, g.Dirs = append(g.Conversations, c), append(g.Dirs, dir)
	return g
}

// ReceiverWay is what comes to a host, whoever sends it.
func ReceiverWay(c *flow.Conversation, dir int) WayKey {
	return WayKey{Source: c.Source, To: netip.AddrPortFrom(c.Ends[1-dir].Addr(), 0)}
}

// Joined makes one way of all of a source when there are so many: what they have in common is near the capture.
func Joined(list []*Way, many int) (out []*Way) {
	bySource := map[int][]*Way{}
	for _, g := range list {
		bySource[g.Key.Source] = append(bySource[g.Key.Source], g)
	}
	for _, g := range list {
		same := bySource[g.Key.Source]
		if len(same) < many {
			out = append(out, g)
			continue
		}
		if g != same[0] {
			continue
		}
		all := &Way{Key: WayKey{Source: g.Key.Source}}
		for _, one := range same {
			all.Conversations, all.Dirs = append(all.Conversations, one.Conversations...), append(all.Dirs, one.Dirs...)
		}
		out = append(out, all)
	}
	return out
}

// Names are the addresses of senders and receivers: "10.0.0.1", "3 hosts".
func (g *Way) Names() (from, to string) {
	var seen [2]map[netip.Addr]bool
	for i := range seen {
		seen[i] = map[netip.Addr]bool{}
	}
	for i, c := range g.Conversations {
		seen[0][c.Ends[g.Dirs[i]].Addr()], seen[1][c.Ends[1-g.Dirs[i]].Addr()] = true, true
	}
	name := func(all map[netip.Addr]bool, one netip.AddrPort) string {
		if len(all) > 1 {
			return Count(len(all), "host")
		}
		return one.Addr().String()
	}
	return name(seen[0], g.From()), name(seen[1], g.To())
}

// From is the sender of the first connection.
func (g *Way) From() netip.AddrPort { return g.Conversations[0].Ends[g.Dirs[0]] }

// To is its receiver.
func (g *Way) To() netip.AddrPort { return g.Conversations[0].Ends[1-g.Dirs[0]] }

// Sender is what the connections have of the side that sends.
func (g *Way) Sender(i int) *flow.Direction { return &g.Conversations[i].Dir[g.Dirs[i]] }

// Receiver is what they have of the other side.
func (g *Way) Receiver(i int) *flow.Direction { return &g.Conversations[i].Dir[1-g.Dirs[i]] }

// Lost is the time that took says for each connection, and how long they lasted. Of connections at the same time the one counts that lost most.
func (g *Way) Lost(took func(i int) int64) (lost, of time.Duration) {
	order := make([]int, len(g.Conversations))
	for i := range order {
		order[i] = i
	}
	start := func(i int) int64 { return g.Conversations[i].First.Time }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(start(a), start(b)) })
	for at := 0; at < len(order); {
		first, end, most := start(order[at]), g.Conversations[order[at]].Last.Time, int64(0)
		for ; at < len(order) && start(order[at]) <= end; at++ {
			end, most = max(end, g.Conversations[order[at]].Last.Time), max(most, took(order[at]))
		}
		lost, of = lost+time.Duration(most), of+time.Duration(end-first)
	}
	return lost, of
}

// Which names the connection, or counts them.
func (g *Way) Which() string {
	if len(g.Conversations) == 1 {
		c := g.Conversations[0]
		return fmt.Sprintf("connection %v - %v", c.Ends[0], c.Ends[1])
	}
	return fmt.Sprintf("%d connections", len(g.Conversations))
}

// Filter shows the connections, or all between the two hosts when they are many, or all to the receiver when there are many senders too; "" when neither is one.
func (g *Way) Filter() string {
	a, b := g.From().Addr(), g.To().Addr()
	from, to := g.Names()
	switch {
	case to != b.String():
		return Streams(g.Conversations, "")
	case from != a.String():
		return Streams(g.Conversations, AnyOf(ToHost(b), FromHost(b)))
	}
	return Streams(g.Conversations, AnyOf(AllOf(FromHost(a), ToHost(b)), AllOf(FromHost(b), ToHost(a))))
}

// Finding is what the findings on a way have in common.
func (g *Way) Finding(where ...flow.Moment) Finding {
	return Finding{
		Severity: Warning, Confidence: Likely, Source: g.Key.Source, Conversations: g.Conversations, Where: Places(where...),
	}
}

// Places are the records of moments that were seen, in order, each once.
func Places(ms ...flow.Moment) []trace.Pos {
	var out []trace.Pos
	for _, m := range ms {
		if m.Seen() {
			out = append(out, m.Pos)
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(out, func(a, b trace.Pos) bool { return a.Number == b.Number })
}

// Share is a part of a time: "2.86 s of the 3.81 s of connection A - B (75 %)".
func Share(lost, of time.Duration, which string) string {
	return fmt.Sprintf("%s of the %s of %s (%s)", Duration(lost), Duration(of), which, Percent(lost, of))
}

// Timed reports whether the times of a connection can be compared.
func (in *Input) Timed(c *flow.Conversation) bool {
	_, ok := in.Elapsed(c.First, c.Last)
	return ok
}

// Frames is the filter for the records of moments, the first 20 of them; "" without any.
func Frames(ms ...flow.Moment) string {
	list := Places(ms...)
	if len(list) == 0 {
		return ""
	}
	return FrameFilter(list[:min(len(list), maxProof)])
}

package tcp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A wayKey names a sender and whom it sends to. The port of a client is of one connection only; where the cause is on the way, ports are left out.
type wayKey struct {
	source   int
	from, to netip.AddrPort
}

// wayOf is the way of what side dir of the connection sends to the other's service.
func wayOf(c *flow.Conversation, dir int) wayKey {
	ends := c.Ends
	ends[0] = netip.AddrPortFrom(ends[0].Addr(), 0)
	return wayKey{c.Source, ends[dir], ends[1-dir]}
}

// hostsOf is the way between the hosts, whatever the ports.
func hostsOf(c *flow.Conversation, dir int) wayKey {
	return wayKey{c.Source, netip.AddrPortFrom(c.Ends[dir].Addr(), 0), netip.AddrPortFrom(c.Ends[1-dir].Addr(), 0)}
}

// A way is the connections of one key in which one cause shows, in order of appearance.
type way struct {
	key   wayKey
	convs []*flow.Conversation
	dirs  []int // the side that sends, of each
}

// ways gathers connections by their ways.
type ways struct {
	list  []*way
	index map[wayKey]*way
}

func (w *ways) add(k wayKey, c *flow.Conversation, dir int) {
	if w.index == nil {
		w.index = map[wayKey]*way{}
	}
	g := w.index[k]
	if g == nil {
		g = &way{key: k}
		w.index[k] = g
		w.list = append(w.list, g)
	}
	g.convs, g.dirs = append(g.convs, c), append(g.dirs, dir)
}

func (g *way) from() netip.AddrPort { return g.convs[0].Ends[g.dirs[0]] }
func (g *way) to() netip.AddrPort   { return g.convs[0].Ends[1-g.dirs[0]] }

// sender is what the connections have of the side that sends.
func (g *way) sender(i int) *flow.Direction { return &g.convs[i].Dir[g.dirs[i]] }

// receiver is what they have of the other side.
func (g *way) receiver(i int) *flow.Direction { return &g.convs[i].Dir[1-g.dirs[i]] }

// lost is the time that took says for each connection, and how long they lasted. Of connections at the same time the one counts that lost most.
func (g *way) lost(took func(i int) int64) (lost, of time.Duration) {
	order := make([]int, len(g.convs))
	for i := range order {
		order[i] = i
	}
	start := func(i int) int64 { return g.convs[i].First.Time }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(start(a), start(b)) })
	for at := 0; at < len(order); {
		first, end, most := start(order[at]), g.convs[order[at]].Last.Time, int64(0)
		for ; at < len(order) && start(order[at]) <= end; at++ {
			end, most = max(end, g.convs[order[at]].Last.Time), max(most, took(order[at]))
		}
		lost, of = lost+time.Duration(most), of+time.Duration(end-first)
	}
	return lost, of
}

// which names the connection, or counts them.
func (g *way) which() string {
	if len(g.convs) == 1 {
		c := g.convs[0]
		return fmt.Sprintf("connection %v - %v", c.Ends[0], c.Ends[1])
	}
	return fmt.Sprintf("%d connections", len(g.convs))
}

// filter shows the connections, or all between the two hosts when they are many.
func (g *way) filter() string {
	a, b := g.from().Addr(), g.to().Addr()
	return diag.Streams(g.convs, diag.AnyOf(diag.AllOf(diag.FromHost(a), diag.ToHost(b)), diag.AllOf(diag.FromHost(b), diag.ToHost(a))))
}

// finding is what the findings on a way have in common.
func (g *way) finding(where ...flow.Moment) diag.Finding {
	return diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Source: g.key.source, Conversations: g.convs, Where: places(where),
	}
}

// places are the records of moments that were seen, in order, each once.
func places(ms []flow.Moment) []trace.Pos {
	var out []trace.Pos
	for _, m := range ms {
		if m.Seen() {
			out = append(out, m.Pos)
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(out, func(a, b trace.Pos) bool { return a.Number == b.Number })
}

// share is a part of a time: "2.86 s of the 3.81 s of connection A - B (75 %)".
func share(lost, of time.Duration, which string) string {
	return fmt.Sprintf("%s of the %s of %s (%s)", diag.Duration(lost), diag.Duration(of), which, diag.Percent(lost, of))
}

// timed reports whether the times of a connection can be compared.
func timed(in *diag.Input, c *flow.Conversation) bool {
	_, ok := in.Elapsed(c.First, c.Last)
	return ok
}

package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed retx_spurious.md
var needlessPage string

//go:embed reorder.md
var reorderPage string

// Needless: segments are sent again that had arrived (T11).
var Needless = &diag.Rule{ID: "tcp.retx.spurious", Title: "segments are sent again that had arrived", Page: needlessPage, Run: needless}

// Reorder: segments overtake each other (T10).
var Reorder = &diag.Rule{ID: "tcp.reorder", Title: "segments overtake each other on the way", Page: reorderPage, WithheldBy: []string{"cap.time.backwards"}}

func init() { Reorder.Run = reordered } // Run names the rule: a literal would be a cycle

const (
	// minNeedless is how many copies are a habit, and needlessShare the part of the segments.
	minNeedless   = 5
	needlessShare = 0.01
	// minReordered and reorderShare are the same of segments that come late.
	minReordered = 5
	reorderShare = 0.005
)

// needlessOf is how many copies of a side were needless: the other side had acknowledged the data, or reports that it has them twice.
func needlessOf(c *flow.Conversation, dir int) int64 {
	t, peer := c.Dir[dir].Trouble, c.Dir[1-dir].Trouble
	if t == nil || t.Repairs == nil {
		return 0
	}
	n := t.Repairs.Needless
	if peer != nil {
		n = max(n, int64(peer.DuplicateSACKs))
	}
	return min(n, t.Repairs.Needless+t.Repairs.Count())
}

func needless(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Repaired) {
		for dir := range c.Dir {
			if n := needlessOf(c, dir); n >= minNeedless && float64(n) >= needlessShare*float64(c.Dir[dir].Segments()) {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		var where []flow.Moment
		n := int64(0)
		for i := range g.Conversations {
			n += needlessOf(g.Conversations[i], g.Dirs[i])
			where = append(where, g.Sender(i).Trouble.Repairs.FirstNeedless)
		}
		f := g.Finding(where...)
		from, to := g.From().Addr(), g.To().Addr()
		f.Severity, f.Count, f.Host = diag.Note, int(n), from.String()
		f.Filter = g.Filter()
		f.Summary = fmt.Sprintf("%v sent %s again to %v that had arrived, in %s", from, diag.Count(n, "segment"), to, g.Which())
		f.RuledOut = []string{"loss: the data had been acknowledged before the copy, or the receiver says that it has them twice"}
		f.Fix = []string{
			fmt.Sprintf("look at the way back from %v to %v: acknowledgements that are late or lost make a sender repeat", to, from),
			"reordering makes a sender repeat as well: is tcp.reorder reported?",
		}
		out = append(out, f)
	}
	return out
}

func reordered(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Repaired) {
		for dir := range c.Dir {
			t := c.Dir[dir].Trouble
			if t == nil || t.Repairs == nil {
				continue
			}
			if n := t.Repairs.Reordered.Count; n >= minReordered && float64(n) >= reorderShare*float64(c.Dir[dir].Segments()) && t.Repairs.Reordered.Worst.Lasted() > int64(in.Tick(c.Source)) && !in.Withhold(Reorder, c) {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		out = append(out, reorderedOn(g))
	}
	return out
}

func reorderedOn(g *diag.Way) diag.Finding {
	var where []flow.Moment
	n, copies, longest := int64(0), int64(0), int64(0)
	for i := range g.Conversations {
		r := &g.Sender(i).Trouble.Repairs.Reordered
		n, longest = n+r.Count, max(longest, r.Worst.Lasted())
		where = append(where, r.First.Again, r.Worst.Again)
		copies += needlessOf(g.Conversations[i], g.Dirs[i])
	}
	f := g.Finding(where...)
	from := g.From().Addr()
	f.Severity, f.Count, f.Host = diag.Note, int(n), from.String()
	f.Filter = diag.AllOf(g.Filter(), diag.FromHost(from), diag.AnyOf("tcp.analysis.out_of_order", "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission"))
	f.Summary = fmt.Sprintf("%s from %v came here behind later ones, by %s at most, in %s", diag.Count(n, "segment"), from, diag.Duration(time.Duration(longest)), g.Which())
	f.Facts = []diag.Fact{{Name: "needless copies", Value: fmt.Sprint(copies)}}
	f.RuledOut = []string{"loss: what was missing came sooner than a round trip, and no copy of it went by"}
	f.Fix = []string{
		fmt.Sprintf("look between %v and here for links that are used side by side packet by packet (link aggregation, several routes): distribute by connection", from),
		"a capture with several queues can write packets out of order itself: compare the IP identification",
	}
	if copies > 0 {
		f.Severity = diag.Warning
	}
	f.Record = []diag.RecordAt{{}}
	return f
}

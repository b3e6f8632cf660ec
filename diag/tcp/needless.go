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
var Reorder = &diag.Rule{ID: "tcp.reorder", Title: "segments overtake each other on the way", Page: reorderPage, WithheldBy: []string{"cap.time.backwards", "cap.gaps", "cap.drops.reported"}}

func init() { Reorder.Run = reordered } // Run names the rule: a literal would be a cycle

const (
	// minNeedless is how many copies are a habit, and needlessShare the part of the segments.
	minNeedless   = 5
	needlessShare = 0.01
	// minReordered and reorderShare are the same of segments that come late.
	minReordered = 5
	reorderShare = 0.002
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
			l := lateOf(c, dir)
			if n := l.here + l.there; n >= minReordered && float64(n) >= reorderShare*float64(c.Dir[dir].Segments()) && l.longest > int64(in.Tick(c.Source)) && !in.Withhold(Reorder, c) {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		out = append(out, reorderedOn(g))
	}
	return out
}

// A late is what came behind later segments of one side.
type late struct {
	here, there int64 // seen here, and as the receiver said where it was
	longest     int64 // nanoseconds
	where       []flow.Moment
}

func lateOf(c *flow.Conversation, dir int) (l late) {
	if t := c.Dir[dir].Trouble; t != nil && t.Repairs != nil && t.Repairs.Reordered.Count > 0 {
		r := &t.Repairs.Reordered
		l = late{here: r.Count, longest: r.Worst.Lasted(), where: []flow.Moment{r.First.Again, r.Worst.Again}}
	}
	if t := c.Dir[1-dir].Trouble; t != nil && l.here == 0 && t.Overtaken.Count > 0 {
		o := &t.Overtaken
		l = late{there: o.Count, longest: o.Longest, where: []flow.Moment{o.First, o.Last}}
	}
	return l
}

func reorderedOn(g *diag.Way) diag.Finding {
	var all late
	copies := int64(0)
	for i := range g.Conversations {
		l := lateOf(g.Conversations[i], g.Dirs[i])
		all.here, all.there, all.longest, all.where = all.here+l.here, all.there+l.there, max(all.longest, l.longest), append(all.where, l.where...)
		copies += needlessOf(g.Conversations[i], g.Dirs[i])
	}
	n, longest := all.here+all.there, all.longest
	f := g.Finding(all.where...)
	from := g.From().Addr()
	f.Severity, f.Count, f.Host = diag.Note, int(n), from.String()
	f.Filter = diag.AllOf(g.Filter(), diag.FromHost(from), diag.AnyOf("tcp.analysis.out_of_order", "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission"))
	f.Summary = fmt.Sprintf("%s from %v came here behind later ones, by %s at most, in %s", diag.Count(n, "segment"), from, diag.Duration(time.Duration(longest)), g.Which())
	f.Facts = []diag.Fact{{Name: "needless copies", Value: fmt.Sprint(copies)}}
	if all.here == 0 {
		reportedLate(&f, g, &all)
		if copies > 0 {
			f.Severity = diag.Warning
		}
		return f
	}
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

// reportedLate is for a capture near the sender: only the receiver's reports tell.
func reportedLate(f *diag.Finding, g *diag.Way, l *late) {
	from, to := g.From().Addr(), g.To().Addr()
	f.Filter = diag.AllOf(g.Filter(), diag.FromHost(to), diag.AnyOf("tcp.options.sack_le", diag.Frames(l.where...)))
	f.Summary = fmt.Sprintf("%s from %v came to %v behind later ones, by its reports, for %s at most, in %s", diag.Count(l.there, "segment"), from, to, diag.Duration(time.Duration(l.longest)), g.Which())
	f.RuledOut = []string{fmt.Sprintf("loss: %v reported them as missing (SACK), and had them later although %v sent nothing again", to, from)}
	f.Fix = []string{fmt.Sprintf("look between here and %v for links that are used side by side packet by packet (link aggregation, several routes): distribute by connection", to)}
	f.Record = []diag.RecordAt{{Addr: to, Question: "do segments come there in another order than they left?"}}
}

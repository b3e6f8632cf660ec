package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/view"
)

// Bounds of what the report says of capture points.
const (
	maxClasses  = 6
	maxRewrites = 10
	maxSteps    = 5
	maxRelays   = 5
)

// points says what several capture points saw of the same traffic.
func points(p *printer, c *engine.Case, s Style) {
	r := c.Points
	if r == nil || len(r.Pairs) == 0 && !inRow(r) {
		return
	}
	p.line()
	p.line(s.paint(bold, "Capture points"))
	for i := range r.Points {
		if t := view.RowText(&r.Points[i]); t != "" {
			p.line("  ", s.wrap(t, 4))
		}
	}
	if r.Sampled > 0 {
		p.line("  ", s.wrap(fmt.Sprintf("compared by a sample: 1 of %d packets, the same ones at all points; counts are of the sample", 1<<r.Sampled), 4))
	}
	for i := range r.Pairs {
		if x := &r.Pairs[i]; x.Twice {
			p.line("  ", s.paint(bold, view.PointNames(r, []int{x.A, x.B}, ", ")), ": the same capture: record by record and to the unit of its times")
		}
	}
	strangers(p, r, s)
	clocks(p, r, s)
	classes := r.Classes()
	shown := map[*point.Pair]bool{}
	for i, c := range classes {
		if i == maxClasses {
			p.line("  ", fmt.Sprintf("and %d more ways over the points", len(classes)-maxClasses))
			break
		}
		class(p, r, c, s, shown)
	}
	relays(p, r, s)
	for i := range r.Pairs {
		possible(p, r, &r.Pairs[i], s)
	}
	for _, x := range point.Shares(r.Splits(c.Requests.Requests)) {
		note(p, s, "requests", view.ShareText(r, &x))
	}
}

// inRow reports whether a point is several files.
func inRow(r *point.Result) bool {
	return slices.ContainsFunc(r.Points, func(p point.Point) bool { return len(p.More) > 0 })
}

// A note is a line of the section with a label.
func note(p *printer, s Style, label, text string) {
	p.line("  ", s.paint(dim, fmt.Sprintf("%-*s", labelWidth, label)), s.wrap(text, 2+labelWidth))
}

// strangers names the points that have nothing in common with the others.
func strangers(p *printer, r *point.Result, s Style) {
	group := make([]int, len(r.Points)) // the first point of those that saw the same traffic
	for i := range group {
		group[i] = i
	}
	for i := range r.Pairs {
		if x := &r.Pairs[i]; len(x.Meetings) > 0 {
			from, to := max(group[x.A], group[x.B]), min(group[x.A], group[x.B])
			for k := range group {
				if group[k] == from {
					group[k] = to
				}
			}
		}
	}
	var groups []string
	for i := range group {
		if group[i] == i {
			var list []int
			for k := range group {
				if group[k] == i {
					list = append(list, k)
				}
			}
			groups = append(groups, view.PointNames(r, list, " and "))
		}
	}
	if len(groups) > 1 {
		text := fmt.Sprintf("no packet of %s is at %s", groups[0], strings.Join(groups[1:], ", nor at "))
		if slices.ContainsFunc(r.Pairs, func(x point.Pair) bool { return len(x.Relays) > 0 && group[x.A] != group[x.B] }) {
			text += ", but bytes are"
		}
		p.line("  ", s.wrap(text, 4))
	}
}

// clocks says how far the clocks of the points are apart, and what is known of each.
func clocks(p *printer, r *point.Result, s Style) {
	label := "clock"
	say := func(text string) {
		note(p, s, label, text)
		label = ""
	}
	for i := range r.Points {
		if i >= len(r.Timebases) {
			break
		}
		texts := view.TimebaseTexts(r, i)
		for k, text := range texts[:min(len(texts), maxSteps)] {
			if k > 0 {
				text = "then " + text
			}
			say(text)
		}
		if n := len(texts) - maxSteps; n > 0 {
			say(fmt.Sprintf("and %d more steps of a clock", n))
		}
	}
	if r.Reference() < 0 && slices.ContainsFunc(r.Pairs, func(x point.Pair) bool { return len(x.Meetings) > 0 }) {
		say("nothing tells how far the clocks are apart")
	}
	for _, x := range adjacent(r) {
		for i, step := range x.Clock.Steps() {
			if i == maxSteps {
				break
			}
			say(view.StepText(r, x, &step))
		}
	}
	for i := range r.Points {
		if text := view.TickText(&r.Points[i]); text != "" {
			say(text)
		}
	}
	for _, c := range r.Contradictions {
		x := &r.Pairs[c.Pair]
		say(fmt.Sprintf("packets of %s and %s contradict what the other points tell of their clocks, by %s: they are left out of the one clock",
			view.Printable(r.Points[x.A].Name), view.Printable(r.Points[x.B].Name), view.Duration(c.By)))
	}
}

// adjacent are the pairs of points with nothing between them.
func adjacent(r *point.Result) (out []*point.Pair) {
	hops := r.Hops()
	for i := range hops {
		if x := hops[i].Pair(); !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// class is what became of the packets of conversations that pass the same points, from one point to the next.
func class(p *printer, r *point.Result, c *point.Class, s Style, shown map[*point.Pair]bool) {
	sign := " > "
	for d := range c.Hops {
		if slices.ContainsFunc(c.Hops[d], func(h point.Hop) bool { return !h.Known }) {
			sign = " ? "
		}
	}
	way := view.PointNames(r, c.Points[0], sign)
	switch back := slices.Clone(c.Points[1]); {
	case len(back) == 0:
	case len(c.Points[0]) == 0:
		way = view.PointNames(r, back, sign)
	default:
		slices.Reverse(back)
		if !slices.Equal(back, c.Points[0]) {
			slices.Reverse(back)
			way += ", and back " + view.PointNames(r, back, sign)
		} else if len(back) == 2 {
			way = view.PointNames(r, c.Points[0], ", ")
		}
	}
	p.line("  ", s.paint(bold, way), fmt.Sprintf(": %s%s", count(int64(c.Conversations), "conversation"), renamed(c)))
	t := newTable("way", ">matched", ">other sizes", ">altered", ">lost", ">only there", ">not judged", ">undecided", ">reordered", ">twice", ">foreign", ">TTL", ">took at least", ">half", ">95 %")
	for d := range c.Hops {
		for i := range c.Hops[d] {
			hop(t, r, &c.Hops[d][i])
		}
	}
	t.print(p, s, "    ")
	for d := range c.Hops {
		for i := range c.Hops[d] {
			h := &c.Hops[d][i]
			if q := h.Pair().Queue(h.Course()); q != nil {
				p.line("    ", s.wrap(view.QueueText(r, h, q), 6))
			}
			if !shown[h.Pair()] {
				shown[h.Pair()] = true
				rewrites(p, r, h.Pair(), s)
			}
		}
	}
}

// renamed says how many conversations have other endpoints at some point.
func renamed(c *point.Class) string {
	n := 0
	for _, h := range c.Hops[0] {
		here := 0
		for i := range h.Passages {
			if h.Passages[i].How != point.SameEnds {
				here++
			}
		}
		n = max(n, here)
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them with other endpoints", n)
}

// hop is the line of one direction between two points.
func hop(t *table, r *point.Result, h *point.Hop) {
	w := h.Total()
	sign := " > "
	if !h.Known {
		sign = " ? "
	}
	lost := fmt.Sprint(w.Lost)
	if n := w.Matched + w.Altered + w.Lost; w.Lost > 0 && h.Known {
		lost += fmt.Sprintf(" (%.1f %%)", float64(w.Lost)*100/float64(n))
	}
	ttl, foreign := w.TTL, 0
	if w.From == point.BtoA {
		ttl = -ttl
	}
	for i := range h.Passages {
		foreign += len(h.Passages[i].Way().Places().Foreign)
	}
	lowered := ""
	if ttl != 0 && w.Matched > 0 {
		lowered = fmt.Sprintf("%+d", -ttl)
	}
	least, half, most := "", "", ""
	if d := w.Delay; d.N > 0 {
		unit := h.Pair().Clock.Unit
		more := func(x int64) string { return "+" + diag.Within(x-d.Min, max(unit, (x-d.Min)/10), unit) }
		least, half, most = diag.Uncertain(d.Min, view.ClockError(&h.Pair().Clock), unit), more(d.P50), more(d.P95)
	}
	reordered := counter(uint64(w.Reordered))
	if w.Reordered > 0 && w.Late > 0 {
		reordered += fmt.Sprintf(" (%s)", view.Duration(w.Late))
	}
	t.add(view.PointNames(r, []int{h.From, h.To}, sign), fmt.Sprint(w.Matched), counter(uint64(w.Ranges)), counter(uint64(w.Altered)), lost, fmt.Sprint(w.Only), counter(uint64(w.Outside)), counter(uint64(max(w.Alike[0], w.Alike[1]))), reordered,
		counter(uint64(w.Twice)), countOf(foreign), lowered, least, half, most)
}

// possible names conversations of two points that agree in nothing but sizes and order.
func possible(p *printer, r *point.Result, pair *point.Pair, s Style) {
	for i := range pair.Possible {
		if i == maxRelays {
			note(p, s, "", fmt.Sprintf("and %d more", len(pair.Possible)-i))
			break
		}
		note(p, s, map[bool]string{true: "possible"}[i == 0], view.PossibleText(r, pair, &pair.Possible[i]))
	}
}

// rewrites lists what differs in packets that are the same otherwise. What the table says of the TTL is not repeated.
func rewrites(p *printer, r *point.Result, x *point.Pair, s Style) {
	list := slices.DeleteFunc(slices.Clone(x.Rewrites), func(w point.Rewrite) bool { return w.Field == "TTL" })
	a, b := view.Printable(r.Points[x.A].Name), view.Printable(r.Points[x.B].Name)
	for i, w := range list {
		if i == maxRewrites {
			p.line("    ", fmt.Sprintf("and %d more are rewritten", len(list)-i))
			break
		}
		p.line("    ", s.wrap(fmt.Sprintf("rewritten: %s: %s at %s, %s at %s (%s)", w.Field, w.A, a, w.B, b, count(int64(w.Conversations), "conversation")), 6))
	}
}

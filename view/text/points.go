package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/view"
)

// Bounds of what the report says of capture points.
const (
	maxPairs    = 10
	maxRewrites = 10
	maxSteps    = 5
	maxRelays   = 5
)

// points says what several capture points saw of the same traffic.
func points(p *printer, r *point.Result, s Style) {
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
		if i == maxPairs {
			p.line("  ", fmt.Sprintf("and %d more pairs of points", len(r.Pairs)-maxPairs))
			break
		}
		together(p, r, &r.Pairs[i], s)
	}
}

// inRow reports whether a point is several files.
func inRow(r *point.Result) bool {
	return slices.ContainsFunc(r.Points, func(p point.Point) bool { return len(p.More) > 0 })
}

// together is what two points saw.
func together(p *printer, r *point.Result, pair *point.Pair, s Style) {
	a, b := view.Printable(r.Points[pair.A].Name), view.Printable(r.Points[pair.B].Name)
	switch {
	case pair.Twice:
		p.line("  ", s.paint(bold, a+", "+b), ": the same capture: record by record and to the unit of its times")
		return
	case len(pair.Meetings) > 0:
		p.line("  ", s.paint(bold, a+", "+b), fmt.Sprintf(": %s in both%s", count(int64(len(pair.Meetings)), "conversation"), ways(pair)))
	case len(pair.Relays) > 0:
		p.line("  ", s.paint(bold, a+", "+b), ": no packet of one is in the other, but bytes are")
	default:
		p.line("  ", s.paint(bold, a+", "+b), ": no packet of one is in the other")
		if r.Sampled > 0 && pair.Candidates == 0 {
			p.line("    of the sample: too many packets are alike, or nothing is left of them")
		}
		if pair.Ambiguous == 0 && len(pair.Possible) == 0 {
			return
		}
	}
	width := max(labelWidth, len(a)+len(b)+4)
	note := func(label, text string) {
		p.line("    ", s.paint(dim, fmt.Sprintf("%-*s", width, label)), s.wrap(text, 4+width))
	}
	for i := range pair.Clock.Segments {
		if i == maxSteps {
			note("", fmt.Sprintf("and %d more steps of a clock", len(pair.Clock.Segments)-i))
			break
		}
		text := view.ClockText(r, pair, &pair.Clock.Segments[i])
		if len(pair.Clock.Segments) > 1 {
			text = "from " + view.ISO(pair.Clock.Segments[i].From) + " on " + text
		}
		note(map[bool]string{true: "clock"}[i == 0], text)
	}
	if len(pair.Clock.Segments) == 0 {
		note("clock", "nothing tells how far the clocks are apart")
	}
	for _, i := range []int{pair.A, pair.B} {
		if t := view.TickText(&r.Points[i]); t != "" {
			note("", t)
		}
	}
	for _, c := range []point.Course{point.AtoB, point.BtoA, point.Unknown} {
		w, n := pair.Total(c)
		if n == 0 {
			continue
		}
		label, from, to := a+" > "+b, a, b
		switch c {
		case point.BtoA:
			label, from, to = b+" > "+a, b, a
		case point.Unknown:
			label = "either way"
		}
		note(label, wayText(&w, from, to))
		if d := view.DelayText(&w.Delay, &pair.Clock); d != "" {
			note("", "took "+d)
		}
	}
	relays(note, r, pair)
	for i := range pair.Possible {
		if i == maxRelays {
			note("", fmt.Sprintf("and %d more", len(pair.Possible)-i))
			break
		}
		note(map[bool]string{true: "possible"}[i == 0], view.PossibleText(r, pair, &pair.Possible[i]))
	}
	list := pair.Rewrites()
	for i, x := range list {
		if i == maxRewrites {
			note("", fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		note(map[bool]string{true: "rewritten"}[i == 0], fmt.Sprintf("%s: %s at %s, %s at %s (%s)", x.Field, x.A, a, x.B, b, count(int64(x.Conversations), "conversation")))
	}
}

// ways says by what conversations were found that have other endpoints at both points.
func ways(pair *point.Pair) string {
	var n [4]int64
	for i := range pair.Meetings {
		n[pair.Meetings[i].How]++
	}
	if n[point.SameNumbers]+n[point.SameContent] == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them with other endpoints", n[point.SameNumbers]+n[point.SameContent])
}

// relays names the connections that carry the same bytes.
func relays(note func(label, text string), r *point.Result, pair *point.Pair) {
	label := func(i int) string { return map[bool]string{true: "relayed"}[i == 0] }
	for i := range pair.Relays {
		if i == maxRelays {
			note("", fmt.Sprintf("and %d more", len(pair.Relays)-i))
			break
		}
		note(label(i), view.RelayText(r, pair, &pair.Relays[i]))
	}
	if n := int64(pair.Ambiguous); n > 0 {
		note(label(len(pair.Relays)), fmt.Sprintf("%s of %s carry the same bytes as several of %s: nothing tells which belong together",
			count(n, "connection"), view.Printable(r.Points[pair.A].Name), view.Printable(r.Points[pair.B].Name)))
	}
}

func wayText(w *point.Way, from, to string) string {
	parts := []string{count(w.Matched, "packet") + " matched"}
	if w.Ranges > 0 {
		parts = append(parts, fmt.Sprintf("%d of them in segments of another size", w.Ranges))
	}
	if w.Altered > 0 {
		parts = append(parts, fmt.Sprintf("%d with another payload of the same size", w.Altered))
	}
	lost := fmt.Sprintf("%d at %s only", w.Lost, from)
	if w.From != point.Unknown {
		lost = fmt.Sprintf("%d lost", w.Lost)
		if n := w.Matched + w.Altered + w.Lost; w.Lost > 0 && n > 0 {
			lost += fmt.Sprintf(" (%.1f %%)", float64(w.Lost)*100/float64(n))
		}
	}
	parts = append(parts, lost, fmt.Sprintf("%d at %s only", w.Only, to))
	if a, b := w.Alike[0], w.Alike[1]; a+b > 0 {
		if w.From == point.BtoA {
			a, b = b, a
		}
		parts = append(parts, fmt.Sprintf("%d at %s and %d at %s so much alike that nothing tells which are which", a, from, b, to))
	}
	if w.Outside > 0 {
		parts = append(parts, fmt.Sprintf("%d when the other did not capture", w.Outside))
	}
	return strings.Join(parts, ", ")
}

package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

// ClockText says what is known of the clocks of two points in one segment.
func ClockText(r *point.Result, p *point.Pair, s *point.Segment) string {
	a, b, unit := Printable(r.Points[p.A].Name), Printable(r.Points[p.B].Name), p.Clock.Unit
	sum := func(sign string) string {
		return fmt.Sprintf("offset %s time on the way is %s", sign, diag.Uncertain(s.Sum, s.SumError, unit))
	}
	switch s.Bound {
	case point.AtMost:
		return fmt.Sprintf("%s is at most %s ahead of %s; %s (packets were matched from %s to %s only)", b, diag.Within(s.Offset, s.SumError, unit), a, sum("plus"), a, b)
	case point.AtLeast:
		return fmt.Sprintf("%s is at least %s ahead of %s; %s (packets were matched from %s to %s only)", b, diag.Within(s.Offset, s.SumError, unit), a, sum("minus"), b, a)
	case point.Loose:
		if s.Sum == 0 && s.SumError == 0 {
			return fmt.Sprintf("%s and %s have the same times: copies of one capture, or two on one machine", a, b)
		}
		return fmt.Sprintf("%s is about %s ahead of %s: %s, and nothing tells which way", b, diag.Within(s.Sum, s.SumError, unit), a, sum("and"))
	}
	return apart(a, b, s.Offset, s.Error, unit, diag.Drift(s.Drift, s.Slowest, s.Fastest))
}

// apart says how far the clock of b is from that of a.
func apart(a, b string, off, err, unit int64, drift string) string {
	if off <= err && -off <= err {
		far := max(off, -off) + err
		return fmt.Sprintf("%s and %s differ by %s at most: the way back and forth tells no more", a, b, diag.Within(far, far, unit))
	}
	how := "ahead of"
	if off < 0 {
		off, how = -off, "behind"
	}
	text := fmt.Sprintf("%s is %s %s %s", b, diag.Uncertain(off, err, unit), how, a)
	if drift != "" {
		text += ", drift " + drift
	}
	return text
}

// RowText says of which files a point is that is several, "" of others.
func RowText(p *point.Point) string {
	n := len(p.More) + 1
	switch {
	case n == 1:
		return ""
	case p.Named:
		return fmt.Sprintf("%s is %d files, as they were named", Printable(p.Name), n)
	}
	return fmt.Sprintf("%s is %d files that its recorder wrote one after another: the next begins where the last one ends", Printable(p.Name), n)
}

// StepText says when a clock was set, and by how much.
func StepText(r *point.Result, p *point.Pair, s *point.Step) string {
	by, how := s.By, "forward"
	if by < 0 {
		by, how = -by, "back"
	}
	return fmt.Sprintf("between %s and %s of %s the clock of %s was set %s by %s against it", TimeOfDay(s.After), TimeOfDay(s.Before), Printable(r.Points[p.A].Name),
		Printable(r.Points[p.B].Name), how, diag.Uncertain(by, s.Error, p.Clock.Unit))
}

// TimeOfDay is the time of day in UTC to the millisecond.
func TimeOfDay(t int64) string { return time.Unix(0, t).UTC().Format("15:04:05.000") }

// TimebaseTexts say what the clock of a point is apart from that of all, a text for each time in which none was set.
func TimebaseTexts(r *point.Result, i int) (out []string) {
	ref := r.Reference()
	b := &r.Timebases[i]
	if ref < 0 || i == ref {
		return nil
	}
	if p := r.Between(ref, i); p != nil && len(p.Clock.Segments) > 0 && (b.Bound != point.Both || len(r.Points) == 2) {
		for k := range p.Clock.Segments {
			out = append(out, ClockText(r, p, &p.Clock.Segments[k]))
		}
		return out
	}
	a, name := Printable(r.Points[ref].Name), Printable(r.Points[i].Name)
	if !b.Linked {
		return []string{fmt.Sprintf("nothing tells how far the clock of %s is from that of %s", name, a)}
	}
	unit := max(r.Points[ref].Unit, r.Points[i].Unit)
	for _, s := range b.Stretches {
		if b.Bound != point.Both {
			out = append(out, fmt.Sprintf("%s is about %s ahead of %s, and the time on the way more or less", name, diag.Uncertain(s.Offset[0], s.Error, unit), a))
			continue
		}
		out = append(out, apart(a, name, s.Offset[0], s.Error, unit, drift(&s)))
	}
	return out
}

// TickText says how coarse the clock of a point is, "" when it is fine.
func TickText(p *point.Point) string {
	if p.Tick == 0 {
		return ""
	}
	return fmt.Sprintf("the clock of %s ticks every %v", Printable(p.Name), time.Duration(p.Tick))
}

// ClockError is the greatest error of the clock of two points.
func ClockError(c *point.Clock) (e int64) {
	for i := range c.Segments {
		e = max(e, c.Segments[i].Error)
	}
	return e
}

// QueueText says where and when packets waited.
func QueueText(r *point.Result, h *point.Hop, q *point.Queue) string {
	unit := max(h.Pair().Clock.Unit, q.Error)
	from, to := Printable(r.Points[h.From].Name), Printable(r.Points[h.To].Name)
	what := "a queue"
	if q.Steady {
		what = "a longer way, or a queue that did not change"
	}
	text := fmt.Sprintf("%s from %s to %s: from %s to %s all packets took up to %s longer than at the least, 95 %% of them up to %s", what, from, to,
		TimeOfDay(q.From), TimeOfDay(q.To), diag.Within(q.Least, max(unit, q.Least/100), unit), diag.Within(q.Most, max(unit, q.Most/100), unit))
	if q.Other >= 0 {
		text += fmt.Sprintf("; the other way %s at most", diag.Within(q.Other, max(unit, q.Other/10), unit))
	}
	return text
}

// ShareText says whose time requests took, and how long each way was if the clocks tell.
func ShareText(r *point.Result, x *point.Share) string {
	all := max(1, x.Server+x.Network+x.Client)
	part := func(ns int64) string { return fmt.Sprintf("%.0f %%", float64(ns)*100/float64(all)) }
	from, to := Printable(r.Points[x.From].Name), Printable(r.Points[x.To].Name)
	unit := max(r.Timebases[x.From].Tick, r.Timebases[x.To].Tick, 1)
	exact := func(ns int64) string { return diag.Within(ns, max(ns/100, unit), unit) }
	text := fmt.Sprintf("of %d requests that %s and %s saw: server %s, network %s, client %s of the time; half of them took %s at the server at most, and %s on the way there and back",
		x.N, from, to, part(x.Server), part(x.Network), part(x.Client), exact(x.Median[0]), exact(x.Median[1]))
	if x.Error < point.Unbounded {
		text += fmt.Sprintf(" (there %s, back %s)", diag.Uncertain(x.There, x.Error, unit), diag.Uncertain(x.Back, x.Error, unit))
	}
	return text
}

// PointNames are names of points with a sign between them.
func PointNames(r *point.Result, list []int, sign string) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = Printable(r.Points[p].Name)
	}
	return strings.Join(names, sign)
}

// drift is that of a stretch, "" when it may be none.
func drift(s *point.Stretch) string {
	ppb, err := s.Rate()
	return diag.Drift(ppb, ppb-err, ppb+err)
}

// DelayText is how long packets took, with the error of the clock.
func DelayText(d *point.Delay, c *point.Clock) string {
	if d.N == 0 || len(c.Segments) == 0 {
		return ""
	}
	return delayText(d, ClockError(c), c.Unit)
}

func delayText(d *point.Delay, err, unit int64) string {
	more := func(x int64) string { return diag.Within(x-d.Min, max(unit, (x-d.Min)/10), unit) }
	return fmt.Sprintf("%s at least; half of them %s more at most, 95 %% %s", diag.Uncertain(d.Min, err, unit), more(d.P50), more(d.P95))
}

// RelayText says which connections carry the same bytes, and how long those took.
func RelayText(r *point.Result, p *point.Pair, x *point.Relay) string {
	a, b := Printable(r.Points[p.A].Name), Printable(r.Points[p.B].Name)
	ends := func(c *flow.Conversation) string { return fmt.Sprintf("%v - %v", c.Ends[0], c.Ends[1]) }
	var parts []string
	for d := range 2 {
		w := &x.Ways[d]
		if w.Bytes == 0 {
			continue
		}
		way := map[point.Course]string{point.AtoB: a + " > " + b, point.BtoA: b + " > " + a, point.Unknown: "either way"}[w.From]
		if p.A == p.B {
			way = "to " + onward(x, d).String()
		}
		text := fmt.Sprintf("%s %s", Bytes(w.Bytes), way)
		switch {
		case w.Delay.N == 0:
		case x.Error > 0:
			text += " in " + delayText(&w.Delay, x.Error, max(r.Points[p.A].Unit, r.Points[p.B].Unit))
		default:
			text += " in " + DelayText(&w.Delay, &p.Clock)
		}
		parts = append(parts, text)
	}
	what := "is relayed as"
	if x.Doubtful {
		what = "carries the same bytes as"
	}
	at := " at " + a
	if p.A == p.B { // said once, at the end
		at = ""
	}
	text := fmt.Sprintf("%s%s %s %s at %s: %s", ends(x.A), at, what, ends(x.B), b, strings.Join(parts, "; "))
	if x.Doubtful {
		text += "; nothing but that shows that one passes on what the other brings"
	}
	return text
}

// onward is the endpoint that the bytes of a direction go to in the end.
func onward(x *point.Relay, d int) netip.AddrPort {
	switch {
	case x.Ways[d].From != point.AtoB:
		return x.A.Ends[1-d]
	case x.Flipped:
		return x.B.Ends[d]
	}
	return x.B.Ends[1-d]
}

// PossibleText says which conversations may be one, and why.
func PossibleText(r *point.Result, p *point.Pair, x *point.Possible) string {
	a, b := Printable(r.Points[p.A].Name), Printable(r.Points[p.B].Name)
	size := "of the same size"
	switch {
	case x.More > 0:
		size = fmt.Sprintf("%d bytes longer at %s", x.More, b)
	case x.More < 0:
		size = fmt.Sprintf("%d bytes longer at %s", -x.More, a)
	}
	return fmt.Sprintf("%v - %v at %s may be %v - %v at %s: %d of %d packets come in the same order and rhythm, %s; nothing else is the same, as in a tunnel or when it is encrypted anew",
		x.A.Ends[0], x.A.Ends[1], a, x.B.Ends[0], x.B.Ends[1], b, x.Packets, x.Of, size)
}

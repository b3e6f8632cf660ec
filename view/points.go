package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

// ClockText says what is known of the clocks of two points in one segment.
func ClockText(r *point.Result, p *point.Pair, s *point.Segment) string {
	a, b, unit := Printable(r.Points[p.A].Name), Printable(r.Points[p.B].Name), p.Clock.Unit
	sum := func(sign string) string {
		return fmt.Sprintf("offset %s time on the way is %s", sign, Uncertain(s.Sum, s.SumError, unit))
	}
	switch s.Bound {
	case point.AtMost:
		return fmt.Sprintf("%s is at most %s ahead of %s; %s (packets were matched from %s to %s only)", b, Within(s.Offset, s.SumError, unit), a, sum("plus"), a, b)
	case point.AtLeast:
		return fmt.Sprintf("%s is at least %s ahead of %s; %s (packets were matched from %s to %s only)", b, Within(s.Offset, s.SumError, unit), a, sum("minus"), b, a)
	case point.Loose:
		if s.Sum == 0 && s.SumError == 0 {
			return fmt.Sprintf("%s and %s have the same times: copies of one capture, or two on one machine", a, b)
		}
		return fmt.Sprintf("%s is about %s ahead of %s: %s, and nothing tells which way", b, Within(s.Sum, s.SumError, unit), a, sum("and"))
	}
	if s.Offset <= s.Error && -s.Offset <= s.Error {
		far := max(s.Offset, -s.Offset) + s.Error
		return fmt.Sprintf("%s and %s differ by %s at most: the way back and forth tells no more", a, b, Within(far, far, unit))
	}
	off, how := s.Offset, "ahead of"
	if off < 0 {
		off, how = -off, "behind"
	}
	text := fmt.Sprintf("%s is %s %s %s", b, Uncertain(off, s.Error, unit), how, a)
	if d := Drift(s.Drift, s.Slowest, s.Fastest); d != "" {
		text += ", drift " + d
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

// TickText says how coarse the clock of a point is, "" when it is fine.
func TickText(p *point.Point) string {
	if p.Tick == 0 {
		return ""
	}
	return fmt.Sprintf("the clock of %s ticks every %v", Printable(p.Name), time.Duration(p.Tick))
}

// DelayText is how long packets took, with the error of the clock.
func DelayText(d *point.Delay, c *point.Clock) string {
	if d.N == 0 || len(c.Segments) == 0 {
		return ""
	}
	e := int64(0)
	for i := range c.Segments {
		e = max(e, c.Segments[i].Error)
	}
	more := func(x int64) string { return Within(x-d.Min, max(c.Unit, (x-d.Min)/10), c.Unit) }
	return fmt.Sprintf("%s at least; half of them %s more at most, 95 %% %s", Uncertain(d.Min, e, c.Unit), more(d.P50), more(d.P95))
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
		text := fmt.Sprintf("%s %s", Bytes(w.Bytes), way)
		if t := DelayText(&w.Delay, &p.Clock); t != "" {
			text += " in " + t
		}
		parts = append(parts, text)
	}
	what := "is relayed as"
	if x.Doubtful {
		what = "carries the same bytes as"
	}
	text := fmt.Sprintf("%s at %s %s %s at %s: %s", ends(x.A), a, what, ends(x.B), b, strings.Join(parts, "; "))
	if x.Doubtful {
		text += "; nothing but that shows that one passes on what the other brings"
	}
	return text
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

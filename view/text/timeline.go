package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Timeline prints the rows of one selection in three lanes: what the
// application called, what the stack did, what was on the wire.
type Timeline struct {
	p        printer
	style    Style
	names    view.Names
	clock    *view.Clock
	previous int64
}

// NewTimeline prints a head line that names the selection, then rows.
func NewTimeline(w io.Writer, title string, names view.Names, clock *view.Clock, s Style) *Timeline {
	t := &Timeline{p: printer{w: w}, style: s, names: names, clock: clock, previous: trace.NoTime}
	t.p.line(s.paint(bold, title))
	return t
}

// laneHeads are the lanes; each lane starts further right than the one above it in the host.
var laneHeads = [...]string{view.Application: "app       ", view.Stack: "  stack   ", view.Wire: "     wire "}

// Print writes the line of a row. timed is false when the source has no times.
func (t *Timeline) Print(row *engine.Row, timed bool) error {
	lane := view.LaneOf(row)
	var b strings.Builder
	fmt.Fprintf(&b, "%5s ", t.names.Pos(row.Record.Pos))
	if timed {
		fmt.Fprintf(&b, "%10s %9s ", t.clock.Text(row.Record.Time), t.since(row.Record.Time))
	}
	b.WriteString(laneHeads[lane])
	b.WriteString(t.text(row, lane))
	t.p.line(t.style.paint(laneColors[lane], t.style.cut(b.String())))
	return t.p.err
}

// since is the time since the row before, where there is something to see: below a millisecond the column stays empty.
func (t *Timeline) since(now int64) string {
	const worth = 1_000_000
	before := t.previous
	if now != trace.NoTime {
		t.previous = now
	}
	if before == trace.NoTime || now == trace.NoTime || now-before < worth {
		return ""
	}
	d := view.Duration(now - before)
	return strings.Repeat(" ", max(0, 8-utf8.RuneCountInString(d))) + "+" + d
}

// text of a packet says its direction in the conversation: "→" from the first end, "←" from the second.
func (t *Timeline) text(row *engine.Row, lane view.Lane) string {
	c := view.ColumnsOf(row)
	if lane != view.Wire {
		return c.Info
	}
	arrow := "·"
	if s := row.Sighting; s != nil && s.Conv != nil {
		arrow = [...]string{"→", "←"}[s.Dir&1]
	}
	return fmt.Sprintf("%s %s %s", arrow, c.Protocol, c.Info)
}

package text

import (
	"fmt"
	"io"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// Live writes findings as they are told: when, what, and what to do.
type Live struct {
	w     io.Writer
	names view.Names
	zone  *time.Location
	style Style
	all   bool
	begun bool
}

// NewLive writes to w with times of day of the zone; all writes also what is only noted of how it was captured.
func NewLive(w io.Writer, names view.Names, zone *time.Location, s Style, all bool) *Live {
	return &Live{w: w, names: names, zone: zone, style: s, all: all}
}

// Told writes one finding.
func (l *Live) Told(t *engine.Told) error {
	f := t.Finding
	if view.Remark(f) && !l.all {
		return nil
	}
	p := &printer{w: l.w}
	if l.begun {
		p.line()
	}
	l.begun = true
	again := ""
	if t.Again {
		again = "again: "
	}
	p.line(time.Unix(0, t.At).In(l.zone).Format("15:04:05.000"), "  ", ranked(f, l.style))
	p.line("   ", l.style.paint(bold, l.style.wrap(again+view.Printable(f.Summary), 3)))
	details(p, f, l.names, l.style)
	if f.Filter != "" {
		item(p, l.style, "filter", f.Filter)
	}
	return p.err
}

// Status is one line on how far a follower is.
func Status(f *engine.Follower, silent time.Duration) string {
	s := fmt.Sprintf("%s, %s, %s", view.Duration(f.Spent()), count(f.Packets, "packet"), view.Bytes(f.Bytes))
	if f.Events > 0 {
		s += ", " + count(f.Events, "event")
	}
	s += fmt.Sprintf(", %s, %s", count(int64(f.Conversations()), "conversation"), count(int64(len(f.Told())), "finding"))
	if silent >= time.Second {
		s += fmt.Sprintf("; nothing for %s", silent.Truncate(time.Second))
	}
	return s
}

// Followed is the report at the end: of all that was told when it is more than the last window has, and of that window.
func Followed(w io.Writer, f *engine.Follower, c *engine.Case, names view.Names, s Style, all bool) error {
	p := &printer{w: w}
	p.line(s.paint(bold, "In all"))
	p.line("  ", Status(f, 0))
	if f.Windows > 0 {
		for _, t := range f.Told() {
			times := ""
			if t.Times > 1 {
				times = fmt.Sprintf(", told %d times", t.Times)
			}
			p.line("  ", s.paint(severityColors[t.Severity], t.Severity.String()), "  ", t.Rule.ID, times)
			p.line("    ", s.wrap(view.Printable(t.About), 4))
		}
		p.line()
		p.line(s.paint(bold, fmt.Sprintf("The last %s", view.Duration(c.Sources[0].Last-c.Sources[0].First))))
	}
	p.line()
	if p.err != nil {
		return p.err
	}
	return Report(w, c, names, s, all)
}

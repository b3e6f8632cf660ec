package text

import (
	"fmt"
	"io"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// Recipe writes how to record what would settle a finding, and what was not judged.
func Recipe(w io.Writer, c *engine.Case, rank int, s Style) error {
	p := &printer{w: w}
	f := &c.Findings[rank-1]
	r := c.Recipe(f)
	p.line(s.paint(bold, s.wrap(fmt.Sprintf("To settle finding %d (%s): %s", rank, f.Rule.ID, view.Printable(f.Summary)), 0)))
	if r == nil {
		list(p, s, "record next", f.NextCapture)
		if len(f.NextCapture) == 0 {
			p.line("  It is about no conversation: there is nothing more to record.")
		}
		settled(p, c, s)
		return p.err
	}
	p.line("  ", s.wrap("record the same at both ends at the same time, while it happens, and give both files to one command.", 2))
	for i := range r.Hosts {
		h := &r.Hosts[i]
		here := ""
		if h.Here {
			here = ", where this capture was taken"
		}
		p.line()
		p.line(s.paint(bold, fmt.Sprintf("At the %s %v%s", h.Role, h.Addr, here)))
		for _, cmd := range h.Commands() {
			// commands are copied: they are not wrapped
			p.line("  ", s.paint(dim, fmt.Sprintf("%-9s", cmd.Tool)), cmd.Start)
			p.line("  ", fmt.Sprintf("%-9s", ""), "end with ", cmd.Stop, ", send ", cmd.Send)
		}
	}
	p.line()
	p.line(s.paint(bold, "How far the clocks are apart"))
	for _, text := range r.Clocks() {
		p.line("  ", s.wrap(text, 4))
	}
	if besides := f.Besides(); len(besides) > 0 {
		p.line()
		p.line(s.paint(bold, "For this fault besides"))
		for _, text := range besides {
			p.line("  ", s.wrap(view.Printable(text), 4))
		}
	}
	settled(p, c, s)
	return p.err
}

// settled says of each quality finding that withheld a diagnosis how to record without it.
func settled(p *printer, c *engine.Case, s Style) {
	var said []string
	for i := range c.Withheld {
		w := &c.Withheld[i]
		how := diag.Settles(w.Because)
		if how == "" || slices.Contains(said, w.Because) {
			continue
		}
		if len(said) == 0 {
			p.line()
			p.line(s.paint(bold, "For what was not judged"))
		}
		said = append(said, w.Because)
		p.line("  ", s.wrap(fmt.Sprintf("%s (it withholds %s): %s", w.Because, w.Rule, how), 4))
	}
}

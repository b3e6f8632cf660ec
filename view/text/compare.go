package text

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/view"
)

// Contrast writes the comparison of two runs, of these files: the verdict, the factors of the ratio, where the time
// of each run went, what if, and what was compared.
func Contrast(w io.Writer, c *contrast.Contrast, paths [2][]string, names [2]view.Names, s Style) error {
	p := &printer{w: w}
	if c.Finding != nil {
		finding(p, nil, c.Finding, 1, names[contrast.Slow], s)
	} else {
		p.line(s.wrap(view.Printable(noDifference(c)), 0))
	}
	p.line()
	p.line(s.paint(bold, "Factors of the ratio"))
	factors(c).print(p, s, "")
	p.line()
	p.line(s.paint(bold, "Where the time went"))
	budgets(c, paths).print(p, s, "")
	whatIfs(p, c, s)
	p.line()
	p.line(s.paint(bold, "What was compared"))
	works(c).print(p, s, "")
	for i, list := range c.Only {
		only(p, c, list, i, s)
	}
	for i, n := range c.Notes {
		if i == 0 {
			p.line()
			p.line(s.paint(bold, "Notes"))
		}
		p.line("  ", s.wrap(view.Printable(n), 2))
	}
	return p.err
}

func noDifference(c *contrast.Contrast) string {
	how := "there is no difference to explain"
	if c.Ratio < 0.95 {
		how = "the one that is named slow is the faster one"
	}
	return fmt.Sprintf("The run that is named good has %s, the one that is named slow %s, a ratio of %.3f: %s.",
		c.RateText(c.Runs[contrast.Good].Rate()), c.RateText(c.Runs[contrast.Slow].Rate()), c.Ratio, how)
}

func factors(c *contrast.Contrast) *table {
	t := newTable("*factor", ">slow run", ">good run", ">factor", ">share of the difference")
	for i := range c.Factors {
		f := &c.Factors[i]
		share := ""
		if c.Finding != nil {
			share = percent(f.Share)
		}
		t.add(f.Kind.String(), factorValue(c, f, f.Slow), factorValue(c, f, f.Good), fmt.Sprintf("%.3f", f.By), share)
	}
	t.add("all", c.RateText(c.Runs[contrast.Slow].Rate()), c.RateText(c.Runs[contrast.Good].Rate()), fmt.Sprintf("%.3f", c.Ratio), "")
	return t
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func factorValue(c *contrast.Contrast, f *contrast.Factor, v float64) string {
	switch f.Kind {
	case contrast.RequestSize:
		return diag.Size(v)
	case contrast.Depth:
		return fmt.Sprintf("%.0f open", v)
	case contrast.FirstByte, contrast.RoundTrip:
		if v == 0 {
			return "hidden"
		}
		return view.Duration(int64(v))
	case contrast.Transfer:
		if v == 0 {
			return ""
		}
		return c.RateText(v)
	}
	return percent(v) + " of the time"
}

// partNames are the parts of the time of a run.
var partNames = [...]string{
	contrast.PartFirstByte: "waiting for a first byte", contrast.PartTransfer: "on its way", contrast.PartOther: "other requests",
	contrast.PartPause: "nothing asked", contrast.PartLoss: "recovering a loss", contrast.PartWindow: "window without room",
}

// files are the names of one run's files, as short as they tell them from those of the other.
func files(paths [2][]string, run int) string {
	names, first := view.NewNames(slices.Concat(paths[0], paths[1])), run*len(paths[0])
	var list []string
	for i := range paths[run] {
		list = append(list, names.Source(first+i))
	}
	return strings.Join(list, ", ")
}

func budgets(c *contrast.Contrast, paths [2][]string) *table {
	t := newTable("*", ">slow run", ">share", ">good run", ">share")
	row := func(what string, cells func(r *contrast.Run, i int) (string, string)) {
		a, as := cells(&c.Runs[contrast.Slow], contrast.Slow)
		b, bs := cells(&c.Runs[contrast.Good], contrast.Good)
		t.add(what, a, as, b, bs)
	}
	single := func(what string, cell func(r *contrast.Run, i int) string) {
		row(what, func(r *contrast.Run, i int) (string, string) { return cell(r, i), "" })
	}
	single("file", func(_ *contrast.Run, i int) string { return view.Printable(files(paths, i)) })
	single("from frame", func(r *contrast.Run, _ int) string { return strconv.FormatInt(r.From.Number, 10) })
	single("to frame", func(r *contrast.Run, _ int) string { return strconv.FormatInt(r.To.Number, 10) })
	single("time", func(r *contrast.Run, _ int) string { return micro(r.Time) })
	for part, name := range partNames {
		if c.Runs[0].Parts[part] == 0 && c.Runs[1].Parts[part] == 0 {
			continue
		}
		row(name, func(r *contrast.Run, _ int) (string, string) { return micro(r.Parts[part]), percent(r.Share(part)) })
	}
	single("requests", func(r *contrast.Run, _ int) string {
		return fmt.Sprintf("%d in %s", r.N, batches(r.Batches))
	})
	if c.Bytes {
		single("content", func(r *contrast.Run, _ int) string { return strconv.FormatInt(r.Moved, 10) + " B" })
	}
	single("first byte, median", func(r *contrast.Run, _ int) string { return spread(r.First, r.First.Median) })
	single("first byte, longest", func(r *contrast.Run, _ int) string { return spread(r.First, r.First.Max) })
	single("rate", func(r *contrast.Run, _ int) string { return c.RateText(r.Rate()) })
	return t
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// micro is a time in microseconds.
func micro(ns int64) string { return strconv.FormatInt((ns+500)/1000, 10) + " µs" }

func whatIfs(p *printer, c *contrast.Contrast, s Style) {
	if len(c.WhatIfs) == 0 {
		return
	}
	p.line()
	p.line(s.paint(bold, "What if, in the slow run"))
	t := newTable("*what if", ">rate", ">of the good run")
	good := c.Runs[contrast.Good].Rate()
	for _, w := range c.WhatIfs {
		t.add(whatIf(c, &w), c.RateText(w.Rate), percent(w.Rate/good))
	}
	t.print(p, s, "")
}

func whatIf(c *contrast.Contrast, w *contrast.WhatIf) string {
	size := fmt.Sprintf("%.0f requests open", w.Depth)
	if c.Bytes {
		size += " of " + diag.Size(w.Size)
	}
	switch w.Kind {
	case contrast.NoPauses:
		return "no pauses of the client"
	case contrast.GoodRequests:
		return size
	case contrast.NoPausesGood:
		return "no pauses, and " + size
	case contrast.Filling:
		return "no pauses, and " + size + ", which fills the way"
	}
	return "something always on its way, at the pace measured"
}

const maxWorks = 10

func works(c *contrast.Contrast) *table {
	t := newTable("command", "*slow run", ">requests", ">bytes", ">passes", "good run", ">requests", ">bytes", ">passes", ">bytes in both")
	for _, w := range c.Work[:min(len(c.Work), maxWorks)] {
		a, b := &w.Shares[contrast.Slow], &w.Shares[contrast.Good]
		t.add(view.Printable(w.Command), workName(a), strconv.Itoa(a.N), moved(a.Moved), passes(a), workName(b), strconv.Itoa(b.N), moved(b.Moved), passes(b), placesInBoth(w))
	}
	if n := len(c.Work) - maxWorks; n > 0 {
		t.add("", fmt.Sprintf("and %d more", n), "", "", "", "", "", "", "", "")
	}
	return t
}

func workName(s *contrast.Share) string {
	if s.Name == "" {
		return "(several)"
	}
	return view.Printable(s.Name)
}

func passes(s *contrast.Share) string {
	if s.Passes() == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", s.Passes())
}

func placesInBoth(w *contrast.Work) string {
	if w.Shares[contrast.Slow].Distinct == 0 || w.Shares[contrast.Good].Distinct == 0 {
		return ""
	}
	return strconv.FormatInt(w.Common, 10)
}

// only says what one run did and the other did not.
func only(p *printer, c *contrast.Contrast, list []*contrast.Work, run int, s Style) {
	if len(list) == 0 {
		return
	}
	var names []string
	n, bytes := 0, int64(0)
	for i, w := range list {
		share := &w.Shares[run]
		n, bytes = n+share.N, bytes+share.Moved
		if i < 3 {
			names = append(names, view.Printable(w.Command)+" "+workName(share))
		}
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	text := fmt.Sprintf("Only in the %s run: %s", [...]string{"slow", "good"}[run], count(int64(n), "request"))
	if c.Bytes {
		text += ", " + count(bytes, "byte")
	}
	p.line(s.wrap(text+": "+strings.Join(names, ", "), 2))
}

package api

import (
	"context"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/plot"
)

// An IOQuery says what is counted over time.
type IOQuery struct {
	Filters      []string      // a line for each; without any, all packets and those with a remark
	Conversation int           // only its rows; -1 for all
	Interval     time.Duration // of one point; 0 for one that fits
	Unit         plot.Unit
	From, To     time.Duration
	Columns      int // as in [PlotQuery]
}

// maxFilters is how many lines an IO graph has.
const maxFilters = 8

func ioQuery(q *query) answering {
	w := IOQuery{Filters: q.list("filter", maxFilters), Conversation: q.conversation(), Interval: q.seconds("interval")}
	w.Unit = plot.Unit(q.one("unit", string(plot.UnitPackets), string(plot.UnitBytes), string(plot.UnitBits)))
	w.From, w.To = q.span()
	w.Columns = q.columns()
	return func(_ context.Context, a *Analysis) (*pass, error) { return a.io(w) }
}

// io counts rows over time.
func (a *Analysis) io(w IOQuery) (*pass, error) {
	opt := plot.Options{Kind: plot.KindNamed("io"), From: w.From, To: w.To, Interval: w.Interval, Columns: w.Columns, Unit: w.Unit, Smooth: 1}
	applications := false
	for _, text := range w.Filters {
		f, err := a.filter(text)
		if err != nil {
			return nil, err
		}
		applications = applications || f.Applications()
		opt.Filters = append(opt.Filters, plot.Filter{Name: text, Match: f.Matcher().Match})
	}
	if len(w.Filters) == 0 {
		opt.Filters = plot.Filters()
	}
	var parts []string
	if w.Conversation >= 0 {
		conv, err := a.conversation(w.Conversation)
		if err != nil {
			return nil, err
		}
		opt.Want = a.selected(conv).Has
		parts = append(parts, view.Line(conv))
	}
	first, last, timed := plot.Span(a.Case)
	if !timed {
		return nil, untimed()
	}
	opt.Start, opt.End = first, last
	if opt.Interval == 0 {
		opt.Interval = opt.UsualInterval()
	}
	if n := opt.Intervals(); n > plot.MaxIntervals {
		return nil, bad(fmt.Sprintf("there are %d intervals of %v, and %d is the most", n, opt.Interval, plot.MaxIntervals), fmt.Sprintf("interval %v, for example", opt.UsualInterval().Seconds()))
	}
	collector := plot.Collect(opt)
	return &pass{applications: applications, visit: func(row *engine.Row) error { collector.Add(row); return nil }, answer: func() any {
		panels, notes := collector.Panels()
		return a.picture(opt.Kind.Title, opt.Start, panels, notes, parts...)
	}}, nil
}

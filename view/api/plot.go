package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/plot"
)

// A PlotQuery says what is plotted.
type PlotQuery struct {
	Kind         string // one of [PlotKinds]
	Conversation int    // its number; -1 for the one with the most payload, of requests for all
	Direction    string // whose data: "a" or "b", the ends of the conversation; "" for who sent more
	From, To     time.Duration
	Columns      int // of pixels, for how thin it is: a series has 16 points for each at most
}

// PlotKinds are the pictures of a conversation, and those of requests.
var PlotKinds = []string{"stevens", "tcptrace", "throughput", "rtt", "window", "service", "depth"}

func plotQuery(q *query) answering {
	w := PlotQuery{Kind: q.one("kind", PlotKinds...), Conversation: q.conversation(), Direction: q.one("direction", "", "a", "b")}
	w.From, w.To = q.span()
	w.Columns = q.columns()
	return func(_ context.Context, a *Analysis) (*pass, error) { return a.plot(w) }
}

// seconds is a parameter with a time in seconds, 0 without it.
func (q *query) seconds(name string) time.Duration {
	text := q.text(name, "0")
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(s >= 0) || s > 1e9 {
		q.fail(fmt.Sprintf("%s %q is no time in seconds", name, text), "")
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// span is the part of the time of a picture that is shown; no end is 0.
func (q *query) span() (from, to time.Duration) {
	from, to = q.seconds("from"), q.seconds("to")
	if to != 0 && to <= from {
		q.fail("to is not after from", "")
	}
	return from, to
}

// plot makes a picture of a conversation, or of requests.
func (a *Analysis) plot(w PlotQuery) (*pass, error) {
	if w.Kind == "service" || w.Kind == "depth" {
		return told(a.plotRequests(w))
	}
	kind := plot.KindNamed(w.Kind)
	if kind == nil || !kind.Conversation {
		return nil, bad(fmt.Sprintf("there is no plot %q", w.Kind), "")
	}
	conv, _ := plot.Largest(a.Case, nil)
	if w.Conversation >= 0 {
		var err error
		if conv, err = a.conversation(w.Conversation); err != nil {
			return nil, err
		}
	}
	switch {
	case conv == nil:
		return nil, unfit("there is no TCP conversation to plot", "")
	case kind.TCP && conv.Proto != proto.TCP:
		return nil, unfit(fmt.Sprintf("conversation %d is %s, and a plot of kind %s is of TCP", conv.ID, view.ProtoName(conv.Proto), kind.Name), "throughput is of any")
	}
	opt := plot.Options{Kind: kind, Conv: conv, From: w.From, To: w.To, Interval: time.Second, Columns: w.Columns, Sender: plot.Sender(conv)}
	if w.Direction != "" {
		opt.Sender = int(w.Direction[0] - 'a')
	}
	timed := false
	if opt.Start, timed = plot.Begin(a.Case, conv); !timed {
		return nil, untimed()
	}
	collector := plot.Collect(opt)
	about := view.Line(conv)
	if kind.Directed {
		about = "data from " + view.Endpoint(conv.Ends[opt.Sender], conv.Proto) + " to " + view.Endpoint(conv.Ends[1-opt.Sender], conv.Proto)
	}
	return &pass{of: []*flow.Conversation{conv}, visit: func(row *engine.Row) error { collector.Add(row); return nil }, answer: func() any {
		panels, notes := collector.Panels()
		return a.picture(kind.Title, opt.Start, panels, notes, about)
	}}, nil
}

func untimed() *Error {
	return unfit("the records have no times, and a plot is over time", "the timeline shows their order")
}

func (a *Analysis) plotRequests(w PlotQuery) (*Picture, error) {
	var parts []string
	if w.Conversation >= 0 {
		conv, err := a.conversation(w.Conversation)
		if err != nil {
			return nil, err
		}
		parts = append(parts, view.Line(conv))
	}
	opt := plot.Options{From: w.From, To: w.To, Columns: w.Columns}
	timed := false
	if opt.Start, _, timed = plot.Span(a.Case); !timed {
		return nil, untimed()
	}
	var list []*request.Request
	for i := range a.Case.Requests.Requests {
		if r := &a.Case.Requests.Requests[i]; w.Conversation < 0 || r.Conv == w.Conversation {
			list = append(list, r)
		}
	}
	if w.Kind == "depth" {
		return a.picture("Open requests", opt.Start, plot.Depth(opt, list), nil, parts...), nil
	}
	return a.picture("Service time", opt.Start, plot.Service(opt, list), nil, parts...), nil
}

package api

import (
	"context"
	"net/url"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
)

// A pass is how a question is answered: what looks at the rows of the files, and what it has seen in the end.
type pass struct {
	of           []*flow.Conversation                         // all that it looks at; nil for everything
	applications bool                                         // rows need the layers of applications
	clock        *clock                                       // records come in the order of this one clock; nil for their own times
	hear         func(*flow.Conversation) func(*stream.Heard) // listens to conversations, nil to none
	visit        func(*engine.Row) error                      // nil when no file needs to be read
	answer       func() any
}

// told is an answer that takes no pass.
func told(v any, err error) (*pass, error) {
	return &pass{answer: func() any { return v }}, err
}

// A Question is a resource of the case with the parameters of its address.
type Question struct {
	Name       string
	Parameters url.Values
}

// An Answer is that of a question, or why there is none.
type Answer struct {
	Value any
	Err   error
}

// All answers questions with one pass over the files for all of them, in which records are gathered too when they are not nil. The error is that of the pass.
func (a *Analysis) All(ctx context.Context, questions []Question, records *Records) ([]Answer, error) {
	out, passes := make([]Answer, len(questions)), make([]*pass, len(questions))
	var run []*pass
	for i, q := range questions {
		understood, _, err := ask(q.Name, q.Parameters)
		if err == nil {
			passes[i], err = understood(ctx, a)
		}
		if out[i].Err = err; err == nil {
			run = append(run, passes[i])
		}
	}
	if records != nil {
		records.of = a.Case
		run = append(run, &pass{applications: true, visit: records.visit})
	}
	if err := a.pass(ctx, run...); err != nil {
		return nil, err
	}
	for i, p := range passes {
		if out[i].Err == nil {
			out[i].Value = p.answer()
		}
	}
	return out, nil
}

// pass reads the files once for all that want it. Records of several points come in the order of the one clock when any wants that.
func (a *Analysis) pass(ctx context.Context, all ...*pass) error {
	opt := a.again()
	var visits []func(*engine.Row) error
	var hears []func(*flow.Conversation) func(*stream.Heard)
	applications := false
	for _, p := range all {
		if p.visit == nil {
			continue
		}
		visits = append(visits, p.visit)
		applications = applications || p.applications
		if p.hear != nil {
			hears = append(hears, p.hear)
		}
		if p.clock != nil {
			opt.Clock = p.clock.at
		}
	}
	if len(visits) == 0 {
		return nil
	}
	if applications || len(hears) > 0 {
		opt.Applications = stream.NewChoice(a.Options.DecodeAs)
	}
	if len(hears) > 0 {
		opt.Applications.Hear = heardByAll(hears)
	}
	paths := a.Paths
	if convs := ofAll(all); convs != nil && a.Narrow != nil {
		paths, opt = a.Narrow(opt, convs)
	}
	run, err := engine.Open(ctx, paths, opt)
	if err != nil {
		return err
	}
	defer run.Close()
	return run.Each(func(row *engine.Row) error {
		for _, visit := range visits {
			if err := visit(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// ofAll are the conversations that passes look at, nil when one looks at everything.
func ofAll(all []*pass) (convs []*flow.Conversation) {
	for _, p := range all {
		if p.visit == nil {
			continue
		}
		if p.of == nil {
			return nil
		}
		convs = append(convs, p.of...)
	}
	return convs
}

// heardByAll hands what is heard of a conversation to all who listen to it.
func heardByAll(hears []func(*flow.Conversation) func(*stream.Heard)) func(*flow.Conversation) func(*stream.Heard) {
	return func(c *flow.Conversation) func(*stream.Heard) {
		var to []func(*stream.Heard)
		for _, hear := range hears {
			if listen := hear(c); listen != nil {
				to = append(to, listen)
			}
		}
		switch len(to) {
		case 0:
			return nil
		case 1:
			return to[0]
		}
		return func(h *stream.Heard) {
			for _, listen := range to {
				listen(h)
			}
		}
	}
}

// again are the options of a further pass: nobody looks at findings, and nothing is collected.
func (a *Analysis) again() engine.Options {
	opt := a.Options
	opt.Case, opt.Rules, opt.Applications, opt.Clock = a.Case, []*diag.Rule{}, nil, nil
	opt.Requests, opt.Points, opt.Matches, opt.Progress, opt.Comparing = false, false, false, nil, nil
	return opt
}

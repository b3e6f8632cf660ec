package plot

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// KindNamed is the graph of that name, nil when there is none.
func KindNamed(name string) *Kind {
	for _, k := range Kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// Largest is the TCP conversation with the most payload, the first of several
// equal ones, and how many there were to choose from. A selection, when it is
// not nil, limits them to those of its process.
func Largest(c *engine.Case, sel *view.Selection) (best *flow.Conversation, among int) {
	for conv := range c.Conversations.All() {
		if conv.Proto != proto.TCP || sel != nil && !sel.Owns(conv) {
			continue
		}
		among++
		if best == nil || payload(conv) > payload(best) {
			best = conv
		}
	}
	return best, among
}

func payload(c *flow.Conversation) int64 { return c.Dir[0].Payload + c.Dir[1].Payload }

// Sender is the end that sent more payload.
func Sender(c *flow.Conversation) int {
	if c.Dir[1].Payload > c.Dir[0].Payload {
		return 1
	}
	return 0
}

// Span is the time that the records of all sources cover; false when no record has a time.
func Span(c *engine.Case) (first, last int64, ok bool) {
	first, last = trace.NoTime, trace.NoTime
	for _, s := range c.Sources {
		if s.First == trace.NoTime || s.Info.Untimed {
			continue
		}
		if first == trace.NoTime || s.First < first {
			first = s.First
		}
		last = max(last, s.Last)
	}
	return first, last, first != trace.NoTime
}

// Begin is the time of the first packet of a conversation, of its source when
// that has none; false when the source has no times.
func Begin(c *engine.Case, conv *flow.Conversation) (int64, bool) {
	if view.Untimed(c, conv.Source) {
		return 0, false
	}
	if conv.First.Time != trace.NoTime {
		return conv.First.Time, true
	}
	first := c.Sources[conv.Source].First
	return first, first != trace.NoTime
}

// New puts a plot together from what was collected. Paths are the files as the
// user named them, zone is that of the time in the axis.
func New(opt Options, from Collector, paths []string, zone *time.Location) *Plot {
	p := &Plot{Title: opt.Kind.Title, From: int64(opt.From)}
	p.Panels, p.Notes = from.Panels()
	if b := p.bucket(); b > 0 {
		p.Notes = append(p.Notes, "too many points to draw them all: where they crowd, the first, last, lowest and highest of each "+view.Duration(int64(b))+" are drawn")
	}
	var parts []string
	what := "first record"
	if c := opt.Conv; c != nil {
		if c.Source < len(paths) {
			paths = paths[c.Source : c.Source+1]
		}
		what = "first packet of the conversation"
		if opt.Kind.Directed {
			parts = append(parts, "data from "+view.Endpoint(c.Ends[opt.Sender], c.Proto)+" to "+view.Endpoint(c.Ends[1-opt.Sender], c.Proto))
		} else {
			parts = append(parts, view.Line(c))
		}
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	p.Subtitle = view.Printable(strings.Join(append(parts, strings.Join(names, ", ")), ", "))
	p.Time = "time since " + time.Unix(0, opt.Start).In(zone).Format("2006-01-02 15:04:05.000000 MST") + ", the " + what
	return p
}

// bucket is the longest of the series.
func (p *Plot) bucket() (longest time.Duration) {
	for _, panel := range p.Panels {
		for _, s := range panel.Series {
			longest = max(longest, s.Bucket)
		}
	}
	return longest
}

package capture

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

//go:embed drops_reported.md
var dropsPage string

// DropsReported: the recorder lost packets (Q1).
var DropsReported = &diag.Rule{ID: "cap.drops.reported", Title: "the recorder lost packets or events", Page: dropsPage, Quality: true, Run: dropsReported}

// lossRules are silenced where the recorder lost packets itself: a lost answer looks like none. So are gapRules.
var lossRules = []string{"tcp.syn.silent", "ssrp.no_reply", "dns.no_reply", "fw.silent_drop", "fw.idle_timeout", "fw.rst_injected"}

func dropsReported(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i := range in.Sources {
		var mine []diag.Loss
		for _, l := range in.Losses {
			if l.Source == i {
				mine = append(mine, l)
			}
		}
		if len(mine) > 0 {
			out = append(out, sourceDrops(in, i, mine))
		}
	}
	return out
}

// sourceDrops is the finding on one source: what was lost where and when, and the conversations that it may have hit.
func sourceDrops(in *diag.Input, source int, losses []diag.Loss) diag.Finding {
	s := in.Sources[source]
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: source, Silences: slices.Concat(lossRules, gapRules),
		Fix: []string{"record again with larger buffers, a filter, or a snap length"},
	}
	var parts []string
	for _, t := range totals(losses) {
		parts = append(parts, t.text(s))
		f.Count += int(t.count)
		f.Facts = append(f.Facts, t.facts(in, s)...)
	}
	for _, l := range losses {
		if l.Kind == diag.LostBeforePacket && l.Before.Seen() {
			f.Where = append(f.Where, l.Before.Pos)
			f.Filter = "frame.drop_count > 0"
		}
		if l.Interface < 0 && !l.After.Seen() && !l.Before.Seen() {
			f.Everywhere = true
		}
	}
	what := diag.List(parts, 4)
	f.Summary = fmt.Sprintf("%s: the recorder lost %s; gaps there may be its own, not the network's", s.Name, what)
	f.Why = "the recorder lost " + what
	if uncertain(s, losses) {
		f.Confidence = diag.Possible
		f.Summary = fmt.Sprintf("%s: the recorder lost %s, or the capture filter would not have kept them; gaps there may be its own", s.Name, what)
	}
	if f.Everywhere {
		return f
	}
	for c := range in.Conversations.All() {
		if c.Source == source && (c.Proto == proto.TCP || c.Proto == proto.UDP) && hit(in, c, losses) {
			f.Conversations = append(f.Conversations, c)
		}
	}
	return f
}

// uncertain reports whether all that was lost may have been packets that the capture filter leaves out: a driver counts without it.
func uncertain(s *trace.Info, losses []diag.Loss) bool {
	for _, l := range losses {
		if l.Kind != diag.LostByInterface || l.Interface < 0 || l.Interface >= len(s.Interfaces) || s.Interfaces[l.Interface].Filter == "" {
			return false
		}
	}
	return true
}

// answerTime is how long after the last packet of a connection an answer may still be lost.
const answerTime = 3 * time.Second

// hit reports whether a loss may have been a packet of the connection: on one of its interfaces, during its life or soon after.
func hit(in *diag.Input, c *flow.Conversation, losses []diag.Loss) bool {
	for _, l := range losses {
		if l.Interface >= 0 && c.Interfaces != 0 && c.Interfaces&(1<<min(uint(l.Interface), 63)) == 0 {
			continue
		}
		if l.Before.Seen() && l.Before.Pos.Number < c.First.Pos.Number {
			continue // over before the connection began
		}
		if l.After.Seen() && l.After.Pos.Number >= c.Last.Pos.Number {
			if d, ok := in.Elapsed(c.Last, l.After); ok && d > answerTime {
				continue
			}
		}
		return true
	}
	return false
}

// A total is what one interface lost in one way.
type total struct {
	iface       int
	kind        diag.LossKind
	count       int64
	places      int
	first, last diag.Loss
}

// totals sums the losses by interface and kind, in order of appearance.
func totals(losses []diag.Loss) []*total {
	type key struct {
		iface int
		kind  diag.LossKind
	}
	index := map[key]*total{}
	var out []*total
	for _, l := range losses {
		k := key{l.Interface, l.Kind}
		t := index[k]
		if t == nil {
			t = &total{iface: l.Interface, kind: l.Kind, first: l}
			index[k] = t
			out = append(out, t)
		}
		t.count += l.Count
		t.places++
		t.last = l
	}
	return out
}

func (t *total) text(s *trace.Info) string {
	on := ""
	if name := diag.Interface(s, t.iface); name != "" {
		on = " on " + name
	}
	switch t.kind {
	case diag.LostEvents:
		return diag.Count(t.count, "event")
	case diag.LostBuffers:
		return diag.Count(t.count, "buffer")
	case diag.LostByInterface:
		return diag.Count(t.count, "packet") + on + " (dropped by the interface)"
	case diag.LostBySystem:
		return diag.Count(t.count, "packet") + on + " (dropped by the operating system)"
	}
	places := ""
	if t.places > 1 {
		places = fmt.Sprintf(" in %d places", t.places)
	}
	return diag.Count(t.count, "packet") + on + places
}

// facts say between which records the loss lies, when the recorder tells.
func (t *total) facts(in *diag.Input, s *trace.Info) []diag.Fact {
	if t.kind != diag.LostBeforePacket || !t.first.Before.Seen() {
		return nil
	}
	name := "lost before frame"
	value := fmt.Sprint(t.first.Before.Pos.Number)
	if t.places > 1 {
		name, value = "lost between frames", fmt.Sprintf("%d and %d", max(t.first.After.Pos.Number, 1), t.last.Before.Pos.Number)
	}
	if d, ok := in.Elapsed(t.first.After, t.last.Before); ok && t.first.After.Seen() {
		value += ", within " + diag.Duration(d)
	}
	return []diag.Fact{{Name: name, Value: value}}
}

package api

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A ConversationQuery says which conversations, and in which order.
type ConversationQuery struct {
	Range
	Sort   string // one of [ConversationColumns], the first when empty
	Desc   bool
	Text   string // a part of an end, of the protocol, of the process or of how it ended
	Filter string // a display filter: those with frames that pass
}

// ConversationColumns are those that conversations can be sorted by.
var ConversationColumns = []string{"id", "a", "b", "packets", "bytes", "duration", "rtt", "retransmissions", "process", "first"}

func conversationsQuery(q *query) answering {
	w := ConversationQuery{q.part(), q.one("sort", ConversationColumns...), q.flag("desc"), q.text("q", ""), q.text("filter", "")}
	return func(ctx context.Context, a *Analysis) (*pass, error) { return told(a.Conversations(ctx, w)) }
}

// Conversations are `conversation` lines.
func (a *Analysis) Conversations(ctx context.Context, w ConversationQuery) (Page, error) {
	list, err := a.orders.of(w, func() ([]int32, error) { return a.chosen(ctx, w) })
	if err != nil {
		return Page{}, err
	}
	total := a.Case.Conversations.Len()
	at := func(i int) int { return i }
	if list != nil {
		total, at = len(list), func(i int) int { return int(list[i]) }
	}
	return page(w.Range, total, func(i int) any {
		return jsonl.ConversationOf(a.Case, a.Case.Conversations.At(at(i)))
	}), nil
}

// chosen are the numbers of the conversations that are wanted, in order; nil for all of them in the order of their numbers.
func (a *Analysis) chosen(ctx context.Context, w ConversationQuery) ([]int32, error) {
	if w.Filter == "" && w.Text == "" && w.Sort == ConversationColumns[0] && !w.Desc {
		return nil, nil
	}
	wanted := func(int) bool { return true }
	if w.Filter != "" {
		passing, err := a.passing(ctx, w.Filter)
		if err != nil {
			return nil, err
		}
		wanted = passing
	}
	text := strings.ToLower(w.Text)
	c := a.Case
	take := func(visit func(int, *flow.Conversation)) {
		for i := range c.Conversations.Len() {
			if !wanted(i) {
				continue
			}
			if conv := c.Conversations.At(i); text == "" || mentions(c, conv, text) {
				visit(i, conv)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	number := func(of func(*flow.Conversation) int64) []int32 { return sorted(take, of, cmp.Compare[int64], w.Desc) }
	measure := func(of func(*view.Measure) int64) []int32 {
		return number(func(conv *flow.Conversation) int64 { m := view.MeasureOf(c, conv); return of(&m) })
	}
	switch w.Sort {
	case "a", "b":
		end := int(w.Sort[0] - 'a')
		return sorted(take, func(conv *flow.Conversation) flow.Outline { return flow.Outline{Ends: conv.Ends} }, func(x, y flow.Outline) int {
			return cmp.Or(x.Ends[end].Compare(y.Ends[end]), x.Ends[1-end].Compare(y.Ends[1-end]))
		}, w.Desc), nil
	case "packets":
		return measure(func(m *view.Measure) int64 { return m.Packets }), nil
	case "bytes":
		return measure(func(m *view.Measure) int64 { return m.Bytes }), nil
	case "duration":
		return measure(func(m *view.Measure) int64 { return known(m.Duration, m.Timed) }), nil
	case "rtt":
		return measure(func(m *view.Measure) int64 { return known(m.RTT, m.HasRTT) }), nil
	case "retransmissions":
		return measure(func(m *view.Measure) int64 { return m.Retransmissions }), nil
	case "process":
		return sorted(take, func(conv *flow.Conversation) string { return processName(c, conv) }, cmp.Compare[string], w.Desc), nil
	case "first":
		return number(func(conv *flow.Conversation) int64 { return conv.First.Time }), nil
	}
	return number(func(conv *flow.Conversation) int64 { return int64(conv.ID) }), nil
}

// known is a number that sorts before all others when it is not known.
func known(n int64, is bool) int64 {
	if !is {
		return math.MinInt64
	}
	return n
}

func processName(c *engine.Case, conv *flow.Conversation) string {
	if p := view.MeasureOf(c, conv).Process; p != nil {
		return strings.ToLower(p.Name) + " " + strconv.FormatUint(uint64(p.PID), 10)
	}
	return ""
}

// mentions reports whether what a list shows of a conversation has a text, which is in small letters.
func mentions(c *engine.Case, conv *flow.Conversation, text string) bool {
	m := view.MeasureOf(c, conv)
	return strings.Contains(strings.ToLower(view.Line(conv)+" "+m.End), text) || m.Process != nil && strings.Contains(strings.ToLower(view.ProcessName(m.Process)), text)
}

// passing makes a pass, and says which conversations have a frame that passes a filter.
func (a *Analysis) passing(ctx context.Context, text string) (func(int) bool, error) {
	f, err := a.filter(text)
	if err != nil {
		return nil, err
	}
	seen := make([]uint64, (a.Case.Conversations.Len()+63)/64)
	note := func(conv *flow.Conversation) {
		if conv != nil && conv.ID>>6 < len(seen) {
			seen[conv.ID>>6] |= 1 << (conv.ID & 63)
		}
	}
	m := f.Matcher()
	err = a.pass(ctx, &pass{applications: f.Applications(), visit: func(row *engine.Row) error {
		if m.Match(row) {
			note(row.Object.Conv)
			if row.Sighting != nil {
				note(row.Sighting.Conv)
			}
		}
		return nil
	}})
	return func(i int) bool { return seen[i>>6]>>(i&63)&1 != 0 }, err
}

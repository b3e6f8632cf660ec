package jsonl

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
)

// ReportOf are the objects of [Case] that tell of the case as a whole, in the same order: without the lists of conversations, processes, sockets,
// calls, control blocks and joins, and with at most so many elements of each list inside that grows with the traffic.
func ReportOf(c *engine.Case, most int) []any {
	e, out := values(c)
	e.most = most
	e.judged()
	e.drops()
	e.losses()
	e.put(summary(c))
	return *out
}

// ContrastOf are the objects of [Contrast].
func ContrastOf(cases [2]*engine.Case, c *contrast.Contrast) []any {
	e, out := values(cases[contrast.Slow])
	e.contrast(c)
	return *out
}

// values is an encoder that keeps what it is given.
func values(c *engine.Case) (*encoder, *[]any) {
	out := &[]any{}
	return &encoder{c: c, to: func(v any) error { *out = append(*out, v); return nil }}, out
}

// ConversationOf is a conversation of a case.
func ConversationOf(c *engine.Case, conv *flow.Conversation) Conversation {
	return (&encoder{c: c}).conversation(conv)
}

// RuleOf is a diagnosis of the catalogue.
func RuleOf(r *diag.Rule) Rule {
	return Rule{kind("rule"), r.ID, r.Title, r.Quality, r.WithheldBy}
}

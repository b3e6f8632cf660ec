// Package jsonl writes cases and rows as JSON Lines: one object a line, each
// with the version of the schema and its kind. docs/jsonl.md describes every
// field; a test holds the two together.
//
// Times are ISO 8601 in UTC with nanoseconds; durations are integers in
// nanoseconds. What is not known is left out, never invented: a trace whose
// clock did not advance has no times and no durations.
package jsonl

import (
	"encoding/json"
	"io"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Schema is the version of the shapes. A new field does not change it; a changed or removed one does.
const Schema = "wiretale/1"

// head begins every object.
type head struct {
	Schema string `json:"schema"`
	Kind   string `json:"kind"`
}

func kind(k string) head { return head{Schema, k} }

// A Place is a record: the index of its source, its number there, its byte offset.
type Place struct {
	Source int   `json:"source" doc:"index of the source, from 0"`
	Frame  int64 `json:"frame" doc:"number of the record in its source, from 1: the number that Wireshark or Network Monitor shows"`
	Offset int64 `json:"offset" doc:"byte offset of the record in the uncompressed file; in a compressed ETL buffer, of the buffer"`
}

func place(p trace.Pos) Place { return Place{p.Source, p.Number, p.Offset} }

// placeOf is nil for a moment that did not happen.
func placeOf(m flow.Moment) *Place {
	if !m.Seen() {
		return nil
	}
	p := place(m.Pos)
	return &p
}

// A Process as other objects refer to it.
type Process struct {
	PID  uint32 `json:"pid" doc:"process id"`
	Name string `json:"name,omitempty" doc:"image file name without path"`
}

func process(p *session.Process) *Process {
	if p == nil {
		return nil
	}
	return &Process{p.PID, p.Name}
}

// An encoder hands out objects and remembers the first error.
type encoder struct {
	c    *engine.Case
	to   func(any) error
	most int // elements of lists that grow with the traffic, 0 for all of them
	err  error
}

func newEncoder(w io.Writer, c *engine.Case) *encoder {
	to := json.NewEncoder(w)
	to.SetEscapeHTML(false)
	return &encoder{c: c, to: to.Encode}
}

func (e *encoder) put(v any) {
	if e.err == nil {
		e.err = e.to(v)
	}
}

// limited is as much of a list as e hands out.
func limited[T any](e *encoder, list []T) []T {
	if e.most > 0 {
		return list[:min(e.most, len(list))]
	}
	return list
}

// time of a moment, "" when it did not happen or its source has no times.
func (e *encoder) time(m flow.Moment) string {
	if !m.Seen() || view.Untimed(e.c, m.Pos.Source) {
		return ""
	}
	return view.ISO(m.Time)
}

// between is the time from a to b, nil when it cannot be known.
func (e *encoder) between(a, b flow.Moment) *int64 {
	if !a.Seen() || !b.Seen() || view.Untimed(e.c, a.Pos.Source) || a.Time == trace.NoTime || b.Time == trace.NoTime {
		return nil
	}
	d := b.Time - a.Time
	return &d
}

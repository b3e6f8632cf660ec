package cleartext

import (
	"slices"

	"github.com/wiretale/wiretale/internal/redact"
	"github.com/wiretale/wiretale/internal/stream"
)

// edits are what is changed of the bytes of a side, in the order of their offsets.
type edits struct {
	list []edit
	seen []span // that somebody looked through, none touches another
}

// A span is from an offset to another one, which is excluded.
type span struct{ from, to int64 }

// An edit puts other bytes in the place of those at an offset.
type edit struct {
	at   int64
	with []byte
}

// redactor is that of a depth.
func (c *conversation) redactor(depth int) *redact.Session {
	p := c.at.place(0, depth)
	r := c.redactors[p]
	if r == nil {
		if c.redactors == nil {
			c.redactors = map[place]*redact.Session{}
		}
		r = new(redact.Session)
		c.redactors[p] = r
	}
	return r
}

// unit looks a unit through that begins at an offset.
func (e *edits) unit(r *redact.Session, m *stream.Message, at int64) {
	found, known := r.Unit(m.Unit)
	for _, f := range found {
		e.list = append(e.list, edit{at + int64(f.Off), f.With})
	}
	if known {
		e.look(span{at, at + int64(m.Len)})
	}
}

// look notes that a span was looked through.
func (e *edits) look(s span) {
	if n := len(e.seen); n > 0 && e.seen[n-1].to == s.from {
		e.seen[n-1].to = s.to
		return
	}
	e.seen = append(e.seen, s)
}

// done puts edits in order: units come in that in which they are whole.
func (e *edits) done() {
	slices.SortStableFunc(e.list, func(a, b edit) int { return int(min(max(a.at-b.at, -1), 1)) })
	slices.SortFunc(e.seen, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
}

// redacted are the bytes of a side at an offset without what is not to be shown. They are valid until the next call.
func (w *Writer) redacted(s *side, at int64, data []byte) []byte {
	b := append(w.scratch[:0], data...)
	w.scratch = b
	end := at + int64(len(b))
	if s == nil {
		w.blank(b)
		return b
	}
	next := at // what was not looked through is not known to be harmless
	for i, _ := slices.BinarySearchFunc(s.edits.seen, at, func(s span, at int64) int { return int(min(max(s.to-at, -1), 1)) }); i < len(s.edits.seen) && s.edits.seen[i].from < end; i++ {
		seen := s.edits.seen[i]
		if seen.from > next {
			w.blank(b[next-at : seen.from-at])
		}
		next = max(next, min(seen.to, end))
	}
	w.blank(b[next-at:])
	i, _ := slices.BinarySearchFunc(s.edits.list, at-redact.Longest, func(e edit, at int64) int { return int(min(max(e.at-at, -1), 1)) })
	for ; i < len(s.edits.list) && s.edits.list[i].at < end; i++ {
		e := &s.edits.list[i]
		from, to := max(e.at, at), min(e.at+int64(len(e.with)), end)
		if from >= to {
			continue
		}
		copy(b[from-at:to-at], e.with[from-e.at:])
		if from == e.at {
			w.Redacted++
		}
	}
	return b
}

// blank fills b with what nobody takes for text of a sender.
func (w *Writer) blank(b []byte) {
	for i := range b {
		b[i] = redact.Blank
	}
	w.Blanked += int64(len(b))
}

package provider

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// A composer makes the layout of an event from the fields that were put into it,
// and keeps the layouts that it made: most events have one of few.
type composer struct {
	ids   []byte // of the fields in the vocabulary
	known map[composition]*Definition
	kept  any
}

// A composition is what a layout is made of.
type composition struct{ name, ids string }

// maxCompositions bounds the layouts that are kept: Process Monitor has some hundred, a hostile file may have any number.
const maxCompositions = 4096

// lay has the provider lay out the record.
func (e *Event) lay(p *Provider, rec *trace.Record) bool {
	e.Provider = p
	e.pointer = pointerSize(rec.Event)
	e.composer.ids = e.composer.ids[:0]
	p.Lay(e, rec)
	return e.Def != nil
}

// Put adds a field to the event that is being laid out: its number in the
// vocabulary that Compose gets, its value, and where it lies in the payload.
func (e *Event) Put(id uint8, v field.Value, at field.Span) {
	e.composer.ids = append(e.composer.ids, id)
	e.Values = append(e.Values, v)
	e.Spans = append(e.Spans, at)
}

// PutList adds a list of strings or numbers.
func (e *Event) PutList(id uint8, list []field.Value, at field.Span) {
	if e.Arrays == nil {
		e.Arrays = map[int][]field.Value{}
	}
	first := len(e.elements)
	e.elements = append(e.elements, list...)
	e.Arrays[len(e.Values)] = e.elements[first:len(e.elements):len(e.elements)]
	e.Put(id, field.Value{}, at)
}

// Compose ends the layout of an event with this name. The vocabulary is all
// fields that the provider's events have, always the same one.
func (e *Event) Compose(key Key, name string, vocabulary []Field) {
	c := &e.composer
	if d := c.known[composition{name, string(c.ids)}]; d != nil {
		e.Def = d
		return
	}
	d := &Definition{Key: key, Name: name}
	for _, id := range c.ids {
		f := vocabulary[id]
		f.LengthOf, f.CountOf = -1, -1
		d.Fields = append(d.Fields, f)
	}
	d.complete()
	if c.known == nil {
		c.known = map[composition]*Definition{}
	}
	if len(c.known) < maxCompositions {
		c.known[composition{name, string(c.ids)}] = d
	}
	e.Def = d
}

// UTF16 decodes UTF-16LE, and keeps short strings: the same come again and again.
func (e *Event) UTF16(b []byte) string { return e.word16(b) }

// UTF8 is the string of b, kept when it is short; bytes that are not UTF-8 stay as they are.
func (e *Event) UTF8(b []byte) string { return e.word8(b) }

// AppendSafe appends text of a trace; control characters and bytes that are not UTF-8 become escapes such as \x1b.
func AppendSafe(dst []byte, s string) []byte { return appendSafe(dst, s) }

// Kept is what Lay keeps for the next event that is laid out in e, nil at first.
func (e *Event) Kept() *any { return &e.composer.kept }

// Word is the number in the vocabulary of field i, as Put had it.
func (e *Event) Word(i int) uint8 { return e.composer.ids[i] }

// Package pop takes connections of POP3 apart (RFC 1939): commands, responses
// and the lines behind them, by their length. Field names are Wireshark's.
package pop

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds POP3 in connections: on the port that Wireshark takes for it, and on any other by a greeting that names it.
var Stream = proto.Stream{ID: proto.POP, Ports: []uint16{110}, Looks: looks, First: "+", New: func() proto.Session { return new(session) }}

// looks reports whether b begins with a greeting that names the protocol (RFC 1939, 4).
func looks(b []byte) bool {
	end, next := line.End(b, 0)
	return next != 0 && bytes.HasPrefix(b, []byte("+OK")) && bytes.Contains(b[:end], []byte("POP3"))
}

// A Kind is what a layer has.
type Kind uint64

const (
	Request  Kind = iota + 1
	Response      // begins with one
	Rest          // goes on with the lines behind a response
)

// What a note says of a layer.
const noteKind = 0

// KindOf is what a layer has, as its note has it.
func KindOf(note *field.Note) Kind { return Kind(note[noteKind]) }

// responds reports whether a line begins a response (RFC 1939, 3; RFC 5034, 4 for the plus sign alone).
func responds(b []byte) bool {
	return bytes.HasPrefix(b, []byte("+OK")) || bytes.HasPrefix(b, []byte("-ERR")) || bytes.HasPrefix(b, []byte("+ ")) || len(b) == 1 && b[0] == '+'
}

// text is a part of the first line of layers of a kind.
func text(kind Kind, name, title string, where func(b []byte, end, next int) (from, to int)) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		if KindOf(note) != kind || len(b) == 0 {
			return
		}
		end, next := line.End(b, 0)
		if next == 0 {
			next = len(b)
		}
		if from, to := where(b, end, next); from < to {
			yield(field.Span{Off: from, Len: to - from}, field.S(string(b[from:to])))
		}
	}}
}

// data are the lines behind the first one of layers of a kind.
func data(kind Kind, name string) field.Field {
	return field.Field{Name: name, Title: "Data", Type: field.String, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		if KindOf(note) != kind {
			return
		}
		line.Each(b, func(at, _, next int) bool {
			return at == 0 || yield(field.Span{Off: at, Len: next - at}, field.S(string(b[at:next])))
		})
	}}
}

func whole(_ []byte, _, next int) (from, to int) { return 0, next }

func word(b []byte, end, _ int) (from, to int) {
	to, _ = line.Token(b[:end], 0)
	return 0, to
}

func behind(b []byte, end, _ int) (from, to int) {
	_, from = line.Token(b[:end], 0)
	return from, end
}

// Fields are those of a layer.
var Fields = field.Table{Proto: "pop", Title: "Post Office Protocol", Fields: []field.Field{
	text(Request, "pop.request", "Request", whole),
	text(Request, "pop.request.command", "Request command", word),
	text(Request, "pop.request.parameter", "Request parameter", behind),
	data(Request, "pop.request.data"),
	text(Response, "pop.response", "Response", whole),
	text(Response, "pop.response.indicator", "Response indicator", word),
	text(Response, "pop.response.description", "Response description", behind),
	data(Response, "pop.response.data"),
}}

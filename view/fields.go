package view

import (
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	protos "github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// A Column is a field chosen with -e.
type Column struct {
	Name string
	each func(row *engine.Row, yield func(string) bool) // texts as Text has them
}

// Values are the texts of all occurrences of the field in a row, outer layers first.
func (c *Column) Values(row *engine.Row) []string {
	var out []string
	c.each(row, func(s string) bool { out = append(out, Printable(s)); return true })
	return out
}

// Texts are the same with control characters as they are, for formats that have escapes of their own.
func (c *Column) Texts(row *engine.Row) []string {
	var out []string
	c.each(row, func(s string) bool { out = append(out, s); return true })
	return out
}

// rowFields are those of session.Fields, and what only a view can tell.
var rowFields = append(slices.Clone(session.Fields()), viewFields...)

// rowField is the field of session.Fields with this name.
func rowField(name string) *field.Of[engine.Row] {
	all := session.Fields()
	return &all[slices.IndexFunc(all, func(f field.Of[engine.Row]) bool { return f.Name == name })]
}

var viewFields = []field.Of[engine.Row]{
	{Name: "frame.time", Title: "Arrival Time, ISO 8601", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) {
		return field.S(ISO(r.Record.Time)), r.Record.Time != trace.NoTime
	}},
	{Name: "frame.offset", Title: "Byte offset of the record in the file", Type: field.Uint, Get: func(r *engine.Row) (field.Value, bool) { return field.U(uint64(r.Record.Pos.Offset)), true }},
	{Name: "sighting.place", Title: "Layer or component of the stack that saw the packet", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) {
		if !Layered(r) {
			return field.Value{}, false
		}
		return field.S(r.Record.Meta.Layer), true
	}},
	{Name: "sighting.component", Title: "pktmon's number of the component", Type: field.Uint, Get: func(r *engine.Row) (field.Value, bool) {
		if !Layered(r) || !r.Record.Meta.HasEdge {
			return field.Value{}, false
		}
		return field.U(uint64(r.Record.Meta.Component)), true
	}},
	{Name: "sighting.edge", Title: "pktmon's number of the component's edge", Type: field.Uint, Get: func(r *engine.Row) (field.Value, bool) {
		if !Layered(r) || !r.Record.Meta.HasEdge {
			return field.Value{}, false
		}
		return field.U(uint64(r.Record.Meta.Edge)), true
	}},
	{Name: "sighting.of", Title: "First sighting of the packet, when this is a further one", Type: field.Uint, Get: func(r *engine.Row) (field.Value, bool) {
		if !Placed(r) || r.Sighting.Of.Number == 0 {
			return field.Value{}, false
		}
		return field.U(uint64(r.Sighting.Of.Number)), true
	}},
	{Name: "sighting.since", Title: "Seconds since the first sighting of the packet", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) {
		if !Placed(r) || r.Sighting.Of.Number == 0 {
			return field.Value{}, false
		}
		return field.S(Seconds(r.Sighting.Since, 9)), true
	}},
	{Name: "sighting.drop_reason", Title: "Why the host dropped the packet", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) {
		if !Layered(r) || r.Record.Meta.Drop == nil {
			return field.Value{}, false
		}
		return field.S(DropText(r.Record.Meta.Drop)), true
	}},
	{Name: "_ws.col.Source", Title: "Source", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) { return field.S(ColumnsOf(r).Source), true }},
	{Name: "_ws.col.Destination", Title: "Destination", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) { return field.S(ColumnsOf(r).Destination), true }},
	{Name: "_ws.col.Protocol", Title: "Protocol", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) { return field.S(ColumnsOf(r).Protocol), true }},
	{Name: "_ws.col.Info", Title: "Info", Type: field.String, Get: func(r *engine.Row) (field.Value, bool) { return field.S(ColumnsOf(r).Info), true }},
}

// OfApplications reports whether a field of -e depends on the protocols of applications.
func OfApplications(name string) bool {
	switch name {
	case "frame.protocols", "_ws.col.Protocol", "_ws.col.Info":
		return true
	}
	return slices.ContainsFunc(packet.Places(name), func(p packet.Place) bool { return p.Proto.Application() })
}

// eventPrefix makes a field of an event's payload a column: event.data.SeqNo.
const eventPrefix = "event.data."

// NewColumn finds a field by its name.
func NewColumn(name string) (Column, bool) {
	if param, ok := strings.CutPrefix(name, eventPrefix); ok && param != "" {
		return Column{name, func(row *engine.Row, yield func(string) bool) { eventField(row, param, yield) }}, true
	}
	for i := range rowFields {
		if f := &rowFields[i]; f.Name == name {
			return Column{name, func(row *engine.Row, yield func(string) bool) { one(f, row, yield) }}, true
		}
	}
	for i := range flow.Fields() {
		if f := &flow.Fields()[i]; f.Name == name {
			return Column{name, func(row *engine.Row, yield func(string) bool) {
				if row.Sighting != nil {
					one(f, row.Sighting, yield)
				}
			}}, true
		}
	}
	if base, width, ok := ofRecord(name); ok {
		return Column{name, func(row *engine.Row, yield func(string) bool) {
			packet.EachOfRecord(row.Record, name, func(v field.Value) bool { return yield(Text(v, base, width)) })
		}}, true
	}
	base, width, ok := declared(name)
	if !ok {
		return Column{}, false
	}
	return Column{name, func(row *engine.Row, yield func(string) bool) {
		if row.Packet != nil {
			row.Packet.Each(name, func(sp field.Span, v field.Value) bool {
				w := width
				if w == 0 { // a field that is looked for has the length of where it was found
					w = sp.Len
				}
				return yield(Text(relative(row, name, v), base, w))
			})
		}
	}}, true
}

func one[T any](f *field.Of[T], of *T, yield func(string) bool) {
	if v, ok := f.Get(of); ok {
		yield(Text(v, f.Base, f.Width))
	}
}

func eventField(row *engine.Row, name string, yield func(string) bool) {
	if row.Event == nil || row.Event.Def == nil {
		return
	}
	for i := range row.Event.Values {
		if row.Event.Def.Fields[i].Name == name && !yield(EventValue(row, i)) {
			return
		}
	}
}

// relative counts the edges of SACK blocks from the initial sequence number, as the acknowledgement beside them is counted.
func relative(row *engine.Row, name string, v field.Value) field.Value {
	s := row.Sighting
	if name != "tcp.options.sack_le" && name != "tcp.options.sack_re" || s == nil || !s.TCP {
		return v
	}
	return field.U(uint64(uint32(v.U) - (row.Packet.TCP.Ack - s.RelAck)))
}

// ofRecord looks a name up among the fields of any record.
func ofRecord(name string) (base field.Base, width int, ok bool) {
	for i := range packet.RecordFields {
		if f := &packet.RecordFields[i]; f.Name == name {
			return f.Base, f.Width, true
		}
	}
	for i := range packet.RecordLists {
		if packet.RecordLists[i].Name == name {
			return field.Dec, 0, true
		}
	}
	return 0, 0, false
}

// declared looks a name up in the tables of packets and protocols.
func declared(name string) (base field.Base, width int, ok bool) {
	for i := range packet.Fields {
		if packet.Fields[i].Name == name {
			return packet.Fields[i].Base, 0, true
		}
	}
	for _, t := range protos.Tables() {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			if f := &t.Fields[i]; f.Name == name {
				return f.Base, f.Size(), true
			}
		}
	}
	return 0, 0, false
}

// A FieldName is a field with what it means, for lists and hints.
type FieldName struct {
	Name, Title string
	Type        field.Type
}

// FieldNames lists every field that -e takes, sorted, each once.
func FieldNames() []FieldName {
	var all []FieldName
	for i := range rowFields {
		all = append(all, FieldName{rowFields[i].Name, rowFields[i].Title, rowFields[i].Type})
	}
	for i := range flow.Fields() {
		all = append(all, FieldName{flow.Fields()[i].Name, flow.Fields()[i].Title, flow.Fields()[i].Type})
	}
	for i := range packet.RecordFields {
		f := &packet.RecordFields[i]
		all = append(all, FieldName{f.Name, f.Title, f.Type})
	}
	for i := range packet.RecordLists {
		f := &packet.RecordLists[i]
		all = append(all, FieldName{f.Name, f.Title, f.Type})
	}
	for i := range packet.Fields {
		all = append(all, FieldName{packet.Fields[i].Name, packet.Fields[i].Title, packet.Fields[i].Type})
	}
	for _, t := range protos.Tables() {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			all = append(all, FieldName{t.Fields[i].Name, t.Fields[i].Title, t.Fields[i].Type})
		}
	}
	slices.SortStableFunc(all, func(a, b FieldName) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b FieldName) bool { return a.Name == b.Name })
}

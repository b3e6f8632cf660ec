package filter

import (
	"slices"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A column is a field or protocol that a filter can name, with the way to its values. One of the ways is set.
type column struct {
	name  string
	kind  kind
	bits  int         // width of an integer on the wire, 0 when it is not declared
	names field.Names // of values

	places   []packet.Place
	frame    func(*packet.Packet) (field.Value, bool)
	record   func(*trace.Record) (field.Value, bool)
	sighting func(*flow.Sighting) (field.Value, bool)
	row      func(*session.Row) (field.Value, bool)
	protos   *[proto.Count]bool // layers of a protocol
	clock    func(*clock) (field.Value, bool)
	many     func(*session.Row, func(field.Value) bool) // several values of a row
	special  special
}

// applications reports whether the values depend on layers of applications: their fields, the list of layers, and the data that no protocol takes.
func (c *column) applications() bool {
	for i := range c.places {
		if c.places[i].Proto.Application() {
			return true
		}
	}
	if c.protos != nil {
		for id := proto.None + 1; id < proto.Count; id++ {
			if c.protos[id] && (id.Application() || id == proto.Data) {
				return true
			}
		}
	}
	return c.name == "frame.protocols"
}

// special columns have a source of their own.
type special uint8

const (
	ordinary special = iota
	wholeFrame
	malformed
)

// lookup finds a column by name.
func lookup(name string) (*column, bool) {
	if c, ok := columns()[name]; ok {
		return c, true
	}
	for _, prefix := range eventPrefixes {
		if parameter, ok := strings.CutPrefix(name, prefix); ok && parameter != "" {
			return eventColumn(name, parameter), true
		}
	}
	return nil, false
}

// eventPrefixes make a field of an event a column: event.data.SeqNo, or shorter event.SeqNo.
var eventPrefixes = []string{"event.data.", "event."}

// eventColumn is a field of events by its name. A number that the event's map
// gives a name to has two values: the number and its name, marked as such.
func eventColumn(name, parameter string) *column {
	return &column{name: name, kind: dynamic, many: func(r *session.Row, yield func(field.Value) bool) {
		if r.Event == nil || r.Event.Def == nil {
			return
		}
		for i := range r.Event.Values {
			f := &r.Event.Def.Fields[i]
			if f.Name != parameter {
				continue
			}
			if v := r.Event.Values[i]; v.Type != field.None {
				yield(v)
				if f.Map != "" {
					yield(field.Value{Type: field.String, U: nameOfNumber, S: string(provider.AppendValue(nil, r.Event, i))})
				}
			}
			for _, v := range r.Event.Arrays[i] {
				yield(v)
			}
		}
	}}
}

// nameOfNumber marks the name of a number in Value.U: it is not compared with numbers.
const nameOfNumber = 1

// columns are all columns by name. Where tables share a name, the field wins over the protocol, and the first table says the type.
var columns = sync.OnceValue(func() map[string]*column {
	all := make(map[string]*column)
	for i := range packet.Fields {
		f := &packet.Fields[i]
		all[f.Name] = &column{name: f.Name, kind: kinds[f.Type], bits: 32, frame: f.Get}
	}
	for i := range packet.RecordFields {
		f := &packet.RecordFields[i]
		all[f.Name] = &column{name: f.Name, kind: kinds[f.Type], bits: 32, names: f.Names, record: f.Get}
	}
	for i := range packet.RecordLists {
		f := &packet.RecordLists[i]
		all[f.Name] = &column{name: f.Name, kind: kinds[f.Type], bits: 32, many: func(r *session.Row, yield func(field.Value) bool) { f.Each(r.Record, yield) }}
	}
	for i := range flow.Fields() {
		f := &flow.Fields()[i]
		all[f.Name] = &column{name: f.Name, kind: kinds[f.Type], bits: 32, sighting: f.Get}
	}
	for i := range session.Fields() {
		f := &session.Fields()[i]
		all[f.Name] = &column{name: f.Name, kind: kinds[f.Type], row: f.Get}
	}
	for _, c := range ownColumns {
		all[c.name] = c
	}
	addTables(all)
	addProtocols(all)
	return all
})

// ownColumns need more than one record, or occur several times in a row. The
// relative times are those of session.Fields, counted by the filter itself: what it lets pass is what is displayed.
var ownColumns = []*column{
	{name: "frame", kind: protocol, special: wholeFrame},
	{name: "_ws.malformed", kind: protocol, special: malformed},
	{name: "event", kind: label, row: func(r *session.Row) (field.Value, bool) { return field.Value{}, r.Record.Event != nil }},
	{name: "finding", kind: str, many: func(r *session.Row, yield func(field.Value) bool) {
		for _, id := range r.Findings {
			if !yield(field.S(id)) {
				return
			}
		}
	}},
	{name: "frame.time_relative", kind: duration, clock: func(c *clock) (field.Value, bool) { return c.since(c.first) }},
	{name: "frame.time_delta", kind: duration, clock: func(c *clock) (field.Value, bool) { return c.since(c.previous) }},
	{name: "frame.time_delta_displayed", kind: duration, clock: func(c *clock) (field.Value, bool) { return c.since(c.shown) }},
}

func addTables(to map[string]*column) {
	for _, t := range all.Tables() {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			f := &t.Fields[i]
			if to[f.Name] != nil {
				continue
			}
			to[f.Name] = &column{name: f.Name, kind: kinds[f.Type], bits: 8 * f.Size(), names: f.Names, places: packet.Places(f.Name)}
		}
	}
}

// addProtocols adds the protocols. Several layers may go by one name: both versions of the Linux cooked capture are sll.
func addProtocols(to map[string]*column) {
	for id := proto.None + 1; id < proto.Count; id++ {
		name := id.String()
		if name == "unknown" || id == proto.Malformed || id == proto.EtherType {
			continue
		}
		c := to[name]
		if c == nil {
			c = &column{name: name, kind: protocol, protos: new([proto.Count]bool)}
			to[name] = c
		}
		if c.protos != nil {
			c.protos[id] = true
		}
	}
}

// A Name is a field or protocol that a filter can name, with what it means.
type Name struct {
	Name, Title string
	Type        string // of the values: "unsigned integer", "IPv4 address"
}

// Names lists what a filter can name, sorted. Fields of events come on top of it, as event.NAME.
func Names() []Name {
	titles := titles()
	names := make([]Name, 0, len(columns()))
	for name, c := range columns() {
		names = append(names, Name{Name: name, Title: titles[name], Type: c.kind.String()})
	}
	slices.SortFunc(names, func(a, b Name) int { return strings.Compare(a.Name, b.Name) })
	return names
}

func titles() map[string]string {
	titles := map[string]string{
		"frame": "Frame", "event": "Event of a provider", "_ws.malformed": "Malformed packet", "finding": "Id of a finding that the record proves",
	}
	for i := range packet.Fields {
		titles[packet.Fields[i].Name] = packet.Fields[i].Title
	}
	for i := range packet.RecordFields {
		titles[packet.RecordFields[i].Name] = packet.RecordFields[i].Title
	}
	for i := range packet.RecordLists {
		titles[packet.RecordLists[i].Name] = packet.RecordLists[i].Title
	}
	for i := range flow.Fields() {
		titles[flow.Fields()[i].Name] = flow.Fields()[i].Title
	}
	for i := range session.Fields() {
		titles[session.Fields()[i].Name] = session.Fields()[i].Title
	}
	for id, t := range all.Tables() {
		if t == nil {
			continue
		}
		if titles[t.Proto] == "" {
			titles[t.Proto] = t.Title
		}
		for i := range t.Fields {
			titles[t.Fields[i].Name] = t.Fields[i].Title
		}
		if name := proto.ID(id).String(); titles[name] == "" {
			titles[name] = t.Title
		}
	}
	return titles
}

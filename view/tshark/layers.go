package tshark

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	protos "github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/view"
)

// An item is a layer with its fields, or a field with what lies inside its bytes.
type item struct {
	name  string
	layer bool
	value string     // of a field
	kind  field.Type // of a field
	span  field.Span // of a field
	inner []*item
}

// groups puts items of the same name together, in the order of the first.
func groups(list []*item) [][]*item {
	at := map[string]int{}
	var out [][]*item
	for _, it := range list {
		i, ok := at[it.name]
		if !ok {
			i = len(out)
			at[it.name] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], it)
	}
	return out
}

func innerOf(same []*item) []*item {
	var all []*item
	for _, it := range same {
		all = append(all, it.inner...)
	}
	return all
}

// fieldsOf appends all fields of a layer, those inside others too, and the fields of layers that it quotes.
func fieldsOf(list, dst []*item) []*item {
	for _, it := range list {
		if !it.layer {
			dst = append(dst, it)
		}
		dst = fieldsOf(it.inner, dst)
	}
	return dst
}

// frameFields are those of the frame, in tshark's order.
var frameFields = columns("frame.interface_id", "frame.encap_type", "frame.time", "frame.time_epoch", "frame.number", "frame.len", "frame.cap_len",
	"frame.protocols", "frame.packet_flags", "frame.packet_flags_direction", "frame.packet_id", "frame.drop_count", "frame.comment",
	"frame.process.name", "frame.process.pid", "conv.id")

// eventFields are those of an event's header.
var eventFields = columns("event.provider", "event.id", "event.name", "event.version", "event.opcode", "event.level", "event.task", "event.keyword", "event.cpu")

func columns(names ...string) []view.Column {
	var list []view.Column
	for _, name := range names {
		if c, ok := view.NewColumn(name); ok {
			list = append(list, c)
		}
	}
	return list
}

// layersOf are the layers of a row: the frame, the event, the layers of the packet.
func layersOf(row *engine.Row) []*item {
	list := []*item{{name: "frame", layer: true, inner: values(frameFields, row)}}
	if row.Event != nil {
		list = append(list, eventLayer(row))
	}
	if row.Packet != nil {
		list = append(list, packetLayers(row)...)
	}
	return list
}

func values(columns []view.Column, row *engine.Row) []*item {
	var list []*item
	for i := range columns {
		for _, v := range columns[i].Texts(row) {
			list = append(list, &item{name: columns[i].Name, value: v})
		}
	}
	return list
}

func eventLayer(row *engine.Row) *item {
	e := &item{name: "event", layer: true, inner: values(eventFields, row)}
	if row.Event.Def != nil {
		for i := range row.Event.Values {
			e.inner = append(e.inner, &item{name: "event.data." + row.Event.Def.Fields[i].Name, value: view.EventValue(row, i)})
		}
	}
	return e
}

// packetLayers are the layers of a packet. What an ICMP error quotes is inside the layer of the error.
func packetLayers(row *engine.Row) []*item {
	p := row.Packet
	var list []*item
	seen := map[proto.ID]bool{}
	for i := range p.Layers[:p.N] {
		l := &p.Layers[i]
		if l.Proto == proto.EtherType { // two bytes that the layer before has
			continue
		}
		it := &item{name: l.Proto.String(), layer: true, inner: layerFields(p, i)}
		if !l.Quoted && !seen[l.Proto] {
			seen[l.Proto] = true
			it.inner = append(it.inner, analysed(row, it.name+".")...)
		}
		if l.Quoted && len(list) > 0 {
			quoting := list[len(list)-1]
			quoting.inner = append(quoting.inner, it)
			continue
		}
		list = append(list, it)
	}
	return list
}

// layerFields are the fields of layer i. A field whose bytes lie in those of
// another one with the beginning of its name is inside that.
func layerFields(p *packet.Packet, i int) []*item {
	table := protos.Tables()[p.Layers[i].Proto]
	if table == nil {
		return nil
	}
	var list, all []*item
	for j := range table.Fields {
		f := &table.Fields[j]
		p.EachIn(i, f, func(sp field.Span, v field.Value) bool {
			width := f.Size()
			if width == 0 {
				width = sp.Len
			}
			it := &item{name: f.Name, value: valueText(v, f.Base, width), kind: v.Type, span: sp}
			if outer := around(all, it); outer != nil {
				outer.inner = append(outer.inner, it)
			} else {
				list = append(list, it)
			}
			all = append(all, it)
			return true
		})
	}
	return list
}

// valueText is a value as -T fields has it, but control characters as they are, bytes with colons, and nothing for a label.
func valueText(v field.Value, base field.Base, width int) string {
	switch v.Type {
	case field.None:
		return ""
	case field.Bytes:
		return view.MAC(v.B)
	}
	return view.Text(v, base, width)
}

// around is the last field that a field lies in, nil without one.
func around(list []*item, it *item) *item {
	for k := len(list) - 1; k >= 0; k-- {
		o := list[k]
		if len(it.name) > len(o.name)+1 && it.name[len(o.name)] == '.' && strings.HasPrefix(it.name, o.name) &&
			o.span.Len > 0 && it.span.Off >= o.span.Off && it.span.Off+it.span.Len <= o.span.Off+o.span.Len {
			return o
		}
	}
	return nil
}

// analysed are the values that follow from the packets before, of the protocol with this beginning of names.
func analysed(row *engine.Row, prefix string) []*item {
	if row.Sighting == nil {
		return nil
	}
	var list []*item
	fields := flow.Fields()
	for i := range fields {
		f := &fields[i]
		if strings.HasPrefix(f.Name, prefix) {
			if v, ok := f.Get(row.Sighting); ok {
				list = append(list, &item{name: f.Name, value: valueText(v, f.Base, 0), kind: v.Type})
			}
		}
	}
	return list
}

package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	protos "github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// A Node is a line of the details of a record: a layer, or a field of one.
type Node struct {
	Name  string // of the field in filters: "ip.src"; of the protocol for a layer, "" where filters have no name for it
	Title string // "Source Address"
	Value string // as people read it; "" for a layer
	Note  string // what is to be known of it: "from the conversation"
	// Where its bytes lie: Length bytes from Offset on in a buffer of Buffers; Length is 0 when no bytes of this record say it, or none that are there.
	Buffer, Offset, Length int
	Warning                bool   // it says what is wrong with the record
	Filter                 string // that passes records with this value, "" where there is none
	Children               []Node
}

// Label is the node in one line.
func (n *Node) Label() string {
	if n.Value == "" {
		return n.Title
	}
	return n.Title + ": " + n.Value
}

// NoBuffer stands for bytes that the record does not have: those of the event that carries a packet.
const NoBuffer = -1

// A Buffer is bytes that nodes lie in.
type Buffer struct {
	Name  string
	Bytes []byte // valid as long as the row
}

// Buffers are the bytes of a record: as captured, the datagram that it completes, and the messages that it completes or that were opened.
func Buffers(row *engine.Row) []Buffer {
	list := []Buffer{{"bytes", row.Record.Data}}
	p := row.Packet
	if p == nil {
		return list
	}
	if p.Has(packet.Reassembled) {
		list = append(list, Buffer{"reassembled", p.Assembled})
	}
	for i := range p.Units {
		list = append(list, Buffer{unitTitle(p, i), p.Units[i].Bytes})
	}
	return list
}

// unitTitle says where the bytes of a unit come from.
func unitTitle(p *packet.Packet, i int) string {
	how := p.Units[i].Opened
	if how == "" {
		how = "reassembled from TCP segments"
	}
	return fmt.Sprintf("%s, message %d", how, i+1)
}

// bufferOf is the place in Buffers of what a layer lies in.
func bufferOf(p *packet.Packet, l *packet.Layer) int {
	assembled := 0
	if p.Has(packet.Reassembled) {
		assembled = 1
	}
	switch {
	case l.Unit != 0:
		return assembled + int(l.Unit)
	case l.Assembled:
		return assembled
	}
	return 0
}

// Tree is what there is to say of a record, from the declarations of its fields: what its source says, the event, and
// each layer of the packet. timed is false when its source has no times.
func Tree(row *engine.Row, src *trace.Info, timed bool) []Node {
	frame := Node{Name: "frame", Title: "Record " + fmt.Sprint(row.Record.Pos.Number), Length: len(row.Record.Data)}
	for _, f := range FactsOf(row, src, timed) {
		frame.Children = append(frame.Children, Node{Title: strings.ToUpper(f.Label[:1]) + f.Label[1:], Value: f.Text})
	}
	tree := append([]Node{frame}, EventNodes(row)...)
	layers := LayerNodes(row)
	for i := range layers {
		layers[i].Children = nested(layers[i].Children)
	}
	return append(tree, layers...)
}

// nested puts the bits of a field below it.
func nested(list []Node) (out []Node) {
	for _, n := range list {
		if k := len(out) - 1; k >= 0 && n.Length > 0 && strings.HasPrefix(n.Name, out[k].Name+".") && n.Buffer == out[k].Buffer &&
			n.Offset >= out[k].Offset && n.Offset+n.Length <= out[k].Offset+out[k].Length {
			out[k].Children = append(out[k].Children, n)
			continue
		}
		out = append(out, n)
	}
	return out
}

// LayerNodes are the layers of the packet of a row with their fields; nil without a packet.
func LayerNodes(row *engine.Row) (list []Node) {
	p := row.Packet
	if p == nil {
		return nil
	}
	for i := range p.N {
		if p.Layers[i].Proto != proto.EtherType { // two bytes that the layer before shows already
			list = append(list, layerNode(row, i))
		}
	}
	if p.Err != nil {
		list = append(list, Node{Title: Printable(p.Err.Error()), Warning: true})
	}
	return list
}

func layerNode(row *engine.Row, i int) Node {
	p := row.Packet
	l := &p.Layers[i]
	table := protos.Tables()[l.Proto]
	n := Node{Name: l.Proto.String(), Title: l.Proto.String(), Buffer: bufferOf(p, l), Offset: int(l.Off), Length: int(l.End - l.Off)}
	switch {
	case l.Quoted:
		n.Note = "quoted by an ICMP error"
	case l.Assembled:
		n.Note = "in the reassembled datagram"
	case l.Unit != 0:
		n.Note = "in what was " + unitTitle(p, int(l.Unit)-1)
	}
	if table == nil {
		return n
	}
	n.Title = table.Title
	for _, o := range occurrences(p, i, table) {
		f := o.of
		n.Children = append(n.Children, Node{
			Name: f.Name, Title: f.Title, Value: Labelled(o.value, f.Base, f.Size(), f.Names), Note: f.Derived, Buffer: n.Buffer, Offset: o.span.Off, Length: o.span.Len,
			Filter: equals(f.Name, o.value, f.Base, f.Size()),
		})
	}
	if l.Proto == proto.TCP || l.Proto == proto.UDP {
		n.Children = append(n.Children, derived(row, l.Proto)...)
	}
	return n
}

// An occurrence is a field in its place.
type occurrence struct {
	of    *field.Field
	span  field.Span
	value field.Value
}

// occurrences are the fields of a layer in the order of its table. Those of an
// application, whose layer may hold several messages, are in the order of their bytes, what follows from other packets last.
func occurrences(pk *packet.Packet, i int, table *field.Table) (list []occurrence) {
	shown := map[string]bool{}
	for j := range table.Fields {
		f := &table.Fields[j]
		if f.Hidden {
			continue
		}
		pk.EachIn(i, f, func(sp field.Span, v field.Value) bool {
			if !again(shown, f, sp, v) {
				list = append(list, occurrence{f, sp, v})
			}
			return true
		})
	}
	if pk.Layers[i].Proto.Application() {
		slices.SortStableFunc(list, func(a, b occurrence) int {
			if (a.span.Len == 0) != (b.span.Len == 0) {
				return b.span.Len - a.span.Len
			}
			return cmp.Compare(a.span.Off, b.span.Off)
		})
	}
	return list
}

// again reports whether the same bytes have been shown with the same value:
// fields such as ip.addr stand for others and exist for filters.
func again(shown map[string]bool, f *field.Field, sp field.Span, v field.Value) bool {
	if f.Mask != 0 || f.Bits || sp.Len == 0 {
		return false
	}
	key := fmt.Sprint(sp, v)
	if shown[key] {
		return true
	}
	shown[key] = true
	return false
}

// derived is what other packets say of this one.
func derived(row *engine.Row, id proto.ID) (list []Node) {
	if row.Sighting == nil {
		return nil
	}
	fields := flow.Fields()
	for i := range fields {
		f := &fields[i]
		if strings.HasPrefix(f.Name, id.String()+".") {
			if v, ok := f.Get(row.Sighting); ok {
				list = append(list, Node{Name: f.Name, Title: f.Title, Value: Labelled(v, f.Base, 0, nil), Note: "from the conversation", Filter: equals(f.Name, v, f.Base, 0)})
			}
		}
	}
	return list
}

// EventNodes are the event of a row with its fields, and what is wrong with it; nil without one whose layout is known.
func EventNodes(row *engine.Row) []Node {
	e := row.Event
	if e == nil || e.Def == nil {
		return nil
	}
	n := Node{Title: EventName(row), Length: len(row.Record.Data)}
	var notes []string
	if e.Embedded {
		notes = append(notes, "layout from the trace")
	}
	if row.Packet != nil {
		notes = append(notes, "bytes of the event, which carries the packet")
		n.Buffer, n.Length = NoBuffer, 0
	}
	n.Note = strings.Join(notes, "  ")
	for i := range e.Values {
		sp := field.Span{}
		if i < len(e.Spans) {
			sp = e.Spans[i]
		}
		n.Children = append(n.Children, Node{Title: Printable(e.Def.Fields[i].Name), Value: Described(row, i), Buffer: n.Buffer, Offset: sp.Off, Length: sp.Len})
	}
	if e.Short {
		n.Children = append(n.Children, Node{Title: "the payload ends inside a field", Warning: true})
	}
	if extra := len(e.Extra); extra == 1 {
		n.Children = append(n.Children, Node{Title: "1 byte after the last known field", Warning: true})
	} else if extra > 0 {
		n.Children = append(n.Children, Node{Title: fmt.Sprintf("%d bytes after the last known field", extra), Warning: true})
	}
	return []Node{n}
}

// maxEquals bounds texts and bytes in a filter that is made from them.
const maxEquals = 200

// equals is the filter for a value of a field, "" where a filter cannot say it in a few words.
func equals(name string, v field.Value, base field.Base, width int) string {
	text := ""
	switch v.Type {
	case field.None:
		return name
	case field.Uint, field.IPv4, field.IPv6, field.Ether, field.GUID, field.Int:
		text = Text(v, base, width)
	case field.Bool:
		text = map[bool]string{true: "True", false: "False"}[v.U != 0]
	case field.Bytes:
		if len(v.B) < 2 || len(v.B) > maxEquals {
			return ""
		}
		text = MAC(v.B)
	case field.String:
		if v.S == "" || len(v.S) > maxEquals || Printable(v.S) != v.S {
			return ""
		}
		text = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.S) + `"`
	default:
		return ""
	}
	return name + " == " + text
}

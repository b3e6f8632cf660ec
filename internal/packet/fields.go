package packet

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	protos "github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// Fields are the frame.* fields and those that a packet derives.
var Fields = []field.Of[Packet]{
	{Name: "frame.number", Title: "Frame Number", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) { return field.U(uint64(p.Record.Pos.Number)), true }},
	{Name: "frame.time_epoch", Title: "Epoch Time", Type: field.Time, Get: func(p *Packet) (field.Value, bool) {
		return field.Value{Type: field.Time, U: uint64(p.Record.Time)}, p.Record.Time != trace.NoTime
	}},
	{Name: "frame.len", Title: "Frame Length", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) { return field.U(uint64(p.Record.WireLen)), true }},
	{Name: "frame.cap_len", Title: "Capture Length", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) { return field.U(uint64(len(p.Record.Data))), true }},
	{Name: "frame.protocols", Title: "Protocols in frame", Type: field.String, Get: func(p *Packet) (field.Value, bool) { return field.S(string(p.Protocols(nil))), true }},
	{Name: "tcp.len", Title: "TCP Segment Len", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		return field.U(uint64(p.PayloadLen)), p.Transport == proto.TCP
	}},
}

// Each yields every occurrence of a named field in the packet, outer layers
// first. Spans are relative to the record's data, or to Assembled for layers
// that lie there. It returns false when no table declares the name.
func (p *Packet) Each(name string, yield func(field.Span, field.Value) bool) bool {
	for i := range Fields {
		if Fields[i].Name == name {
			if v, ok := Fields[i].Get(p); ok {
				yield(field.Span{}, v)
			}
			return true
		}
	}
	known := false
	for id, table := range protos.Tables() {
		if table == nil {
			continue
		}
		for j := range table.Fields {
			if f := &table.Fields[j]; f.Name == name {
				known = true
				p.occurrences(proto.ID(id), f, yield)
			}
		}
	}
	return known
}

func (p *Packet) occurrences(id proto.ID, f *field.Field, yield func(field.Span, field.Value) bool) {
	for i := range p.N {
		if p.Layers[i].Proto != id {
			continue
		}
		off := int(p.Layers[i].Off)
		f.All(p.Bytes(i), func(s field.Span, v field.Value) bool { return yield(field.Span{Off: off + s.Off, Len: s.Len}, v) })
	}
}

// Protocols appends the names of the layers as frame.protocols has them: eth:ethertype:ip:tcp:data.
func (p *Packet) Protocols(dst []byte) []byte {
	for i := range p.N {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, p.Layers[i].Proto.String()...)
	}
	return dst
}

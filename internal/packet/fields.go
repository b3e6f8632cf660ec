package packet

import (
	"sync"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// Fields are the fields of the frame itself.
var Fields = []field.Of[Packet]{
	{Name: "frame.number", Title: "Frame Number", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		return field.U(uint64(p.Record.Pos.Number)), true
	}},
	{Name: "frame.time", Title: "Arrival Time", Type: field.Time, Get: frameTime},
	{Name: "frame.time_epoch", Title: "Epoch Time", Type: field.Time, Get: frameTime},
	{Name: "frame.len", Title: "Frame length on the wire", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		return field.U(uint64(p.Record.WireLen)), true
	}},
	{Name: "frame.cap_len", Title: "Frame length stored into the capture file", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		return field.U(uint64(len(p.Record.Data))), true
	}},
	{Name: "frame.interface_id", Title: "Interface id", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		return field.U(uint64(p.Record.Interface)), p.Record.Interface >= 0
	}},
	{Name: "frame.encap_type", Title: "Encapsulation type", Type: field.String, Get: func(p *Packet) (field.Value, bool) {
		return field.S(p.Record.Link.String()), true
	}},
	{Name: "frame.protocols", Title: "Protocols in frame", Type: field.String, Get: func(p *Packet) (field.Value, bool) {
		return field.S(string(p.Protocols(nil))), p.N > 0
	}},
	{Name: "frame.packet_id", Title: "Packet id", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		m := p.Record.Meta
		if m == nil || !m.HasPacketID {
			return field.Value{}, false
		}
		return field.U(m.PacketID), true
	}},
	{Name: "frame.drop_count", Title: "Drop Count", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		m := p.Record.Meta
		if m == nil || m.DropCount == 0 {
			return field.Value{}, false
		}
		return field.U(m.DropCount), true
	}},
	{Name: "frame.packet_flags", Title: "Packet flags", Type: field.Uint, Base: field.Hex, Get: func(p *Packet) (field.Value, bool) {
		m := p.Record.Meta
		if m == nil || m.Flags == 0 {
			return field.Value{}, false
		}
		return field.U(uint64(m.Flags)), true
	}},
	{Name: "frame.packet_flags_direction", Title: "Direction", Type: field.Uint, Get: func(p *Packet) (field.Value, bool) {
		m := p.Record.Meta
		if m == nil || m.Direction == trace.DirectionUnknown {
			return field.Value{}, false
		}
		return field.U(uint64(m.Direction)), true
	}},
}

func frameTime(p *Packet) (field.Value, bool) {
	return field.Value{Type: field.Time, U: uint64(p.Record.Time)}, p.Record.Time != trace.NoTime
}

// commentField occurs once for each comment of the record.
const commentField = "frame.comment"

// A Place is a field of one protocol's table.
type Place struct {
	Proto proto.ID
	Field *field.Field
	// Wire, when it is set, takes the place of Find where a value needs the length on the wire.
	Wire func(p *Packet, layer int) (field.Value, bool)
}

// Places are where the field with this name is found: several when several
// protocols have it, none when no table has it. They are not to be changed.
func Places(name string) []Place { return index()[name] }

// index finds fields by name.
var index = sync.OnceValue(func() map[string][]Place {
	places := make(map[string][]Place)
	for id, t := range all.Tables() {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			f := &t.Fields[i]
			places[f.Name] = append(places[f.Name], Place{proto.ID(id), f, derived[f.Name]})
		}
	}
	return places
})

// derived are the fields whose value the captured bytes of a layer do not tell.
var derived = map[string]func(*Packet, int) (field.Value, bool){
	"tcp.len":             segmentLen,
	"ip.checksum.status":  ipStatus,
	"tcp.checksum.status": transportStatus,
	"udp.checksum.status": transportStatus,
}

// Each yields every occurrence of the named field, outer layers first. Spans
// are offsets in the record's data, or in Assembled for layers that lie
// there; a field of the frame itself has an empty span. Nothing is yielded for a name that no table has.
func (p *Packet) Each(name string, yield func(field.Span, field.Value) bool) {
	if name == commentField {
		if p.Record.Meta != nil {
			for _, c := range p.Record.Meta.Comments {
				if !yield(field.Span{}, field.S(c)) {
					return
				}
			}
		}
		return
	}
	if places := index()[name]; len(places) > 0 {
		p.eachPlace(places, yield)
		return
	}
	for i := range Fields {
		if Fields[i].Name == name {
			if v, ok := Fields[i].Get(p); ok {
				yield(field.Span{}, v)
			}
			return
		}
	}
}

func (p *Packet) eachPlace(places []Place, yield func(field.Span, field.Value) bool) {
	more := true
	for i := 0; i < p.N && more; i++ {
		l := &p.Layers[i]
		for _, at := range places {
			if at.Proto != l.Proto {
				continue
			}
			if at.Wire != nil {
				if v, ok := at.Wire(p, i); ok {
					more = yield(field.Span{Off: int(l.Off)}, v)
				}
				continue
			}
			at.Field.All(p.Bytes(i), func(s field.Span, v field.Value) bool {
				s.Off += int(l.Off)
				more = yield(s, v)
				return more
			})
		}
	}
}

// segmentLen is the payload of a TCP segment on the wire, as far as the frame goes.
func segmentLen(p *Packet, i int) (field.Value, bool) {
	l := &p.Layers[i]
	b := p.Bytes(i)
	if l.Quoted || len(b) < 14 {
		return field.Value{}, false
	}
	n := int(l.Wire-l.Off) - int(b[12]>>4)*4
	if n < 0 {
		return field.Value{}, false
	}
	return field.U(uint64(n)), true
}

// Values of the status fields of checksums.
const (
	statusBad        = 0
	statusGood       = 1
	statusUnverified = 2
	statusAbsent     = 3
)

func transportStatus(p *Packet, i int) (field.Value, bool) {
	if i != int(p.transport) {
		return field.Value{}, false
	}
	switch p.Checksum() {
	case ChecksumGood:
		return field.U(statusGood), true
	case ChecksumZero:
		return field.U(statusAbsent), true
	case ChecksumBad:
		return field.U(statusBad), true
	}
	return field.U(statusUnverified), true
}

func ipStatus(p *Packet, i int) (field.Value, bool) {
	b := p.Bytes(i)
	if len(b) < 20 || int(b[0]&15)*4 > len(b) || b[0]&15 < 5 {
		return field.Value{}, false
	}
	switch {
	case be16(b[10:]) == 0:
		return field.U(statusUnverified), true
	case fold(sum(0, b[:int(b[0]&15)*4])) == 0xffff:
		return field.U(statusGood), true
	}
	return field.U(statusBad), true
}

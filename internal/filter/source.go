package filter

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// columnSource is the way to the values of a column, and for a protocol the
// one to the bytes that its length counts.
func columnSource(c *column, ranges []span) (values, sized source) {
	if len(ranges) > 0 && c.places == nil && c.protos == nil && !inLayers(ranges, 1, 1) {
		return none, nil // everything else is of the first layer
	}
	if get := c.single(); get != nil {
		return func(m *machine, dst []field.Value) []field.Value {
			if v, ok := get(m); ok {
				dst = append(dst, v)
			}
			return dst
		}, nil
	}
	switch {
	case c.places != nil:
		return placesSource(c.places, ranges), nil
	case c.protos != nil:
		return protocolSource(c.protos, ranges, false), protocolSource(c.protos, ranges, true)
	case c.many != nil:
		var out []field.Value
		yield := func(v field.Value) bool { out = append(out, v); return true }
		return func(m *machine, dst []field.Value) []field.Value {
			out = dst
			c.many(m.row, yield)
			return out
		}, nil
	case c.special == wholeFrame:
		return func(m *machine, dst []field.Value) []field.Value {
			return append(dst, field.Value{Type: field.Bytes, B: m.row.Record.Data})
		}, nil
	case c.special == malformed:
		return func(m *machine, dst []field.Value) []field.Value {
			if m.packet.Has(packet.Malformed) {
				dst = append(dst, field.Value{Type: field.Bytes})
			}
			return dst
		}, nil
	}
	return none, nil
}

func none(_ *machine, dst []field.Value) []field.Value { return dst }

// single is the way to the value of a column that has one at most; nil for any other.
func (c *column) single() func(*machine) (field.Value, bool) {
	switch {
	case c.frame != nil:
		return func(m *machine) (field.Value, bool) { return c.frame(m.packet) }
	case c.sighting != nil:
		return func(m *machine) (field.Value, bool) {
			if m.row.Sighting == nil {
				return field.Value{}, false
			}
			return c.sighting(m.row.Sighting)
		}
	case c.record != nil:
		return func(m *machine) (field.Value, bool) { return c.record(m.row.Record) }
	case c.row != nil:
		return func(m *machine) (field.Value, bool) { return c.row(m.row) }
	case c.clock != nil:
		return func(m *machine) (field.Value, bool) { return c.clock(&m.clock) }
	}
	return nil
}

// placesSource yields the fields of all layers of a packet, the outer ones first.
func placesSource(places []packet.Place, ranges []span) source {
	var out []field.Value
	yield := func(_ field.Span, v field.Value) bool { out = append(out, v); return true }
	told := func(v field.Value) bool { out = append(out, v); return true }
	return func(m *machine, dst []field.Value) []field.Value {
		p := m.packet
		out = dst
		seen := 0
		for i := range p.Layers[:p.N] {
			l := &p.Layers[i]
			for j := range places {
				at := &places[j]
				if at.Proto != l.Proto {
					continue
				}
				if ranges != nil {
					if seen++; !inLayers(ranges, seen, countLayers(p, l.Proto)) {
						continue
					}
				}
				if at.Field.Noted != nil {
					note := p.NoteOf(i)
					at.Field.Noted(p.Bytes(i), &note, yield)
				} else if at.Field.Mixed != nil {
					p.Mixed(i, at.Field, yield)
				} else if at.Field.Told != nil {
					p.Told(i, at.Field, told)
				} else if at.Derive == nil {
					at.Field.All(p.Bytes(i), yield)
				} else if _, v, ok := at.Derive(p, i); ok {
					out = append(out, v)
				}
			}
		}
		return out
	}
}

// longProtocols are those whose length in Wireshark is all that they carry, not the header alone.
var longProtocols = map[proto.ID]bool{proto.TCP: true, proto.ICMP: true, proto.ICMPv6: true, proto.Data: true, proto.Trailer: true, proto.IGMP: true}

// protocolSource yields the layers of a protocol: from their first byte to
// the end of what they carry, or as long as the protocol itself is.
func protocolSource(protos *[proto.Count]bool, ranges []span, sized bool) source {
	return func(m *machine, dst []field.Value) []field.Value {
		p := m.packet
		seen := 0
		for i := range p.Layers[:p.N] {
			l := &p.Layers[i]
			if !protos[l.Proto] {
				continue
			}
			if ranges != nil {
				if seen++; !inLayers(ranges, seen, countLayers(p, l.Proto)) {
					continue
				}
			}
			b := p.Bytes(i)
			if sized && !longProtocols[l.Proto] {
				b = b[:min(int(l.Header), len(b))]
			}
			dst = append(dst, field.Value{Type: field.Bytes, B: b})
		}
		return dst
	}
}

func countLayers(p *packet.Packet, id proto.ID) int {
	n := 0
	for i := range p.Layers[:p.N] {
		if p.Layers[i].Proto == id {
			n++
		}
	}
	return n
}

// inLayers reports whether the layer with this number, counted from 1, is in the ranges; n is the number of layers.
func inLayers(ranges []span, number, n int) bool {
	for i := range ranges {
		s := ranges[i]
		if s.from < 0 {
			s.from += n + 1
		}
		switch s.kind {
		case byLength:
			s.end = s.from + s.length - 1
		case byEnd:
			if s.end < 0 {
				s.end += n + 1
			}
		case toEnd:
			s.end = n
		}
		if number >= s.from && number <= s.end {
			return true
		}
	}
	return false
}

package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// Layered reports whether the recorder says where in the stack it saw the packet of a row.
func Layered(row *engine.Row) bool {
	return row.Packet != nil && row.Sighting != nil && row.Record.Meta != nil && row.Record.Meta.Layer != ""
}

// Placed reports whether a row is one sighting of several: the recorder says where in the stack it saw the packet, or an earlier record has the packet already.
func Placed(row *engine.Row) bool {
	return Layered(row) || row.Packet != nil && row.Sighting != nil && row.Sighting.Duplicate
}

// Place is the place in the stack that saw a packet: "tcpip.sys (TCPIP), component 80 edge 1"; "" when the recorder names none.
func Place(m *trace.Meta) string {
	switch {
	case m == nil:
		return ""
	case m.HasEdge:
		return fmt.Sprintf("%s, component %d edge %d", m.Layer, m.Component, m.Edge)
	}
	return m.Layer
}

// Component is the name of a place in the stack: "tcpip.sys (TCPIP)".
func Component(c *trace.Component) string {
	if c.Description == "" || c.Description == c.Name {
		return c.Name
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%s)", c.Name, c.Description))
}

// DropText is why a packet was dropped: "INET: transport endpoint was not found (reason 1220), location 0xE000451E".
func DropText(d *trace.Drop) string {
	text := d.ReasonText
	if text == "" {
		text = "reason without a text"
	}
	return fmt.Sprintf("%s (reason %d), location 0x%08X", text, d.Reason, d.Location)
}

// seenText is what the packet list says of a sighting in a stack, at the end of a line: where, how long after the first, and whether it was dropped.
func seenText(row *engine.Row) string {
	if !Placed(row) {
		return ""
	}
	if !Layered(row) {
		return fmt.Sprintf(" [again, +%s of frame %d]", Duration(row.Sighting.Since), row.Sighting.Of.Number)
	}
	m, s := row.Record.Meta, row.Sighting
	var b strings.Builder
	if m.HasEdge || s.Nth > 1 {
		b.WriteString(" [at " + m.Layer)
		if m.HasEdge {
			fmt.Fprintf(&b, " %d/%d", m.Component, m.Edge)
		}
		if s.Duplicate {
			fmt.Fprintf(&b, ", +%s of frame %d", Duration(s.Since), s.Of.Number)
		}
		b.WriteString("]")
	}
	if m.Drop != nil {
		b.WriteString(" [Dropped: " + DropText(m.Drop) + "]")
	}
	return b.String()
}

// A Sighting is one record of a packet that a recorder saw at several places of a stack.
type Sighting struct {
	Pos       trace.Pos
	Since     int64 // nanoseconds since the first
	Direction trace.Direction
	Place     string
	Drop      string // why it was dropped, "" when it was not
}

// maxSightings bounds the packets and the sightings of one that are remembered.
const maxSightings = 512

// Sightings collects the records of the packets of the last moments.
type Sightings struct {
	packets map[trace.Pos][]Sighting // by the first record
	order   []trace.Pos
}

// Add takes a row in and returns the first record of its packet; false for a row that is no sighting.
func (s *Sightings) Add(row *engine.Row) (first trace.Pos, ok bool) {
	if !Placed(row) {
		return first, false
	}
	first = row.Record.Pos
	if row.Sighting.Of.Number != 0 {
		first = row.Sighting.Of
	}
	if s.packets == nil {
		s.packets = map[trace.Pos][]Sighting{}
	}
	list, known := s.packets[first]
	if !known {
		if len(s.order) == maxSightings {
			delete(s.packets, s.order[0])
			s.order = slices.Delete(s.order, 0, 1)
		}
		s.order = append(s.order, first)
		if !Layered(row) {
			list = append(list, Sighting{Pos: first}) // it looked like any other packet
		}
	}
	if len(list) < maxSightings {
		list = append(list, sightingOf(row))
	}
	s.packets[first] = list
	return first, true
}

func sightingOf(row *engine.Row) Sighting {
	out := Sighting{Pos: row.Record.Pos, Since: row.Sighting.Since}
	m := row.Record.Meta
	if m == nil {
		return out
	}
	out.Direction, out.Place = m.Direction, Place(m)
	if m.Drop != nil {
		out.Drop = DropText(m.Drop)
	}
	return out
}

// Of are the records of the packet that was first seen at a place of the file, in order.
func (s *Sightings) Of(first trace.Pos) []Sighting { return s.packets[first] }

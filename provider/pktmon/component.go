package pktmon

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// Types of properties (map PropertyType).
const (
	propertyIfIndex       = 1
	propertyMiniportIndex = 2
	propertySwitchName    = 10
	propertyLowestIndex   = 12
	propertyAddress       = 13
	propertyIPIndex       = 14
	propertyVLAN          = 16
)

// Bounds of what is remembered: a real machine has some hundred components, a
// forged trace as many as it has events.
const (
	maxComponents = 4096
	maxParts      = 64 // edges or addresses of one component
)

// component is what the trace says of one, with the interface indexes that its properties name.
type component struct {
	trace.Component
	text                       string // Meta.Layer of its packets
	kind                       uint16
	own, miniport, lowest, ip4 uint32 // interface indexes; 0 is none. Indexes of IP interfaces serve both families.
}

// Learns reports whether Learn reads records with this header: those that
// describe the components and the filters. pktmon writes them when it stops, and since Windows
// 11 24H2 also when one comes or goes.
func Learns(h *trace.EventHeader) bool {
	if h.Provider != GUID || h.Header != trace.HeaderEvent {
		return false
	}
	switch h.ID {
	case eventComponent, eventRegister, eventUnregister, eventNumber, eventNumber2, eventWord, eventIPv4, eventIPv6, eventString, eventDrops, eventFlows,
		eventFilter4, eventFilter6:
		return true
	}
	return false
}

// Learn takes what an event says of a component or a filter.
func (p *Packets) Learn(rec *trace.Record) {
	if id := rec.Event.ID; id == eventFilter4 || id == eventFilter6 {
		p.filter(rec.Data, id == eventFilter6)
		return
	}
	c := bin.Little(rec.Data)
	e := p.at(c.U16())
	if e == nil || c.Err() != nil {
		return
	}
	switch rec.Event.ID {
	case eventComponent, eventRegister, eventUnregister:
		kind, name, description := c.U16(), c.UTF16(), c.UTF16()
		if c.Err() == nil {
			e.name(kind, name, description)
		}
	case eventDrops:
		if n, ok := counters(&c); ok {
			e.Drops, e.HasDrops = n, true
		}
	case eventFlows:
		name, id := c.UTF16(), c.U16()
		if n, ok := counters(&c); ok {
			e.edge(trace.Edge{ID: id, Name: name, Flows: n})
		}
	default:
		e.property(rec.Event.ID, &c)
	}
}

// at is the component with this number, a new one when it is not known; nil when there are too many.
func (p *Packets) at(id uint16) *component {
	e := p.components[id]
	if e == nil && len(p.components) < maxComponents {
		if p.components == nil {
			p.components = map[uint16]*component{}
		}
		e = &component{Component: trace.Component{ID: id, Interface: -1, VLAN: -1}, text: fmt.Sprintf("component %d", id)}
		p.components[id] = e
	}
	return e
}

// name takes events 20, 270 and 280: id u16, type u16, name, description (UTF-16).
func (e *component) name(kind uint16, name, description string) {
	e.kind, e.Name, e.Description = kind, name, description
	switch {
	case name == "":
		e.text = description
	case description == "" || description == name:
		e.text = name
	default:
		e.text = name + " (" + description + ")"
	}
	if e.text == "" {
		e.text = fmt.Sprintf("component %d", e.ID)
	}
}

// edge takes the counters of an edge; the last ones told count.
func (e *component) edge(n trace.Edge) {
	if i := slices.IndexFunc(e.Edges, func(q trace.Edge) bool { return q.ID == n.ID && q.Name == n.Name }); i >= 0 {
		e.Edges[i] = n
	} else if len(e.Edges) < maxParts {
		e.Edges = append(e.Edges, n)
	}
}

// counters reads the tail of events 80 and 90: direction u16, packets u64, bytes u64, for in and out.
func counters(c *bin.Cursor) (n trace.Counters, ok bool) {
	c.Skip(2)
	n.PacketsIn, n.BytesIn = c.U64(), c.U64()
	c.Skip(2)
	n.PacketsOut, n.BytesOut = c.U64(), c.U64()
	return n, c.Err() == nil
}

// property takes events 30 to 75: id u16, type u16, value.
func (e *component) property(event uint16, c *bin.Cursor) {
	kind := c.U16()
	var number uint32
	var text string
	switch event {
	case eventNumber, eventNumber2:
		number = c.U32()
	case eventWord:
		number = uint32(c.U16())
	case eventString:
		text = c.UTF16()
	case eventIPv4:
		if b := c.Bytes(4); c.Err() == nil {
			text = netip.AddrFrom4([4]byte(b)).String()
		}
	case eventIPv6:
		if b := c.Bytes(16); c.Err() == nil {
			text = netip.AddrFrom16([16]byte(b)).String()
		}
	}
	if c.Err() != nil {
		return
	}
	switch kind {
	case propertyIfIndex:
		e.own = number
	case propertyMiniportIndex:
		e.miniport = number
	case propertyLowestIndex:
		e.lowest = number
	case propertyIPIndex:
		e.ip4 = number
	case propertyVLAN:
		e.VLAN = int(number)
	case propertySwitchName:
		e.Switch = text
	case propertyAddress:
		if text != "" && len(e.Addresses) < maxParts && !slices.Contains(e.Addresses, text) {
			e.Addresses = append(e.Addresses, text)
		}
	}
}

// Use ties the components to the interfaces that the trace names, fills in
// their kinds and gives the list of them, by number. Addresses of components
// become those of their interfaces. Call it after the last Learn.
func (p *Packets) Use(list []trace.Interface) []trace.Component {
	index := make(map[uint32]int, len(list))
	for i := range list {
		index[uint32(list[i].ID)] = i
	}
	var out []trace.Component
	for _, id := range slices.Sorted(maps.Keys(p.components)) {
		e := p.components[id]
		// A filter has an interface of its own; its packets are those of the adapter below it.
		for _, id := range []uint32{e.miniport, e.lowest, e.ip4, e.own} {
			if i, ok := index[id]; ok && id != 0 {
				e.Interface = i
				break
			}
		}
		if p.Kind != nil {
			e.Kind = p.Kind(e.kind)
		}
		for _, a := range e.Addresses {
			if e.Interface >= 0 && len(list[e.Interface].Addresses) < maxParts && !slices.Contains(list[e.Interface].Addresses, a) {
				list[e.Interface].Addresses = append(list[e.Interface].Addresses, a)
			}
		}
		out = append(out, e.Component)
	}
	return out
}

package trace

// A Component is a place in a network stack that a recorder names: a driver, a
// filter, a protocol, as pktmon lists them.
type Component struct {
	ID                uint16
	Kind              string // "Miniport", "Filter", "Protocol"
	Name, Description string // "tcpip.sys", "TCPIP"
	// Interface is an index into Info.Interfaces of the adapter that the component belongs to, -1 when it is none's.
	Interface int
	Addresses []string
	VLAN      int    // -1 when the component has none
	Switch    string // name of the virtual switch, "" when it is part of none
	// Drops counts packets that the component dropped while the recorder ran; valid iff HasDrops.
	Drops    Counters
	HasDrops bool
	Edges    []Edge
}

// An Edge is where packets enter or leave a component.
type Edge struct {
	ID    uint16
	Name  string // "Upper", "Lower"
	Flows Counters
}

// Counters are packets and bytes in both directions: In is what comes from below or in at a switch's port.
type Counters struct {
	PacketsIn, BytesIn   uint64
	PacketsOut, BytesOut uint64
}

// Packets is the number of packets in both directions.
func (c *Counters) Packets() uint64 { return c.PacketsIn + c.PacketsOut }

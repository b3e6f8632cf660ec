package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/pktmon"
	"github.com/wiretale/wiretale/trace"
)

// Events of pktmon that are about a packet and do not carry it.
const (
	pktmonDropCounters = 80
	pktmonDropHeaders4 = 140
	pktmonDropHeaders6 = 150
)

// UseComponents sets the function that gives the name of a component of pktmon.
func (t *Tracker) UseComponents(name func(id uint16) string) { t.component = name }

// recentPackets is how many packets are remembered by the recorder's id, for events that tell more of them.
const recentPackets = 64

// groups are the conversations of the last packets that pktmon logged, by the id that it gave them.
type groups struct {
	list [recentPackets]group
	next int
}

type group struct {
	id   uint64
	conv *flow.Conversation
}

func (g *groups) add(id uint64, c *flow.Conversation) {
	g.list[g.next%recentPackets] = group{id, c}
	g.next++
}

func (g *groups) find(id uint64) *flow.Conversation {
	for i := range g.list {
		if e := &g.list[i]; e.conv != nil && e.id == id {
			return e.conv
		}
	}
	return nil
}

// pktmonEvent takes the events of pktmon that are about a packet without its
// bytes: its headers as the driver parsed them, with addresses and ports in
// fields of their own; its out-of-band values and its context, under the id of
// the packet. Nothing is made of them that looks like a packet, but a drop is a drop.
func (t *Tracker) pktmonEvent(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	f := t.fields(ev)
	if h.ID == pktmonDropCounters {
		t.dropCount(f, now)
		return Object{}
	}
	var c *flow.Conversation
	if a, b := f.rawAddr("SourceIP", "SourcePort"), f.rawAddr("DestinationIP", "DestinationPort"); a.IsValid() && b.IsValid() {
		c = t.convs[pair{a, b}]
	}
	if c == nil {
		c = t.groups.find(f.num("PktGroupId"))
	}
	if h.ID == pktmonDropHeaders4 || h.ID == pktmonDropHeaders6 {
		d := Drop{
			At: now, By: "PktMon", Count: 1, Conv: c, Reason: t.reason(f, "DropReason"), Code: uint32(f.num("DropReason")), Location: uint32(f.num("DropLocation")),
			ID: uint16(f.num("ComponentId")),
		}
		d.Component = t.componentName(d.ID)
		t.drops = append(t.drops, d)
	}
	if c != nil {
		if cs := t.conversation(c.ID); cs != nil {
			return cs.object(c)
		}
	}
	return Object{Conv: c}
}

// maxCounted bounds the components whose counts are kept: a real machine has some hundred.
const maxCounted = 4096

func (t *Tracker) dropCount(f fields, now flow.Moment) {
	n := DropCount{At: now, ID: uint16(f.num("ComponentId")), In: f.num("PacketsIn"), Out: f.num("PacketsOut")}
	if n.In+n.Out == 0 || len(t.counted) >= maxCounted {
		return
	}
	n.Component = t.componentName(n.ID)
	t.counted = append(t.counted, n)
}

func (t *Tracker) componentName(id uint16) string {
	if t.component == nil {
		return ""
	}
	return t.component(id)
}

// recorderDrop takes the drop of a packet that the recorder logged with its bytes.
func (t *Tracker) recorderDrop(p *packet.Packet, s *flow.Sighting) {
	m := p.Record.Meta
	t.drops = append(t.drops, Drop{
		At: flow.Moment{Pos: p.Record.Pos, Time: p.Record.Time}, By: "PktMon", Count: 1, Conv: s.Conv, Again: s.DropAgain,
		Reason: m.Drop.ReasonText, Code: m.Drop.Reason, Location: m.Drop.Location, Component: m.Drop.Component, ID: m.Component,
	})
}

var guidPktMon = pktmon.GUID

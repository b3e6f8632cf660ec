package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
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

// pktmonName is Drop.By of what pktmon reports.
const pktmonName = "PktMon"

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
		d := dropReport{at: now, reason: t.reason(f, "DropReason"), location: uint32(f.num("DropLocation")), packets: 1, conv: c}
		d.by, d.code, d.id = pktmonName, uint32(f.num("DropReason")), uint16(f.num("ComponentId"))
		d.component = t.componentName(d.id)
		t.drops.add(&d)
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
	d := dropReport{
		at: flow.Moment{Pos: p.Record.Pos, Time: p.Record.Time}, reason: m.Drop.ReasonText, location: m.Drop.Location, packets: 1,
		conv: s.Conv, again: s.DropAgain, syn: p.Transport == proto.TCP && !p.Has(packet.Fragment) && p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN,
	}
	d.by, d.code, d.id, d.component = pktmonName, m.Drop.Reason, m.Component, m.Drop.Component
	t.drops.add(&d)
}

var guidPktMon = pktmon.GUID

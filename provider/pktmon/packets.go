// Package pktmon takes packets and drops out of the events of
// Microsoft-Windows-PktMon, the provider behind pktmon.
package pktmon

import (
	"encoding/binary"
	"fmt"

	"github.com/wiretale/wiretale/trace"
)

// GUID of the provider.
var GUID = trace.MustGUID("{4D4F80D9-C8BD-4D73-BB5B-19C90402C5AC}")

// Events by id.
const (
	eventComponent     = 20
	eventNumber        = 30
	eventNumber2       = 50
	eventWord          = 60
	eventIPv4          = 65
	eventIPv6          = 66
	eventString        = 73
	eventDrops         = 80
	eventFlows         = 90
	eventFilter4       = 100
	eventFilter6       = 110
	eventPacket        = 160
	eventDrop          = 170
	eventInfo          = 180
	eventDropInfo      = 190
	eventDuplicateDrop = 240
	eventRegister      = 270
	eventUnregister    = 280

	infoLen   = 30 // what events of packets have in common
	headerLen = 34 // and the sizes of the payload
)

// Packets turns events into packets. The zero value is ready to use.
type Packets struct {
	// Reason gives the text of a drop reason; nil leaves the texts empty.
	Reason func(code uint32) string
	// Kind gives the text of a component's type; nil leaves it empty.
	Kind func(code uint16) string
	// Short counts events whose payload is shorter than they say.
	Short      int64
	components map[uint16]*component
	unknown    map[uint16]string // texts of components that the trace does not describe
	filters    []string
	meta       trace.Meta
	drop       trace.Drop
	held       []held
	plain      []byte // of a frame whose Protected flag was cleared
	comments   [2]string
}

// Carries reports whether an event carries a packet.
func Carries(h *trace.EventHeader) bool {
	return h.Provider == GUID && (h.ID == eventPacket || h.ID == eventDrop || h.ID == eventDuplicateDrop)
}

// Next takes an event and fills out when it carries a packet. The packet's data aliases the event, or memory of p
// that is valid until the next call.
func (p *Packets) Next(ev, out *trace.Record) bool {
	b := ev.Data
	if len(b) < headerLen {
		p.Short++
		return false
	}
	le := binary.LittleEndian
	original, logged := int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	if logged > len(b)-headerLen {
		p.Short++
		return false
	}
	component := le.Uint16(b[16:])
	layer, iface := p.component(component)
	p.meta = trace.Meta{
		PacketID: le.Uint64(b), HasPacketID: true, PacketNumber: le.Uint16(b[8:]), Appearance: le.Uint16(b[10:]),
		Layer: layer, Component: component, Edge: le.Uint16(b[18:]), HasEdge: true,
	}
	switch le.Uint16(b[12:]) { // DirTag: 1 In, 2 Out, 3 Rx, 4 Tx, 5 Ingress, 6 Egress
	case 1, 3, 5:
		p.meta.Direction = trace.Inbound
	case 2, 4, 6:
		p.meta.Direction = trace.Outbound
	}
	if ev.Event.ID != eventPacket {
		p.drop = trace.Drop{Reason: le.Uint32(b[22:]), Location: le.Uint32(b[26:]), Component: p.meta.Layer}
		if p.Reason != nil {
			p.drop.ReasonText = p.Reason(p.drop.Reason)
		}
		p.meta.Drop = &p.drop
	}
	p.described(b)
	*out = *ev
	out.Kind, out.Data, out.WireLen, out.Meta, out.Interface = trace.Packet, b[headerLen:headerLen+logged], max(original, logged), &p.meta, iface
	if out.Link = link(le.Uint16(b[14:]), out.Data); out.Link == trace.LinkWiFi {
		p.decipher(out)
	}
	return true
}

// component is the name of a component and the interface of its packets, -1 without one.
func (p *Packets) component(id uint16) (name string, iface int) {
	if e := p.components[id]; e != nil {
		return e.text, e.Interface
	}
	name = p.unknown[id]
	if name == "" {
		name = fmt.Sprintf("component %d", id)
		if p.unknown == nil {
			p.unknown = map[uint16]string{}
		}
		p.unknown[id] = name
	}
	return name, -1
}

// Name is the name of a component, its number when the trace does not describe it.
func (p *Packets) Name(id uint16) string {
	name, _ := p.component(id)
	return name
}

func (p *Packets) comment(text string) {
	if n := len(p.meta.Comments); n < len(p.comments) {
		p.comments[n] = text
		p.meta.Comments = p.comments[:n+1]
	}
}

// Package pktmon takes packets and drops out of the events of
// Microsoft-Windows-PktMon, the provider behind pktmon.
package pktmon

import (
	"encoding/binary"
	"fmt"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// GUID of the provider.
var GUID = trace.MustGUID("{4D4F80D9-C8BD-4D73-BB5B-19C90402C5AC}")

const (
	eventPacket        = 160
	eventDrop          = 170
	eventDuplicateDrop = 240
	eventComponent     = 20
	eventRegister      = 270

	headerLen = 34
)

// Packets turns events into packets. The zero value is ready to use.
type Packets struct {
	// Components are the places in the stack, by id: learned before the packets, which come first in the file.
	Components map[uint16]string
	// Reason gives the text of a drop reason; nil leaves the texts empty.
	Reason func(code uint32) string
	// Short counts events whose payload is shorter than they say.
	Short int64
	meta  trace.Meta
	drop  trace.Drop
}

// Wants reports whether Learn reads records with this header.
func Wants(h *trace.EventHeader) bool {
	return h.Provider == GUID && (h.ID == eventComponent || h.ID == eventRegister)
}

// Carries reports whether an event carries a packet.
func Carries(h *trace.EventHeader) bool {
	return h.Provider == GUID && (h.ID == eventPacket || h.ID == eventDrop || h.ID == eventDuplicateDrop)
}

// Learn takes a component's name: id u16, type u16, name, description (UTF-16).
func (p *Packets) Learn(rec *trace.Record) {
	c := bin.Little(rec.Data)
	id := c.U16()
	c.Skip(2)
	name, description := c.UTF16(), c.UTF16()
	if c.Err() != nil {
		return
	}
	if p.Components == nil {
		p.Components = map[uint16]string{}
	}
	if description != "" && description != name {
		name += " (" + description + ")"
	}
	p.Components[id] = name
}

// Next takes an event and fills out when it carries a packet. The packet's data aliases the event.
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
	p.meta = trace.Meta{
		PacketID: le.Uint64(b), HasPacketID: true, PacketNumber: le.Uint16(b[8:]), Appearance: le.Uint16(b[10:]),
		Layer: p.component(component), Component: component, Edge: le.Uint16(b[18:]), HasEdge: true,
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
	*out = *ev
	out.Kind, out.Data, out.WireLen, out.Meta, out.Interface = trace.Packet, b[headerLen:headerLen+logged], max(original, logged), &p.meta, -1
	out.Link = link(le.Uint16(b[14:]), out.Data)
	return true
}

func (p *Packets) component(id uint16) string {
	if name := p.Components[id]; name != "" {
		return name
	}
	return fmt.Sprintf("component %d", id)
}

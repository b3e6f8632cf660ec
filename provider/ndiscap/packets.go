// Package ndiscap takes packets out of the events of
// Microsoft-Windows-NDIS-PacketCapture, the provider behind netsh trace
// capture=yes, and of its sibling for dial-in and VPN servers,
// Microsoft-Windows-Ras-NdisWanPacketCapture.
//
// One packet may be told several times: once for each layer of the stack that
// the capture driver sits in (capturetype, multilayer), each with its own
// LowerIfIndex. All of them are handed out; Meta.Layer says which layer it was.
package ndiscap

import (
	"github.com/wiretale/wiretale/trace"
)

// GUID of the provider, and of the one that records the packets of RAS connections.
var (
	GUID    = trace.MustGUID("{2ED6006E-4729-4609-B423-3EE7BCD678EF}")
	RasGUID = trace.MustGUID("{D84521F7-2235-4237-A7C0-14E3A9676286}")
)

// Keywords that carry meaning (manifest of the provider).
const (
	keywordWWAN        = 0x200
	keywordNative80211 = 0x10000
	keywordTruncated   = 0x2000000
	keywordStart       = 0x40000000
	keywordEnd         = 0x80000000
	keywordSend        = 0x1_0000_0000
	keywordReceive     = 0x2_0000_0000
)

const (
	eventFragment   = 1001
	eventMetadata   = 1002
	eventSwitch     = 1003
	eventRule       = 1016
	eventSource     = 5101
	eventRasSend    = 5001
	eventRasReceive = 5002
)

// Packets makes packets of events. The zero value is ready to use.
type Packets struct {
	// Lost counts fragments whose start or end is not in the trace, and packet
	// events that end before what they say they hold.
	Lost int64
	// Damage, when set, gets every loss with its position.
	Damage *trace.Damage
	// Interfaces maps a lower interface index to the position in trace.Info.Interfaces; may be nil. Use sets it.
	Interfaces map[uint32]int

	names                      map[uint32]string   // of interfaces, by index
	layers                     map[layerKey]string // texts of Meta.Layer
	ports, routes, connections texts
	pending                    []piece
	free                       [][]byte // buffers of packets that are done
	handed                     []byte   // the buffer that out of the last call may alias
	radio                      []heard
	truncate                   int // bytes a packet is cut to by a capture rule, 0 without
	meta                       trace.Meta
	comments                   [3]string
}

// Wants reports whether Next reads records with this header.
func Wants(h *trace.EventHeader) bool {
	if h.Header != trace.HeaderEvent {
		return false
	}
	switch h.Provider {
	case GUID:
		return h.ID >= eventFragment && h.ID <= eventSwitch || h.ID == eventRule || h.ID == eventSource
	case RasGUID:
		return h.ID == eventRasSend || h.ID == eventRasReceive
	}
	return false
}

// Learns reports whether Learn reads records with this header: those that
// describe the capture. They may come after the packets.
func Learns(h *trace.EventHeader) bool {
	return h.Header == trace.HeaderEvent && h.Provider == GUID && (h.ID == eventRule || h.ID == eventSource)
}

// Next takes an event and fills out when it completes a packet. Events that do
// not are remembered as far as they say something of the packets to come.
//
// The packet has the position and the time of the event that ends it, so that
// the order of the source holds; packets in several events are rare (Windows 8
// and before) and their events microseconds apart. Data aliases the event, or
// memory of p that is valid until the next call, as Meta is.
func (p *Packets) Next(ev, out *trace.Record) bool {
	p.reuse()
	h := ev.Event
	if h.Provider == RasGUID {
		return p.ras(ev, out)
	}
	switch h.ID {
	case eventMetadata:
		p.hear(ev)
		return false
	case eventRule, eventSource:
		p.Learn(ev)
		return false
	}
	var f fragment
	if !f.read(ev) {
		p.lost(ev, "the event ends before the fragment that it announces", len(ev.Data))
		return false
	}
	if start, end := h.Keyword&keywordStart != 0, h.Keyword&keywordEnd != 0; !start || !end {
		if f.data = p.join(ev, &f, start, end); f.data == nil {
			return false
		}
	}
	p.packet(ev, out, f.data, link(h.Keyword))
	switch {
	case h.Keyword&keywordSend != 0:
		p.meta.Direction = trace.Outbound
	case h.Keyword&keywordReceive != 0:
		p.meta.Direction = trace.Inbound
	}
	if i, ok := p.Interfaces[f.lower]; ok {
		out.Interface = i
	}
	if h.ID == eventSwitch {
		p.overSwitch(&f, int(h.PointerSize))
	} else {
		p.meta.Layer = p.layer(f.miniport, f.lower)
	}
	if h.Keyword&keywordTruncated != 0 || p.truncate > 0 && len(f.data) == p.truncate {
		out.WireLen = wireLength(out.Link, f.data)
	}
	if out.Link == trace.LinkWiFi {
		p.overRadio(ev, out, &f)
	}
	return true
}

// packet fills out with what all packets have.
func (p *Packets) packet(ev, out *trace.Record, data []byte, l trace.LinkType) {
	p.meta = trace.Meta{Comments: p.comments[:0]}
	*out = *ev
	out.Kind, out.Link, out.Data, out.WireLen, out.Interface, out.Meta = trace.Packet, l, data, len(data), -1, &p.meta
}

func (p *Packets) comment(text string) {
	if text != "" && len(p.meta.Comments) < len(p.comments) {
		p.meta.Comments = append(p.meta.Comments, text)
	}
}

// link is the first layer of a packet. The keyword of the medium decides, not the index of the interface.
func link(keyword uint64) trace.LinkType {
	switch {
	case keyword&keywordNative80211 != 0:
		return trace.LinkWiFi
	case keyword&keywordWWAN != 0:
		return trace.LinkRaw
	}
	return trace.LinkEthernet
}

// lost counts bytes of a packet that cannot be put together.
func (p *Packets) lost(ev *trace.Record, why string, n int) {
	p.Lost++
	if p.Damage != nil {
		p.Damage.Add(&trace.Error{Record: ev.Pos.Number, Offset: ev.Pos.Offset, Layer: "NDIS packet event", Detail: why, Err: trace.ErrCorrupt}, int64(n))
	}
}

// Package ndiscap takes packets out of the events of
// Microsoft-Windows-NDIS-PacketCapture, the provider behind netsh trace capture=yes.
package ndiscap

import (
	"encoding/binary"
	"strconv"

	"github.com/wiretale/wiretale/trace"
)

// GUID of the provider.
var GUID = trace.MustGUID("{2ED6006E-4729-4609-B423-3EE7BCD678EF}")

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
	eventFragment = 1001
	eventSwitch   = 1003
	maxLayers     = 1024    // names of interfaces kept at a time
	maxPending    = 64      // packets in pieces at a time
	maxPacket     = 1 << 18 // bytes of a packet put together
)

// Packets joins the fragments of packets. The zero value is ready to use.
type Packets struct {
	pending []piece
	meta    trace.Meta
	layers  map[uint32]string
	// Lost counts fragments whose start or end is not in the trace.
	Lost int64
	// Interfaces maps a lower interface index to the position in trace.Info.Interfaces; may be nil.
	Interfaces map[uint32]int
}

// piece is a packet whose end has not come yet.
type piece struct {
	lower uint32
	cpu   uint16
	data  []byte
}

// Wants reports whether Next reads records with this header.
func Wants(h *trace.EventHeader) bool {
	return h.Provider == GUID && (h.ID == eventFragment || h.ID == eventSwitch)
}

// Next takes an event and fills out when it completes a packet. The packet
// has the position and time of the event that ends it; its data aliases the
// event, or memory of p that is valid until the next call.
func (p *Packets) Next(ev, out *trace.Record) bool {
	h := ev.Event
	lower, data, ok := fragment(ev)
	if !ok {
		p.Lost++
		return false
	}
	start, end := h.Keyword&keywordStart != 0, h.Keyword&keywordEnd != 0
	if !start || !end {
		if data, ok = p.join(lower, h.CPU, data, start, end); !ok {
			return false
		}
	}
	p.meta = trace.Meta{Layer: p.layer(lower)}
	switch {
	case h.Keyword&keywordSend != 0:
		p.meta.Direction = trace.Outbound
	case h.Keyword&keywordReceive != 0:
		p.meta.Direction = trace.Inbound
	}
	*out = *ev
	out.Kind, out.Data, out.WireLen, out.Meta = trace.Packet, data, len(data), &p.meta
	out.Link, out.Interface = link(h.Keyword), -1
	if i, ok := p.Interfaces[lower]; ok {
		out.Interface = i
	}
	if h.Keyword&keywordTruncated != 0 {
		out.WireLen = wireLength(out.Link, data)
	}
	return true
}

// layer names a lower interface; the names are kept, for they come with every packet.
func (p *Packets) layer(lower uint32) string {
	if name, ok := p.layers[lower]; ok {
		return name
	}
	if p.layers == nil || len(p.layers) >= maxLayers {
		p.layers = map[uint32]string{}
	}
	name := "if " + strconv.FormatUint(uint64(lower), 10)
	p.layers[lower] = name
	return name
}

func link(keyword uint64) trace.LinkType {
	switch {
	case keyword&keywordNative80211 != 0:
		return trace.LinkWiFi
	case keyword&keywordWWAN != 0:
		return trace.LinkRaw
	}
	return trace.LinkEthernet
}

// fragment finds the lower interface and the bytes of events 1001 and 1003.
func fragment(ev *trace.Record) (lower uint32, data []byte, ok bool) {
	b := ev.Data
	if len(b) < 12 {
		return 0, nil, false
	}
	lower = binary.LittleEndian.Uint32(b[4:])
	switch ev.Event.ID {
	case eventFragment:
		return sized(lower, b[8:])
	case eventSwitch:
		b = b[12:]
		for range 3 { // source port name, NIC name, NIC type
			n := afterUTF16(b)
			b = b[n:]
		}
		if len(b) < 4 {
			return 0, nil, false
		}
		skip := 4 + 8*int64(binary.LittleEndian.Uint32(b))
		if skip > int64(len(b)) {
			return 0, nil, false
		}
		return sized(lower, b[skip:])
	}
	return 0, nil, false
}

func sized(lower uint32, b []byte) (uint32, []byte, bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if int64(n) > int64(len(b)-4) {
		return 0, nil, false
	}
	return lower, b[4 : 4+n : 4+n], true
}

// afterUTF16 is the number of bytes up to and including the NUL of a UTF-16 string.
func afterUTF16(b []byte) int {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i + 2
		}
	}
	return len(b)
}

// join collects a fragment; ok when the packet is complete.
func (p *Packets) join(lower uint32, cpu uint16, data []byte, start, end bool) ([]byte, bool) {
	at := -1
	for i := range p.pending {
		if p.pending[i].lower == lower && p.pending[i].cpu == cpu {
			at = i
		}
	}
	if start {
		if at >= 0 {
			p.Lost++
			p.pending = append(p.pending[:at], p.pending[at+1:]...)
		}
		if len(p.pending) == maxPending {
			p.Lost++
			p.pending = p.pending[1:]
		}
		p.pending = append(p.pending, piece{lower, cpu, append([]byte(nil), data...)})
		return nil, false
	}
	if at < 0 || len(p.pending[at].data)+len(data) > maxPacket {
		p.Lost++
		return nil, false
	}
	p.pending[at].data = append(p.pending[at].data, data...)
	if !end {
		return nil, false
	}
	whole := p.pending[at].data
	p.pending = append(p.pending[:at], p.pending[at+1:]...)
	return whole, true
}

// wireLength is what the IP header says of a packet that the recorder cut; the captured length when it says nothing.
func wireLength(l trace.LinkType, b []byte) int {
	off := 0
	if l == trace.LinkEthernet {
		if len(b) < 14 {
			return len(b)
		}
		off = 14
	}
	ip := b[min(off, len(b)):]
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		return max(len(b), off+int(binary.BigEndian.Uint16(ip[2:])))
	case len(ip) >= 40 && ip[0]>>4 == 6:
		return max(len(b), off+40+int(binary.BigEndian.Uint16(ip[4:])))
	}
	return len(b)
}

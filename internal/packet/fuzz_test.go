package packet_test

import (
	"bytes"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// links are all link types that the walk knows, and one that it does not.
var links = []trace.LinkType{
	trace.LinkEthernet, trace.LinkNull, trace.LinkLoop, trace.LinkRaw, trace.LinkIPv4, trace.LinkIPv6, trace.LinkLinuxSLL,
	trace.LinkLinuxSLL2, trace.LinkPPP, trace.LinkPPPHDLC, trace.LinkPPPoE, trace.LinkCHDLC, trace.LinkFrameRelay, trace.LinkFDDI,
	trace.LinkTokenRing, trace.LinkNFLog, trace.LinkERF, trace.LinkWiFi, trace.LinkRadiotap, trace.LinkPPI,
	trace.LinkNetMonHeader, trace.LinkNetMonEvent, trace.LinkUnknown,
}

// check holds what is true of every decoded packet.
func check(t *testing.T, p *packet.Packet) {
	t.Helper()
	r := p.Record
	var last packet.Layer
	for i := range p.N {
		l := p.Layers[i]
		buf := r.Data
		if l.Assembled {
			buf = p.Assembled
		}
		if l.Off < 0 || l.Header < 0 || l.End < l.Off || int(l.End) > len(buf) || l.Off+l.Header > l.End || l.Wire < l.End {
			t.Fatalf("layer %d outside the data of %d bytes: %+v", i, len(buf), l)
		}
		if l.Proto == proto.None || l.Proto >= proto.Count {
			t.Fatalf("layer %d has no protocol", i)
		}
		if i > 0 && l.Proto != proto.Trailer && l.Assembled == last.Assembled && l.Off < last.Off {
			if l.Proto != proto.EtherType { // sits inside the header of the layer before it
				t.Fatalf("layer %d (%s) at %d goes back behind layer %d (%s) at %d", i, l.Proto, l.Off, i-1, last.Proto, last.Off)
			}
		}
		last = l
		if tab := all.Tables()[l.Proto]; tab != nil {
			fieldsInside(t, tab, p.Bytes(i))
		}
	}
	if p.PayloadLen < len(p.Payload) {
		t.Fatalf("payload of %d bytes, %d captured", p.PayloadLen, len(p.Payload))
	}
	p.Checksum()
	p.Protocols(nil)
	p.Each("tcp.len", func(field.Span, field.Value) bool { return true })
}

func fieldsInside(t *testing.T, tab *field.Table, b []byte) {
	for i := range tab.Fields {
		n := 0
		tab.Fields[i].All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Fatalf("%s: span %+v outside %d bytes", tab.Fields[i].Name, s, len(b))
			}
			n++
			return n < 10000
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range samples() {
		for i, l := range links {
			if l == s.link {
				f.Add(uint8(i), s.data, uint16(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, link uint8, data []byte, more uint16) {
		var d packet.Decoder
		var p packet.Packet
		r := trace.Record{Kind: trace.Packet, Link: links[int(link)%len(links)], Data: data, WireLen: len(data) + int(more)}
		d.Decode(&r, &p)
		check(t, &p)
		first := string(p.Protocols(nil))
		d = packet.Decoder{}
		d.Decode(&r, &p)
		if again := string(p.Protocols(nil)); again != first {
			t.Fatalf("the same frame decodes as %q, then as %q", first, again)
		}
		d = packet.Decoder{LengthAsSent: true}
		d.Decode(&r, &p)
		check(t, &p)
	})
}

// FuzzFragments feeds a stream of IPv4 fragments made from the input: each
// is two bytes of offset and flags, one of identification and length, then bytes.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{0x20, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 4, 9, 10, 11, 12})
	f.Add([]byte{0, 1, 4, 9, 10, 11, 12, 0x20, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0x20, 0, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 12, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2})
	f.Fuzz(func(t *testing.T, script []byte) {
		var d packet.Decoder
		var p packet.Packet
		for n := int64(1); len(script) >= 3; n++ {
			frag := uint16(script[0])<<8 | uint16(script[1])
			id, size := script[2]>>6, int(script[2]&0x3f)
			script = script[3:]
			size = min(size, len(script))
			data := ipv4(17, frag, uint16(id), script[:size])
			script = script[size:]
			r := trace.Record{Kind: trace.Packet, Link: trace.LinkRaw, Data: data, WireLen: len(data), Time: n * 1e9}
			d.Decode(&r, &p)
			check(t, &p)
			if p.Has(packet.Reassembled) && len(p.Assembled) > 65535 {
				t.Fatalf("%d bytes reassembled", len(p.Assembled))
			}
		}
	})
}

// TestCutAnywhere cuts every sample at every byte, by the capture and on the wire.
func TestCutAnywhere(t *testing.T) {
	for _, s := range samples() {
		var d packet.Decoder
		var p packet.Packet
		for n := range s.data {
			for _, wire := range []int{n, len(s.data)} {
				r := trace.Record{Kind: trace.Packet, Link: s.link, Data: bytes.Clone(s.data[:n]), WireLen: wire}
				d.Decode(&r, &p)
				check(t, &p)
				if got := string(p.Protocols(nil)); wire != n && len(got) > len(s.protocols) {
					t.Errorf("%s cut at %d: %q is more than %q", s.name, n, got, s.protocols)
				}
			}
		}
	}
}

package ndiscap

import (
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

func fragmentEvent(lower uint32, cpu uint16, keyword uint64, data string) *trace.Record {
	le := binary.LittleEndian
	b := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 9), lower), uint32(len(data)))
	return &trace.Record{Kind: trace.Event, Data: append(b, data...), Event: &trace.EventHeader{Provider: GUID, ID: eventFragment, Keyword: keyword, CPU: cpu}}
}

func TestFragmentsAreJoinedByInterfaceAndProcessor(t *testing.T) {
	var p Packets
	var out trace.Record
	steps := []struct {
		lower   uint32
		cpu     uint16
		keyword uint64
		data    string
		want    string // "" while no packet is complete
	}{
		{5, 0, keywordStart | keywordEnd | keywordSend, "whole", "whole"},
		{5, 0, keywordStart, "one ", ""},
		{5, 1, keywordStart, "two ", ""}, // another processor, at the same time
		{6, 0, keywordStart, "three ", ""},
		{5, 0, 0, "goes ", ""},
		{5, 0, keywordEnd, "on", "one goes on"},
		{6, 0, keywordEnd, "ends", "three ends"},
		{5, 1, keywordEnd, "ends", "two ends"},
		{5, 0, keywordEnd, "no start", ""},
	}
	for i, s := range steps {
		ok := p.Next(fragmentEvent(s.lower, s.cpu, s.keyword, s.data), &out)
		if ok != (s.want != "") || ok && string(out.Data) != s.want {
			t.Errorf("step %d: got %v %q, want %q", i, ok, out.Data, s.want)
		}
	}
	if p.Lost != 1 {
		t.Errorf("%d lost, want the one without a start", p.Lost)
	}
}

func TestKeywordsChooseLinkAndDirection(t *testing.T) {
	var p Packets
	var out trace.Record
	for _, c := range []struct {
		keyword   uint64
		link      trace.LinkType
		direction trace.Direction
	}{
		{whole | 1 | keywordSend, trace.LinkEthernet, trace.Outbound},
		{whole | keywordWWAN | keywordReceive, trace.LinkRaw, trace.Inbound},
		{whole | keywordNative80211, trace.LinkWiFi, trace.DirectionUnknown},
	} {
		if !p.Next(fragmentEvent(1, 0, c.keyword, "x"), &out) || out.Link != c.link || out.Meta.Direction != c.direction {
			t.Errorf("keyword %#x: link %v, direction %v", c.keyword, out.Link, out.Meta.Direction)
		}
	}
}

func TestSwitchEvent(t *testing.T) {
	le := binary.LittleEndian
	b := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 9), 7), 3) // miniport, lower, source port
	b = append(b, 'P', 0, 0, 0, 'N', 0, 0, 0, 0, 0)                      // port name, NIC name, empty type
	b = append(le.AppendUint32(b, 1), make([]byte, 8)...)                // one destination
	b = append(le.AppendUint32(b, 5), "frame"...)
	ev := &trace.Record{Data: b, Event: &trace.EventHeader{Provider: GUID, ID: eventSwitch, Keyword: keywordStart | keywordEnd}}
	var p Packets
	var out trace.Record
	if !p.Next(ev, &out) || string(out.Data) != "frame" {
		t.Errorf("got %q", out.Data)
	}
	for n := range b { // must not panic, and must not make a packet of a cut event
		ev.Data = b[:n]
		if p.Next(ev, &out) {
			t.Errorf("a packet from %d of %d bytes", n, len(b))
		}
	}
}

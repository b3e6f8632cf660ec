package pktmon

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/trace"
)

var le = binary.LittleEndian

// event is an event of pktmon on 64-bit Windows.
func event(id uint16, payload []byte) *trace.Record {
	return &trace.Record{
		Pos: trace.Pos{Number: 1}, Kind: trace.Event, Interface: -1, Data: payload,
		Event: &trace.EventHeader{Header: trace.HeaderEvent, Provider: GUID, ID: id, PointerSize: 8},
	}
}

// words appends 16-bit numbers.
func words(b []byte, list ...uint16) []byte {
	for _, n := range list {
		b = le.AppendUint16(b, n)
	}
	return b
}

func text(b []byte, list ...string) []byte {
	for _, s := range list {
		for _, c := range s + "\x00" {
			b = le.AppendUint16(b, uint16(c))
		}
	}
	return b
}

func number(id, kind uint16, n uint32) []byte { return le.AppendUint32(words(nil, id, kind), n) }

func counts(b []byte, in, out uint64) []byte {
	b = le.AppendUint64(le.AppendUint64(words(b, 3), in), 100*in)
	return le.AppendUint64(le.AppendUint64(words(b, 4), out), 100*out)
}

// packetHead is what events of packets begin with.
func packetHead(group uint64, appearance, direction, kind, component, edge uint16, reason, location uint32) []byte {
	b := words(le.AppendUint64(nil, group), 1, appearance, direction, kind, component, edge, 0)
	return le.AppendUint32(le.AppendUint32(b, reason), location)
}

func packetEvent(id uint16, head []byte, data string) *trace.Record {
	return event(id, append(words(head, uint16(len(data)), uint16(len(data))), data...))
}

// A filter of a Wi-Fi adapter, the protocol above it and the endpoint of its address, as 24H2 describes them.
func TestComponents(t *testing.T) {
	p := Packets{Kind: func(code uint16) string { return map[uint16]string{3: "Filter", 4: "Protocol"}[code] }}
	for _, ev := range []*trace.Record{
		event(eventComponent, text(words(nil, 39, 3), "npcap.sys", "Npcap")),
		event(eventNumber, number(39, propertyIfIndex, 38)), event(eventNumber, number(39, propertyMiniportIndex, 14)),
		event(eventFlows, counts(words(text(words(nil, 39), "Upper"), 1), 10, 20)),
		event(eventFlows, counts(words(text(words(nil, 39), "Lower"), 2), 1, 2)),
		event(eventFlows, counts(words(text(words(nil, 39), "Lower"), 2), 11, 21)), // told again at the end
		event(eventRegister, text(words(nil, 80, 4), "tcpip.sys", "tcpip.sys")),
		event(eventNumber, number(98, propertyIPIndex, 14)), event(eventIPv4, append(words(nil, 98, propertyAddress), 192, 168, 0, 9)),
		event(eventIPv6, append(words(nil, 98, propertyAddress), "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"...)),
		event(eventDrops, counts(words(nil, 98), 7, 0)),
		event(eventString, text(words(nil, 50, propertySwitchName), "vSwitch")), event(eventWord, words(nil, 50, propertyVLAN, 20)),
	} {
		if !Learns(ev.Event) {
			t.Errorf("event %d is not learned", ev.Event.ID)
		}
		p.Learn(ev)
	}
	list := []trace.Interface{{ID: 38, Name: "Wi-Fi-Npcap"}, {ID: 14, Name: "Wi-Fi"}}
	flows := func(in, out uint64) trace.Counters {
		return trace.Counters{PacketsIn: in, BytesIn: 100 * in, PacketsOut: out, BytesOut: 100 * out}
	}
	want := []trace.Component{
		{ID: 39, Kind: "Filter", Name: "npcap.sys", Description: "Npcap", Interface: 1, VLAN: -1, Edges: []trace.Edge{{ID: 1, Name: "Upper", Flows: flows(10, 20)}, {ID: 2, Name: "Lower", Flows: flows(11, 21)}}},
		{ID: 50, Interface: -1, VLAN: 20, Switch: "vSwitch"},
		{ID: 80, Kind: "Protocol", Name: "tcpip.sys", Description: "tcpip.sys", Interface: -1, VLAN: -1},
		{ID: 98, Interface: 1, VLAN: -1, Addresses: []string{"192.168.0.9", "fe80::1"}, Drops: flows(7, 0), HasDrops: true},
	}
	if diff := cmp.Diff(want, p.Use(list)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"192.168.0.9", "fe80::1"}, list[1].Addresses); diff != "" {
		t.Error(diff)
	}
	for id, want := range map[uint16]string{39: "npcap.sys (Npcap)", 80: "tcpip.sys", 98: "component 98", 200: "component 200"} {
		if got := p.Name(id); got != want {
			t.Errorf("component %d is called %q, want %q", id, got, want)
		}
	}
	var out trace.Record
	if !p.Next(packetEvent(eventPacket, packetHead(1, 0, 3, typeIP, 39, 2, 0, 0), "E"), &out) || out.Interface != 1 || out.Meta.Layer != "npcap.sys (Npcap)" || out.Meta.Edge != 2 {
		t.Errorf("%+v %+v", out, out.Meta)
	}
}

func TestFilters(t *testing.T) {
	var p Packets
	four := append(words(append(text(words(nil, 1), "web"), make([]byte, 12)...), 0, 10), 10, 0, 0, 1, 0, 0, 0, 0)
	four = append(words(append(four, 6), 443, 0), 2)
	six := words(append(append(text(words(nil, 2), ""), 0, 0x22, 0x48, 1, 2, 3), make([]byte, 6)...), 0x86dd, 0)
	six = append(append(six, 0xfe, 0x80), make([]byte, 14+16+6)...)
	for _, ev := range []*trace.Record{event(eventFilter4, four), event(eventFilter6, six)} {
		if !Learns(ev.Event) {
			t.Errorf("event %d is not learned", ev.Event.ID)
		}
		for n := range len(ev.Data) {
			p.Learn(event(ev.Event.ID, ev.Data[:n]))
		}
		p.Learn(ev)
	}
	want := []string{"1 web: VLAN 10, IP 10.0.0.1, protocol 6, port 443, TCP flags 0x02", "2: MAC 00:22:48:01:02:03, type 0x86dd, IP fe80::"}
	if diff := cmp.Diff(want, p.Filters()); diff != "" {
		t.Error(diff)
	}
}

func TestReasonText(t *testing.T) {
	for code, want := range map[uint32]string{3: "Insufficient resources", 902: "Not locally destined", 1210: "INET: received RST", 40000: ""} {
		if got := ReasonText(code); got != want {
			t.Errorf("reason %d: %q, want %q", code, got, want)
		}
	}
}

func TestDrops(t *testing.T) {
	p := Packets{Reason: func(code uint32) string { return map[uint32]string{902: "Not locally destined"}[code] }}
	var out trace.Record
	for _, id := range []uint16{eventDrop, eventDuplicateDrop} {
		ev := packetEvent(id, packetHead(9, 0, 4, typeIP, 98, 0, 902, 0xe0004138), "E")
		if !Carries(ev.Event) || !p.Next(ev, &out) {
			t.Fatalf("event %d carries no packet", id)
		}
		want := &trace.Drop{Reason: 902, ReasonText: "Not locally destined", Location: 0xe0004138, Component: "component 98"}
		if diff := cmp.Diff(want, out.Meta.Drop); diff != "" || out.Meta.Direction != trace.Outbound {
			t.Errorf("%s, direction %d", diff, out.Meta.Direction)
		}
	}
	if p.Next(packetEvent(eventPacket, packetHead(9, 0, 4, typeIP, 98, 0, 902, 0), "E"), &out); out.Meta.Drop != nil {
		t.Error("event 160 is no drop")
	}
}

func oob(id uint16, head []byte, size uint8, values ...uint64) *trace.Record {
	ev := event(id, head)
	ev.Event.PointerSize = size
	for _, v := range append(values, make([]uint64, 9-len(values))...) {
		if size == 4 {
			ev.Data = le.AppendUint32(ev.Data, uint32(v))
		} else {
			ev.Data = le.AppendUint64(ev.Data, v)
		}
	}
	ev.Data = append(ev.Data, make([]byte, 24)...)
	return ev
}

// Out-of-band values belong to the sighting that has the same numbers, and to no other.
func TestOutOfBand(t *testing.T) {
	sent := packetHead(5, 0, 4, typeIP, 8, 1, 0, 0)
	below := packetHead(5, 0, 4, typeIP, 1, 1, 0, 0)
	received := packetHead(6, 0, 3, typeIP, 1, 1, 0, 0)
	for _, size := range []uint8{4, 8} {
		var p Packets
		var out trace.Record
		for _, ev := range []*trace.Record{oob(eventInfo, sent, size, 1|4, 1460, 10<<4), oob(eventDropInfo, received, size, 8|32, 0, 0, 0, 0, 0, 3)} {
			if !Describes(ev.Event) {
				t.Fatal("not of a packet")
			}
			p.Describe(ev)
		}
		steps := []struct {
			head     []byte
			left     bool
			comments []string
		}{
			{below, false, nil},
			{sent, true, []string{"out of band: checksum left to the card, large send, cut to 1460 bytes, 802.1Q tag: VLAN 10, priority 0"}},
			{sent, false, nil}, // said once
			{received, false, []string{"out of band: TCP checksum good, IP checksum good, 3 segments joined by the card"}},
		}
		for i, s := range steps {
			if !p.Next(packetEvent(eventPacket, append([]byte(nil), s.head...), "E"), &out) {
				t.Fatal("no packet")
			}
			if diff := cmp.Diff(s.comments, out.Meta.Comments); diff != "" || out.Meta.ChecksumNotReady != s.left || out.Meta.Segmented != s.left {
				t.Errorf("pointers of %d bytes, packet %d: %s, checksum left %v, segmented %v", size, i, diff, out.Meta.ChecksumNotReady, out.Meta.Segmented)
			}
		}
		if p.Short > 0 {
			t.Errorf("%d short", p.Short)
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	var p Packets
	p.Learn(event(eventComponent, text(words(nil, 13, 2), "nic.sys", "Card")))
	var out trace.Record
	wifi := "\x08\x42" + string(make([]byte, 22)) + "\xaa\xaa\x03\x00\x00\x00\x08\x00E"
	for name, ev := range map[string]*trace.Record{
		"packet":            packetEvent(eventPacket, packetHead(1, 1, 3, typeIP, 13, 1, 0, 0), "E"),
		"drop":              packetEvent(eventDrop, packetHead(1, 1, 3, typeIP, 13, 1, 902, 1), "E"),
		"decrypted":         packetEvent(eventPacket, packetHead(1, 1, 3, typeWiFi, 13, 1, 0, 0), wifi),
		"unknown component": packetEvent(eventPacket, packetHead(1, 1, 3, typeIP, 14, 1, 0, 0), "E"),
	} {
		p.Next(ev, &out)
		if n := testing.AllocsPerRun(100, func() { p.Next(ev, &out) }); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
}

// Every prefix of every event is taken or counted as short, and nothing is made of what is not there.
func TestCutAtEveryByte(t *testing.T) {
	for _, ev := range []*trace.Record{
		packetEvent(eventPacket, packetHead(1, 1, 3, typeEthernet, 1, 1, 0, 0), "payload"), oob(eventInfo, packetHead(1, 1, 3, typeIP, 1, 1, 0, 0), 8, 1),
		event(eventComponent, text(words(nil, 1, 2), "a", "b")), event(eventFlows, counts(words(text(words(nil, 1), "x"), 1), 1, 2)),
		event(eventIPv6, append(words(nil, 1, propertyAddress), make([]byte, 16)...)),
	} {
		for n := range len(ev.Data) {
			cut := *ev
			cut.Data = ev.Data[:n]
			use(t, &cut)
		}
	}
}

func use(t *testing.T, ev *trace.Record) {
	t.Helper()
	var p Packets
	var out trace.Record
	switch {
	case Carries(ev.Event):
		if p.Next(ev, &out) && len(out.Data)+headerLen > len(ev.Data) {
			t.Fatalf("%d bytes out of %d", len(out.Data), len(ev.Data))
		}
	case Describes(ev.Event):
		p.Describe(ev)
	case Learns(ev.Event):
		p.Learn(ev)
	}
	if list := p.Use([]trace.Interface{{ID: 1}}); len(list) > 1 {
		t.Fatalf("%d components of one event", len(list))
	}
}

func FuzzEvent(f *testing.F) {
	for _, ev := range []*trace.Record{
		packetEvent(eventPacket, packetHead(1, 1, 3, typeEthernet, 1, 1, 0, 0), "payload"),
		packetEvent(eventDrop, packetHead(1, 1, 3, typeWiFi, 1, 1, 902, 1), "payload"),
		oob(eventInfo, packetHead(1, 1, 3, typeIP, 1, 1, 0, 0), 8, 1),
		event(eventComponent, text(words(nil, 1, 2), "a", "b")), event(eventFlows, counts(words(text(words(nil, 1), "x"), 1), 1, 2)),
		event(eventNumber, number(1, propertyIfIndex, 1)), event(eventString, text(words(nil, 1, propertySwitchName), "s")),
	} {
		f.Add(ev.Data, ev.Event.ID)
	}
	f.Fuzz(func(t *testing.T, b []byte, id uint16) { use(t, event(id, b)) })
}

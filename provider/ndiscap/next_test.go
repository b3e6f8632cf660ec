package ndiscap

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

const whole = keywordStart | keywordEnd

// tcp4 is an Ethernet frame: IPv4, total length 41, TCP.
const tcp4 = "3c678ca1a1428c89a5cbb13f0800" + "4500002901514000800600000a0000010a000002" + "c00001bb00000001000000025010010000000000" + "41"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

func utf16z(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// event is an event of the provider, logged by thread 20 on processor 0.
func event(id uint16, keyword uint64, payload []byte) *trace.Record {
	return &trace.Record{
		Pos: trace.Pos{Number: 7, Offset: 700}, Time: 1000, Kind: trace.Event, Data: payload, Numbered: true, Interface: -1,
		Event: &trace.EventHeader{Header: trace.HeaderEvent, Provider: GUID, ID: id, Keyword: keyword, PID: 10, TID: 20, HasThread: true, PointerSize: 8},
	}
}

func packetEvent(keyword uint64, miniport, lower uint32, data []byte) *trace.Record {
	return event(eventFragment, keyword, join(u32(miniport), u32(lower), u32(uint32(len(data))), data))
}

// sight is what a test compares of a packet.
type sight struct {
	Link      trace.LinkType
	Data      string
	WireLen   int
	Interface int
	Direction trace.Direction
	Layer     string
	Comments  []string
}

func seen(r *trace.Record) sight {
	return sight{r.Link, hex.EncodeToString(r.Data), r.WireLen, r.Interface, r.Meta.Direction, r.Meta.Layer, append([]string(nil), r.Meta.Comments...)}
}

func interfaces() []trace.Interface {
	return []trace.Interface{{ID: 14, Name: "Ethernet"}, {ID: 23, Name: "Ethernet-QoS Packet Scheduler-0000"}}
}

func TestWholePackets(t *testing.T) {
	frame := unhex(t, tcp4)
	raw := frame[14:]
	cut := frame[:40]
	tests := []struct {
		name string
		ev   *trace.Record
		want sight
	}{
		{"miniport", packetEvent(whole|keywordSend|1, 14, 14, frame),
			sight{trace.LinkEthernet, tcp4, 55, 0, trace.Outbound, "miniport 14 Ethernet", nil}},
		{"filter layer", packetEvent(whole|keywordReceive|1, 14, 23, frame),
			sight{trace.LinkEthernet, tcp4, 55, 1, trace.Inbound, "filter 23 Ethernet-QoS Packet Scheduler-0000", nil}},
		{"layer without name", packetEvent(whole, 14, 99, frame),
			sight{trace.LinkEthernet, tcp4, 55, -1, trace.DirectionUnknown, "filter 99 above miniport 14", nil}},
		{"mobile broadband", packetEvent(whole|keywordWWAN, 5, 5, raw),
			sight{trace.LinkRaw, tcp4[28:], 41, -1, trace.DirectionUnknown, "miniport 5", nil}},
		{"truncated", packetEvent(whole|keywordTruncated, 14, 14, cut),
			sight{trace.LinkEthernet, tcp4[:80], 55, 0, trace.DirectionUnknown, "miniport 14 Ethernet", nil}},
		{"flow offload of 1809 behind the fragment", event(eventFragment, whole, append(packetEvent(0, 14, 14, frame).Data, make([]byte, 16)...)),
			sight{trace.LinkEthernet, tcp4, 55, 0, trace.DirectionUnknown, "miniport 14 Ethernet", nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p Packets
			p.Use(interfaces())
			var out trace.Record
			if !Wants(tt.ev.Event) || !p.Next(tt.ev, &out) {
				t.Fatal("no packet")
			}
			if diff := cmp.Diff(tt.want, seen(&out)); diff != "" {
				t.Error(diff)
			}
			if out.Kind != trace.Packet || out.Event != tt.ev.Event || out.Pos != tt.ev.Pos || out.Time != tt.ev.Time || !out.Numbered {
				t.Errorf("%+v", out)
			}
			if p.Lost != 0 {
				t.Errorf("%d lost", p.Lost)
			}
		})
	}
}

func TestCaptureRuleSaysHowPacketsAreCut(t *testing.T) {
	var p Packets
	var out trace.Record
	frame := unhex(t, tcp4)
	if p.Next(event(eventRule, 0, join([]byte{ruleTruncate, 3, 4, 0}, u32(40))), &out) {
		t.Fatal("a rule is no packet")
	}
	for length, want := range map[int]int{40: 55, 55: 55, 42: 42} {
		if !p.Next(packetEvent(whole, 1, 1, frame[:length]), &out) || out.WireLen != want {
			t.Errorf("%d bytes: %d on the wire, want %d", length, out.WireLen, want)
		}
	}
}

func TestSourceRundownNamesLayers(t *testing.T) {
	var p Packets
	var out trace.Record
	ev := event(eventSource, 0, join([]byte{1}, utf16z("Wi-Fi 2"), u32(9), []byte{0, 0}))
	if !Learns(ev.Event) {
		t.Error("not learned")
	}
	p.Next(packetEvent(whole, 9, 9, unhex(t, tcp4)), &out)
	if out.Meta.Layer != "miniport 9" {
		t.Errorf("before: %q", out.Meta.Layer)
	}
	p.Learn(ev)
	p.Next(packetEvent(whole, 9, 9, unhex(t, tcp4)), &out)
	if out.Meta.Layer != "miniport 9 Wi-Fi 2" {
		t.Errorf("after: %q", out.Meta.Layer)
	}
}

// piece is one event of a packet in pieces.
func part(keyword uint64, tid uint32, cpu uint16, data string) *trace.Record {
	ev := packetEvent(keyword, 14, 14, []byte(data))
	ev.Event.TID, ev.Event.CPU = tid, cpu
	return ev
}

func TestPacketsInPieces(t *testing.T) {
	const send, receive = keywordSend, keywordReceive
	tests := []struct {
		name string
		evs  []*trace.Record
		want string
		lost int64
	}{
		{"three pieces", []*trace.Record{part(keywordStart|send, 1, 0, "ab"), part(send, 1, 0, "cd"), part(keywordEnd|send, 1, 0, "e")}, "abcde", 0},
		{"the thread moves to another processor", []*trace.Record{part(keywordStart|send, 1, 0, "ab"), part(keywordEnd|send, 1, 3, "c")}, "abc", 0},
		{"two threads", []*trace.Record{part(keywordStart, 1, 0, "a"), part(keywordStart, 2, 0, "b"), part(keywordEnd, 1, 0, "A"), part(keywordEnd, 2, 0, "B")}, "aA bB", 0},
		{"no thread: two processors", []*trace.Record{part(keywordStart, 0, 0, "a"), part(keywordStart, 0, 1, "b"), part(keywordEnd, 0, 1, "B"), part(keywordEnd, 0, 0, "A")}, "bB aA", 0},
		{"a deferred call receives while the thread sends", []*trace.Record{part(keywordStart|send, 1, 0, "a"), part(keywordStart|receive, 1, 0, "b"), part(keywordEnd|receive, 1, 0, "B"), part(keywordEnd|send, 1, 0, "A")}, "bB aA", 0},
		{"end without start", []*trace.Record{part(keywordEnd, 1, 0, "a"), part(keywordStart, 1, 0, "b"), part(keywordEnd, 1, 0, "c")}, "bc", 1},
		{"start without end", []*trace.Record{part(keywordStart, 1, 0, "a"), part(keywordStart, 1, 0, "b"), part(keywordEnd, 1, 0, "c")}, "bc", 1},
		{"never ends", []*trace.Record{part(keywordStart, 1, 0, "a")}, "", 1},
		{"a whole one between the pieces", []*trace.Record{part(keywordStart, 1, 0, "a"), part(whole, 1, 0, "w"), part(keywordEnd, 1, 0, "b")}, "w ab", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Packets{Damage: &trace.Damage{}}
			var out trace.Record
			var got []string
			for _, ev := range tt.evs {
				if p.Next(ev, &out) {
					got = append(got, string(out.Data))
				}
			}
			p.End()
			if s := strings.Join(got, " "); s != tt.want || p.Lost != tt.lost || p.Damage.Records != tt.lost {
				t.Errorf("got %q, %d lost, %d damaged; want %q, %d", s, p.Lost, p.Damage.Records, tt.want, tt.lost)
			}
			for _, e := range p.Damage.First {
				if e.Record != 7 || e.Offset != 700 {
					t.Errorf("%v has no position", e)
				}
			}
		})
	}
}

func TestPiecesAreBounded(t *testing.T) {
	var p Packets
	var out trace.Record
	for tid := range uint32(10 * maxPending) {
		p.Next(part(keywordStart, tid+1, 0, "x"), &out)
	}
	if len(p.pending) != maxPending || p.Lost != 9*maxPending {
		t.Errorf("%d pending, %d lost", len(p.pending), p.Lost)
	}
	big := strings.Repeat("y", 60000)
	p = Packets{}
	p.Next(part(keywordStart, 1, 0, big), &out)
	for range 10 {
		p.Next(part(0, 1, 0, big), &out)
	}
	if len(p.pending) != 0 || p.Lost == 0 {
		t.Errorf("%d pending, %d lost", len(p.pending), p.Lost)
	}
}

func TestSwitchPacket(t *testing.T) {
	oob := make([]byte, 10*8)
	binary.LittleEndian.PutUint64(oob[8*oob8021Q:], 12<<4|5)
	binary.LittleEndian.PutUint64(oob[8*oobChecksum:], 1|4)
	binary.LittleEndian.PutUint64(oob[8*oobLargeSend:], 1460|1<<30)
	frame := unhex(t, tcp4)
	payload := join(u32(11), u32(11), u32(5), utf16z("4F2C-port"), utf16z("web01"), utf16z("Synthetic"),
		u32(3), u32(7), u32(0), u32(8), []byte{0, 0, 1, 0}, u32(9), u32(0), u32(uint32(len(frame))), frame, u32(uint32(len(oob))), oob)
	var p Packets
	var out trace.Record
	ev := event(eventSwitch, whole|keywordSend|1<<24, payload)
	if !p.Next(ev, &out) {
		t.Fatal("no packet")
	}
	want := sight{trace.LinkEthernet, tcp4, 55, -1, trace.Outbound, "virtual switch port 5 web01 (Synthetic)",
		[]string{"to switch ports 7, 9", "802.1Q tag out of band: VLAN 12, priority 5"}}
	if diff := cmp.Diff(want, seen(&out)); diff != "" {
		t.Error(diff)
	}
	if !out.Meta.ChecksumNotReady || !out.Meta.Segmented {
		t.Errorf("%+v", out.Meta)
	}
	ev.Event.Keyword = whole | keywordReceive
	if p.Next(ev, &out); out.Meta.ChecksumNotReady || out.Meta.Segmented {
		t.Error("the card's verdict on a received packet was taken for work left to it")
	}
	for n := range payload {
		ev.Data = payload[:n]
		if p.Next(ev, &out) && len(out.Data) != len(frame) {
			t.Errorf("%d bytes of the event: a packet of %d", n, len(out.Data))
		}
	}
}

// wifi is a protected QoS data frame whose payload is in the clear.
const wifiFrame = "8841 3000 001122334455 66778899aabb ccddeeff0011 1000 0000" + "aaaa030000000800" + "4500002901514000800600000a0000010a000002" + "c00001bb00000001000000025010010000000000" + "41"

func TestWiFi(t *testing.T) {
	var p Packets
	var out trace.Record
	context := join([]byte{0x80, 1, 48, 0}, u32(0), u32(2), u32(2437), []byte{1, 0, 0, 0}, u32(0xffffffc9), []byte{109, 0, 0, 0}, make([]byte, 20))
	frame := unhex(t, wifiFrame)
	if p.Next(event(eventMetadata, 0, join(u32(12), u32(12), u32(uint32(len(context))), context)), &out) {
		t.Fatal("metadata is no packet")
	}
	ev := packetEvent(whole|keywordReceive|keywordNative80211, 12, 12, frame)
	if !p.Next(ev, &out) {
		t.Fatal("no packet")
	}
	clear := strings.Replace(strings.ReplaceAll(wifiFrame, " ", ""), "8841", "8801", 1)
	want := sight{trace.LinkWiFi, clear, len(frame), -1, trace.Inbound, "miniport 12",
		[]string{"802.11 at 2437 MHz, signal -55 dBm, rate 54.5 Mbit/s, PHY 2", provider.Deciphered}}
	if diff := cmp.Diff(want, seen(&out)); diff != "" {
		t.Error(diff)
	}
	if ev.Data[13] != 0x41 {
		t.Error("the event was changed")
	}
	// The metadata belongs to one frame; a frame that is cipher text stays as it is.
	copy(frame[26:], "\x01\x02\x00\x20")
	if !p.Next(ev, &out) {
		t.Fatal("no packet")
	}
	ev = packetEvent(whole|keywordReceive|keywordNative80211, 12, 12, frame)
	p.Next(ev, &out)
	if out.Data[1] != 0x41 || len(out.Meta.Comments) != 0 {
		t.Errorf("%x %q", out.Data[:2], out.Meta.Comments)
	}
	ev.Event.Keyword |= keywordTruncated
	ev.Data = packetEvent(0, 12, 12, unhex(t, wifiFrame)[:60]).Data
	if p.Next(ev, &out); out.WireLen != 26+8+41 {
		t.Errorf("%d on the wire", out.WireLen)
	}
}

func TestRAS(t *testing.T) {
	frame := unhex(t, tcp4)
	ev := event(eventRasSend, 0, join(utf16z("{D1}"), utf16z("ann"), u32(uint32(len(frame))), frame))
	ev.Event.Provider = RasGUID
	var p Packets
	var out trace.Record
	if !Wants(ev.Event) || !p.Next(ev, &out) {
		t.Fatal("no packet")
	}
	want := sight{trace.LinkEthernet, tcp4, 55, -1, trace.Outbound, "RAS connection of ann, routing domain {D1}", nil}
	if diff := cmp.Diff(want, seen(&out)); diff != "" {
		t.Error(diff)
	}
	for n := range ev.Data {
		ev := *ev
		ev.Data = ev.Data[:n]
		if p.Next(&ev, &out) {
			t.Errorf("a packet of %d bytes of the event", n)
		}
	}
}

func TestWireLength(t *testing.T) {
	v4 := "4500 05dc 00000000 8006 0000 0a000001 0a000002"
	v6 := "60000000 0500 06 40" + strings.Repeat("00", 32)
	eth := strings.Repeat("02", 12)
	tests := []struct {
		name string
		link trace.LinkType
		hex  string
		want int
	}{
		{"IPv4", trace.LinkEthernet, eth + "0800" + v4, 1514},
		{"IPv6", trace.LinkEthernet, eth + "86dd" + v6, 14 + 40 + 0x500},
		{"tagged", trace.LinkEthernet, eth + "8100 000c 0800" + v4, 1518},
		{"tagged twice", trace.LinkEthernet, eth + "88a8 0001 8100 000c 0800" + v4, 1522},
		{"raw IPv4", trace.LinkRaw, v4, 1500},
		{"raw IPv6", trace.LinkRaw, v6, 40 + 0x500},
		{"segmentation offload leaves 0", trace.LinkRaw, "4500 0000" + v4[9:], 20},
		{"IPv6 length 0", trace.LinkRaw, "60000000 0000" + v6[13:], 40},
		{"ARP", trace.LinkEthernet, eth + "0806 0001", 16},
		{"shorter than it is", trace.LinkRaw, "4500 0010" + v4[9:], 20},
		{"header cut", trace.LinkEthernet, eth + "0800 4500", 16},
	}
	for _, tt := range tests {
		if got := wireLength(tt.link, unhex(t, tt.hex)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	frame := unhex(t, tcp4)
	var p Packets
	p.Use(interfaces())
	var out trace.Record
	for name, ev := range map[string]*trace.Record{
		"whole":     packetEvent(whole|keywordSend, 14, 14, frame),
		"filter":    packetEvent(whole|keywordSend|keywordTruncated, 14, 23, frame),
		"switch":    event(eventSwitch, whole, join(u32(1), u32(1), u32(5), utf16z("p"), utf16z("n"), utf16z("t"), u32(1), u32(7), u32(0), u32(55), frame, u32(0))),
		"decrypted": packetEvent(whole|keywordNative80211, 12, 12, unhex(t, wifiFrame)),
	} {
		if n := testing.AllocsPerRun(200, func() {
			if !p.Next(ev, &out) {
				t.Fatal("no packet")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
	start, end := packetEvent(keywordStart, 14, 14, frame), packetEvent(keywordEnd, 14, 14, frame)
	if n := testing.AllocsPerRun(200, func() { p.Next(start, &out); p.Next(end, &out) }); n != 0 {
		t.Errorf("in pieces: %v allocations a packet", n)
	}
}

func BenchmarkNext(b *testing.B) {
	ev := packetEvent(whole|keywordSend, 14, 14, unhex(b, tcp4))
	var p Packets
	p.Use(interfaces())
	var out trace.Record
	b.SetBytes(int64(len(ev.Data)))
	b.ReportAllocs()
	for b.Loop() {
		p.Next(ev, &out)
	}
}

// FuzzNext feeds events cut from the input: id, keywords, length, payload.
func FuzzNext(f *testing.F) {
	f.Add(join([]byte{0, 3, 67}, packetEvent(0, 14, 14, unhex(f, tcp4)).Data))
	f.Add(join([]byte{0, 1, 14, 14, 0, 0, 0, 14, 0, 0, 0, 2, 0, 0, 0, 'a', 'b'}, []byte{0, 2, 13, 14, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 'c'}))
	f.Add(join([]byte{0, 0x13, 93}, packetEvent(0, 12, 12, unhex(f, wifiFrame)).Data))
	f.Add(join([]byte{2, 3, 60}, u32(1), u32(1), u32(5), utf16z("p"), utf16z("n"), utf16z("t"), u32(1), u32(7), u32(0), u32(4), u32(0), u32(0)))
	f.Add(join([]byte{5, 0, 40}, utf16z("d"), utf16z("u"), u32(4), u32(9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		ids := []uint16{eventFragment, eventMetadata, eventSwitch, eventRule, eventSource, eventRasSend, eventRasReceive}
		p := Packets{Damage: &trace.Damage{}}
		p.Use(interfaces())
		var out trace.Record
		fed := 0
		for len(b) >= 3 {
			n := min(int(b[2]), len(b)-3)
			ev := event(ids[int(b[0])%len(ids)], uint64(b[1]&15)<<30|uint64(b[1]&16)<<12|uint64(b[1]&32)<<4|uint64(b[1]&64)<<19, b[3:3+n:3+n])
			if ev.Event.ID >= eventRasSend && ev.Event.ID != eventSource {
				ev.Event.Provider = RasGUID
			}
			ev.Event.TID = uint32(b[0] >> 6)
			before := string(ev.Data)
			fed += n
			if p.Next(ev, &out) && (out.Kind != trace.Packet || out.WireLen < len(out.Data) || len(out.Data) > fed || out.Meta == nil || out.Meta.Layer == "") {
				t.Errorf("%+v", out)
			}
			if string(ev.Data) != before {
				t.Error("the event was changed")
			}
			b = b[3+n:]
		}
		p.End()
		if p.Damage.Records != p.Lost || len(p.pending) != 0 {
			t.Errorf("%d lost, %d damaged, %d pending", p.Lost, p.Damage.Records, len(p.pending))
		}
	})
}

package view

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

func TestNames(t *testing.T) {
	tests := []struct {
		paths []string
		pos   trace.Pos
		want  string
	}{
		{[]string{"x/a.pcap"}, trace.Pos{Number: 7}, "7"},
		{[]string{"x/a.pcap", "x/b.pcap"}, trace.Pos{Source: 1, Number: 7}, "b.pcap:7"},
		{[]string{"x/a.pcap", "y/a.pcap"}, trace.Pos{Source: 1, Number: 7}, "y/a.pcap:7"},
		{[]string{"a", "b"}, trace.Pos{Source: 5, Number: 7}, "7"},
	}
	for _, tt := range tests {
		if got := NewNames(tt.paths).Pos(tt.pos); got != tt.want {
			t.Errorf("%v %v: %q, want %q", tt.paths, tt.pos, got, tt.want)
		}
	}
}

func TestClock(t *testing.T) {
	start := time.Date(2020, 3, 4, 5, 6, 7, 123456789, time.UTC).UnixNano()
	berlin := time.FixedZone("", 3600)
	tests := []struct{ format, want string }{
		{"r", "0.000000 1.500000 2.000000"}, {"r.0", "0 1 2"}, {"r.9", "0.000000000 1.500000000 2.000000000"},
		{"d", "0.000000 1.500000 0.500000"}, {"dd", "0.000000 1.500000 0.500000"},
		{"e.3", "1583298367.123 1583298368.623 1583298369.123"},
		{"a.1", "06:06:07.1 06:06:08.6 06:06:09.1"}, {"u.0", "05:06:07 05:06:08 05:06:09"},
		{"ad.0", "2020-03-04 06:06:07 2020-03-04 06:06:08 2020-03-04 06:06:09"},
		{"adoy.0", "2020/064 06:06:07 2020/064 06:06:08 2020/064 06:06:09"}, {"udoy.0", "2020/064 05:06:07 2020/064 05:06:08 2020/064 05:06:09"},
		{"ud.0", "2020-03-04 05:06:07 2020-03-04 05:06:08 2020-03-04 05:06:09"},
	}
	for _, tt := range tests {
		c, err := NewClock(tt.format, berlin)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ns := range []int64{0, 15e8, 2e9} {
			c.Seen(start + ns)
			got = append(got, c.Text(start+ns))
			c.Done(start+ns, true)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("-t %s: %q, want %q", tt.format, s, tt.want)
		}
		if s := c.Text(trace.NoTime); s != "" {
			t.Errorf("-t %s: no time prints %q", tt.format, s)
		}
	}
	for _, bad := range []string{"", "x", "r.10", "r.", "r.-1", "add"} {
		if _, err := NewClock(bad, time.UTC); err == nil {
			t.Errorf("-t %q is accepted", bad)
		}
	}
}

func TestDeltaOfDisplayed(t *testing.T) {
	c, err := NewClock("dd.0", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for i, shown := range []bool{true, false, true} {
		now := int64(i) * 1e9
		c.Seen(now)
		if i == 2 && c.Text(now) != "2" {
			t.Errorf("got %s, want 2: the row between was not displayed", c.Text(now))
		}
		c.Done(now, shown)
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		ns   int64
		want string
	}{
		{0, "0 ns"}, {999, "999 ns"}, {1000, "1 µs"}, {1500, "1.50 µs"}, {12_345_678, "12.3 ms"}, {140_050_000, "140 ms"}, {2_730_000_000, "2.73 s"},
		{3_600_000_000_000, "3600 s"}, {-1500, "-1.50 µs"},
	}
	for _, tt := range tests {
		if got := Duration(tt.ns); got != tt.want {
			t.Errorf("Duration(%d) = %q, want %q", tt.ns, got, tt.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	tests := []struct {
		ns       int64
		decimals int
		want     string
	}{{1_999_999_999, 6, "1.999999"}, {-1, 9, "-0.000000001"}, {-1_500_000_000, 1, "-1.5"}, {-1 << 63, 0, "-9223372036"}}
	for _, tt := range tests {
		if got := Seconds(tt.ns, tt.decimals); got != tt.want {
			t.Errorf("Seconds(%d, %d) = %q, want %q", tt.ns, tt.decimals, got, tt.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain text, ünïcode", "plain text, ünïcode"}, {"a\x1b[31mb", `a\x1b[31mb`}, {"a\nb", `a\nb`}, {"bad \xff", `bad \xff`}, {`quote "x"`, `quote "x"`},
	}
	for _, tt := range tests {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("Printable(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestValue(t *testing.T) {
	tests := []struct {
		v     field.Value
		base  field.Base
		width int
		want  string
	}{
		{field.U(80), field.Dec, 2, "80"}, {field.U(80), field.Hex, 2, "0x0050"},
		{field.Value{Type: field.Pointer, U: 0x8921dd28}, field.Dec, 4, "0x8921DD28"},
		{field.Value{Type: field.SockAddr, B: []byte{2, 0, 0, 80, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}}, field.Dec, 16, "10.0.0.1:80"},
		{field.Value{Type: field.SID, B: []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}}, field.Dec, 16, "S-1-5-32-544"},
		{field.Value{Type: field.SID, B: []byte{1, 200, 0}}, field.Dec, 3, "01c800"},
		{field.Value{Type: field.Time, U: 1_500_000_000}, field.Dec, 8, "1.500000000"},
		{field.S("a\x00b"), field.Dec, 3, `a\x00b`},
	}
	for _, tt := range tests {
		if got := Value(tt.v, tt.base, tt.width); got != tt.want {
			t.Errorf("Value(%+v) = %q, want %q", tt.v, got, tt.want)
		}
	}
}

// row decodes a frame as the engine does.
func row(data []byte, link trace.LinkType) *engine.Row {
	rec := &trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: link, Data: data, WireLen: len(data), Interface: -1, Numbered: true}
	var d packet.Decoder
	r := &engine.Row{Record: rec, Packet: &packet.Packet{}, Sighting: &flow.Sighting{}}
	d.Decode(rec, r.Packet)
	flow.NewTracker(0).Add(r.Packet, r.Sighting)
	r.Object.Conv = r.Sighting.Conv
	return r
}

const ethernet = "ffffffffffff00155d010203"

func TestColumns(t *testing.T) {
	ip := func(proto, payload string) string {
		return "0800" + "4500" + hex.EncodeToString([]byte{0, byte(20 + len(payload)/2)}) + "12340000" + "40" + proto + "0000" + "0a000001" + "0a000002" + payload
	}
	ip6 := func(next, payload string) string {
		return "86dd" + "60000000" + hex.EncodeToString([]byte{0, byte(len(payload) / 2)}) + next + "ff" + "fe80000000000000" + "0000000000000001" + "ff02000000000000" + "0000000000000002" + payload
	}
	tests := []struct{ name, frame, protocol, info, netmon string }{
		{"arp request", "0806" + "0001080006040001" + "00155d010203" + "0a000001" + "000000000000" + "0a000002", "ARP", "Who has 10.0.0.2? Tell 10.0.0.1", "ARP:Request, 10.0.0.1 asks for 10.0.0.2"},
		{"arp reply", "0806" + "0001080006040002" + "00155d010203" + "0a000001" + "000000000000" + "0a000002", "ARP", "10.0.0.1 is at 00:15:5d:01:02:03", "ARP:Response, 10.0.0.1 at 00-15-5D-01-02-03"},
		{"arp probe", "0806" + "0001080006040001" + "00155d010203" + "00000000" + "000000000000" + "0a000002", "ARP", "Who has 10.0.0.2? (ARP Probe)", "ARP:Request, 0.0.0.0 asks for 10.0.0.2"},
		{"arp announcement", "0806" + "0001080006040001" + "00155d010203" + "0a000001" + "000000000000" + "0a000001", "ARP", "ARP Announcement for 10.0.0.1", "ARP:Request, 10.0.0.1 asks for 10.0.0.1"},
		{"echo", ip("01", "0800000000010002"), "ICMP", "Echo (ping) request  id=0x0001, seq=2/512, ttl=64", "ICMP:Echo Request Message, From 10.0.0.1 To 10.0.0.2"},
		{"redirect", ip("01", "0501000000000000"), "ICMP", "Redirect             (Redirect for host)", "ICMP:Redirect Message, From 10.0.0.1 To 10.0.0.2"},
		{"unknown code", ip("01", "03ff000000000000"), "ICMP", "Destination unreachable (Unknown code: 255)", "ICMP:Destination Unreachable Message, From 10.0.0.1 To 10.0.0.2"},
		{"igmp v3", ip("02", "22000000000000010400000001020304"), "IGMPv3", "Membership Report / Join group 1.2.3.4 for any sources", "IGMPv3:Membership Report / Join group 1.2.3.4 for any sources"},
		{"igmp leave", ip("02", "17000000e0000005"), "IGMPv2", "Leave Group 224.0.0.5", "IGMPv2:Leave Group 224.0.0.5"},
		{"udp", ip("11", "10d5059a000b0000050608"), "UDP", "4309 → 1434 Len=3", "UDP:SrcPort = 4309, DstPort = 1434, Length = 11"},
		{"neighbour solicitation", ip6("3a", "87000000"+"00000000"+"fe800000000000000000000000000009"+"010100155d010203"), "ICMPv6", "Neighbor Solicitation for fe80::9 from 00:15:5d:01:02:03", "ICMPv6:Neighbor Solicitation for fe80::9 from 00:15:5d:01:02:03"},
		{"neighbour advertisement", ip6("3a", "88000000"+"60000000"+"fe800000000000000000000000000009"+"020100155d010203"), "ICMPv6", "Neighbor Advertisement fe80::9 (sol, ovr) is at 00:15:5d:01:02:03", "ICMPv6:Neighbor Advertisement fe80::9 (sol, ovr) is at 00:15:5d:01:02:03"},
		{"sctp", ip("84", "0bb80bb9"+"00000000"+"00000000"+"01000014"+strings.Repeat("00", 16)), "SCTP", "3000 → 3001 INIT", "SCTP:3000 → 3001 INIT"},
	}
	for _, tt := range tests {
		data, err := hex.DecodeString(ethernet + tt.frame)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		r := row(data, trace.LinkEthernet)
		c := ColumnsOf(r)
		got := []string{c.Protocol, c.Info, NetMonOf(r).Description}
		if diff := cmp.Diff([]string{tt.protocol, tt.info, tt.netmon}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestColumnsOfCutFrames: a frame cut at every byte has columns, and no panic.
func TestColumnsOfCutFrames(t *testing.T) {
	frame := ethernet + "0800" + "450000280001000040060000" + "0a0000010a000002" + "c351005000000001000000005002faf000000000"
	data, err := hex.DecodeString(frame)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		r := row(data[:n:n], trace.LinkEthernet)
		if c := ColumnsOf(r); c.Protocol == "" {
			t.Errorf("cut to %d bytes: no protocol", n)
		}
		NetMonOf(r)
	}
}

func TestFieldNamesAreFound(t *testing.T) {
	names := FieldNames()
	if len(names) < 100 {
		t.Errorf("only %d fields", len(names))
	}
	for _, f := range names {
		if _, ok := NewColumn(f.Name); !ok {
			t.Errorf("%s is listed and not found", f.Name)
		}
		if f.Title == "" {
			t.Errorf("%s has no title", f.Name)
		}
	}
	if _, ok := NewColumn("no.such.field"); ok {
		t.Error("no.such.field is found")
	}
}

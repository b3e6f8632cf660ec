package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/trace"
)

const u16, u32, u64, unicode, binary14, structure24 = 6, 8, 10, 1, 14, 24

func TestLearnEvent(t *testing.T) {
	builtIn := Embedded{
		Events:   "1\t0\t0\t0\tOurName\tStatus:u32/ntstatus Address:u32\n4\t0\t0\t0\tFour\taddr:u32/ipv4 port:u16/port\n",
		Messages: "1\tours: %{Address}, %{Status}\n3\tby name: %{IPv4Address}\n",
		Maps:     "M\t0\t0\t\t1\told text\n",
	}
	tests := []struct {
		name    string
		block   []byte
		id      uint16
		payload []byte
		want    string
	}{
		{"layout of the trace, wording and meaning of the table",
			infoBlock(1, 0, "Task", "theirs %1", 2, prop{name: "Address", in: u32, out: 23}, prop{name: "Status", in: u32, out: u32}),
			1, payload([]byte{10, 0, 0, 1}, uint32(0xC0000120)), "ours: 10.0.0.1, 0xC0000120 - STATUS_CANCELLED"},
		{"plain numbers that the table knows to be an address and a port",
			infoBlock(4, 0, "Task", "", 2, prop{name: "addr", in: u32}, prop{name: "port", in: u16}),
			4, []byte{10, 0, 0, 1, 1, 0xBB}, "Four addr=10.0.0.1 port=443"},
		{"text of the trace where there is none of ours",
			infoBlock(2, 0, "Task", "N = %1!d!%n, %2%% of it. ", 2, prop{name: "N", in: u32, out: u32}, prop{name: "S", in: unicode}),
			2, payload(uint32(5), "half"), "N = 5 (0x5) , half% of it."},
		{"neither",
			infoBlock(2, 0, "Task", "", 2, prop{name: "N", in: u32}, prop{name: "S", in: unicode}),
			2, payload(uint32(5), "half"), "Task N=5 (0x5) S=half"},
		{"field names with blanks",
			infoBlock(3, 0, "Task", "", 1, prop{name: "IPv4 Address", in: u32, out: 23}),
			3, []byte{10, 0, 0, 2}, "by name: 10.0.0.2"},
		{"length of another property, fixed length",
			infoBlock(2, 0, "T", "", 3, prop{name: "L", in: u16}, prop{name: "B", flags: 2, in: binary14, length: 0}, prop{name: "F", flags: 0x10, in: binary14, length: 2}),
			2, payload(uint16(1), []byte{7, 8, 9}), "T B=07 F=0809"},
		{"value map of the trace",
			infoBlock(2, 0, "T", "", 1, prop{name: "A", in: u32, mapName: "M"}),
			2, payload(uint32(1)), "T A=new text"},
		{"value that the map does not have",
			infoBlock(2, 0, "T", "", 1, prop{name: "A", in: u32, mapName: "M"}),
			2, payload(uint32(9)), "T A=Unknown value: 9"},
		{"bits",
			infoBlock(2, 0, "T", "", 1, prop{name: "A", in: u32, mapName: "B"}),
			2, payload(uint32(0x85)), "T A=one|four|0x80"},
		{"structure",
			infoBlock(2, 0, "T", "", 2, prop{name: "S", flags: 1, in: 2, out: 2, count: 1}, prop{name: "After", in: u16}, prop{name: "X", in: u16}, prop{name: "Y", in: unicode}),
			2, payload(uint16(1), "y", uint16(3)), "T S.X=1 (0x1) S.Y=y After=3 (0x3)"},
		{"list of structures with a list inside",
			infoBlock(2, 0, "T", "", 2, prop{name: "N", in: u16}, prop{name: "S", flags: 1 | 4, in: 2, out: 3, count: 0},
				prop{name: "Name", in: unicode}, prop{name: "K", in: u16}, prop{name: "V", flags: 4, in: u64, count: 3}),
			2, payload(uint16(2), "a", uint16(1), uint64(5), "b", uint16(0)), "T S=[{Name=a K=1 (0x1) V=[5 (0x5)]}, {Name=b K=0 (0x0) V=[]}]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := registryOf(t, builtIn)
			for _, rec := range []*trace.Record{
				described(opcodeEventInfo, tt.block),
				described(opcodeMapInfo, mapBlock("M", 1, []uint32{1}, []string{"new text "})),
				described(opcodeMapInfo, mapBlock("B", 2, []uint32{1, 4}, []string{"one", "four"})),
			} {
				if !r.Wants(rec.Event) || !r.Learn(rec) {
					t.Fatal("a description was not taken")
				}
			}
			var e Event
			if !r.Decode(eventRecord(tt.id, 0, 8, tt.payload), &e) || !e.Embedded {
				t.Fatal("the layout of the trace was not used")
			}
			checkEvent(t, &e)
			if got := string(AppendText(nil, &e)); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A provider that is not built in has the name that the trace gives it.
func TestLearnNewProvider(t *testing.T) {
	r := NewRegistry()
	r.Learn(described(opcodeEventInfo, infoBlock(5, 1, "Microsoft-Windows-X", "", 0)))
	var e Event
	if !r.Decode(eventRecord(5, 1, 8, nil), &e) || e.Provider.Name != "Test-Provider" || e.Provider.GUID != testGUID {
		t.Errorf("got %+v", e.Provider)
	}
	if p := r.Provider(testGUID); p != e.Provider {
		t.Errorf("Provider gives %v", p)
	}
}

// A description that is cut or lies about its sizes is passed over; the built-in layout stays.
func TestLearnDamaged(t *testing.T) {
	whole := infoBlock(1, 0, "Task", "message", 2, prop{name: "L", in: u16}, prop{name: "B", flags: 2, in: binary14, length: 0})
	for n := range whole {
		r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\tA:u16\n"})
		if !r.Learn(described(opcodeEventInfo, whole[:n:n])) {
			t.Fatal("not recognised as a description")
		}
		var e Event
		r.Decode(eventRecord(1, 0, 8, payload(uint16(1), uint8(2))), &e)
		checkEvent(t, &e)
		AppendText(nil, &e)
	}
	m := mapBlock("M", 1, []uint32{1, 2}, []string{"a", "b"})
	for n := range m {
		registryOf(t, Embedded{}).Learn(described(opcodeMapInfo, m[:n:n]))
	}
	for name, block := range map[string][]byte{
		"structure that holds itself": infoBlock(2, 0, "T", "", 1, prop{name: "S", flags: 1, in: 0, out: 1}),
		"members that do not exist":   infoBlock(2, 0, "T", "", 1, prop{name: "S", flags: 1, in: 1, out: 9}),
		"length that comes later":     infoBlock(2, 0, "T", "", 2, prop{name: "B", flags: 2, in: binary14, length: 1}, prop{name: "L", in: u16}),
		"count that comes later":      infoBlock(2, 0, "T", "", 2, prop{name: "B", flags: 4, in: u16, count: 1}, prop{name: "L", in: u16}),
	} {
		r := NewRegistry()
		r.Learn(described(opcodeEventInfo, block))
		var e Event
		if r.Decode(eventRecord(2, 0, 8, []byte{1, 2, 3}), &e) {
			t.Errorf("%s: a layout was made of it", name)
		}
	}
}

func TestWants(t *testing.T) {
	r := NewRegistry()
	for _, tt := range []struct {
		h    trace.EventHeader
		want bool
	}{
		{trace.EventHeader{Header: trace.HeaderFull, Provider: metadataProvider, Opcode: 32}, true},
		{trace.EventHeader{Header: trace.HeaderFull, Provider: metadataProvider, Opcode: 33}, true},
		{trace.EventHeader{Header: trace.HeaderFull, Provider: metadataProvider, Opcode: 34}, false},
		{trace.EventHeader{Header: trace.HeaderFull, Opcode: 32}, false},
		{trace.EventHeader{Header: trace.HeaderEvent, ID: 0xFFFE}, true},
		{trace.EventHeader{Header: trace.HeaderEvent, ID: 1}, false},
		{trace.EventHeader{Header: trace.HeaderSystem, Opcode: 32}, false},
	} {
		if got := r.Wants(&tt.h); got != tt.want {
			t.Errorf("%+v: got %v, want %v", tt.h, got, tt.want)
		}
	}
	if r.Learn(&trace.Record{Kind: trace.Packet}) {
		t.Error("a packet was taken as a description")
	}
}

const manifestXML = `<instrumentationManifest xmlns="http://schemas.microsoft.com/win/2004/08/events"><instrumentation><events>
<provider name="My-Source" guid="{11111111-2222-3333-4444-555555555555}" symbol="MySource">
<tasks><task name="Sent" value="1"/></tasks>
<events>
<event value="1" version="0" level="win:Informational" symbol="Sent" task="Sent" opcode="win:Info" template="SentArgs" message="$(string.event_Sent)"/>
<event value="2" version="3" level="win:Informational" symbol="Bytes" task="Bytes" opcode="win:Start" template="BytesArgs"/>
</events>
<maps><valueMap name="Kind"><map value="0x1" message="$(string.map_Kindone)"/></valueMap><bitMap name="Flags"><map value="0x1" message="A"/><map value="0x2" message="B"/></bitMap></maps>
<templates>
<template tid="SentArgs"><data name="kind" inType="win:UInt32" map="Kind"/><data name="to" inType="win:UnicodeString"/></template>
<template tid="BytesArgs"><data name="size" inType="win:UInt32"/><data name="data" inType="win:Binary" length="size"/><data name="flags" inType="win:UInt8" map="Flags"/></template>
</templates></provider></events></instrumentation>
<localization><resources culture="en-US"><stringTable><string id="event_Sent" value="sent %1 to %2"/><string id="map_Kindone" value="kind one"/></stringTable></resources></localization>
</instrumentationManifest>`

// pieces cuts a manifest into events of n bytes.
func pieces(text string, n int) []*trace.Record {
	var recs []*trace.Record
	total := (len(text) + n - 1) / n
	for i := range total {
		part := text[i*n : min((i+1)*n, len(text))]
		recs = append(recs, eventRecord(manifestEvent, 0, 8, payload([]byte{1, 1, 0, chunkMagic}, uint16(total), uint16(i), []byte(part))))
	}
	return recs
}

func TestLearnManifest(t *testing.T) {
	r := NewRegistry()
	recs := pieces(manifestXML, 300)
	for i := len(recs) - 1; i >= 0; i-- { // pieces of several threads come in any order
		if !r.Learn(recs[i]) {
			t.Fatal("a piece was not taken")
		}
	}
	r.Learn(recs[0]) // a second session logs the manifest again
	var e Event
	for _, tt := range []struct {
		rec  *trace.Record
		want string
	}{
		{eventRecord(1, 0, 8, payload(uint32(1), "you")), "sent kind one to you"},
		{eventRecord(2, 3, 8, payload(uint32(2), []byte{1, 2}, uint8(3))), "Bytes/Start data=0102 flags=A|B"},
		{recs[1], "manifest of the provider, version 1.0, part 1 (0x1) of " + partsText(len(recs))},
	} {
		if !r.Decode(tt.rec, &e) || e.Provider.Name != "My-Source" {
			t.Fatalf("event %d: provider %+v", tt.rec.Event.ID, e.Provider)
		}
		checkEvent(t, &e)
		if got := strings.ReplaceAll(string(AppendText(nil, &e)), "1 (0x1).0 (0x0)", "1.0"); got != tt.want {
			t.Errorf("\n got %s\nwant %s", got, tt.want)
		}
	}
}

func partsText(n int) string {
	return string(appendHex([]byte(string(rune('0'+n))+" (0x"), uint64(n), 1)) + ")"
}

// A manifest that never becomes whole, or is no XML, does no harm.
func TestLearnManifestDamaged(t *testing.T) {
	for _, text := range []string{"<a><b>", "", strings.Repeat("<x>", 20000), manifestXML[:400]} {
		r := NewRegistry()
		for _, rec := range pieces(text+" ", 100) {
			r.Learn(rec)
		}
		if r.Decode(eventRecord(1, 0, 8, nil), &Event{}) {
			t.Errorf("%.20q gave a layout", text)
		}
	}
	r := NewRegistry()
	if r.Learn(eventRecord(manifestEvent, 0, 8, []byte{1, 0, 0, 0, 1, 0, 0, 0, 1})) {
		t.Error("an event of that number without the mark was taken")
	}
}

// A layout may not grow far beyond the bytes that describe it.
func TestLayoutsAreBounded(t *testing.T) {
	long := strings.Repeat("n", 300)
	fields := []string{long + "\x00\x98\x7F"}
	for range 127 {
		fields = append(fields, "x\x00\x04")
	}
	if _, ok := parseSchema(schemaBlock("E", fields...)); ok {
		t.Error("a schema whose names grow was taken")
	}
	if _, ok := xmlFields(make([]xmlData, maxTemplate+1)); ok {
		t.Error("a template of any size was taken")
	}
	deep := make([]string, 0, 40)
	for range 40 {
		deep = append(deep, "s\x00\x98\x01")
	}
	if _, ok := parseSchema(schemaBlock("E", append(deep, "x\x00\x04")...)); ok {
		t.Error("structures of any depth were taken")
	}
}

func TestSelfDescribing(t *testing.T) {
	tests := []struct {
		name    string
		schema  []byte
		payload []byte
		want    string
	}{
		{"numbers and strings", schemaBlock("Hit", "n\x00\x08", "s\x00\x01", "c\x00\x16"), payload(uint32(1), "text", uint16(4), utf16le("ab")), "Hit n=1 (0x1) s=text c=ab"},
		{"out types", schemaBlock("Hit", "p\x00\x86\x07", "h\x00\x88\x04", "b\x00\x84\x03", "u\x00\x97\x23", "e\x00\x88\x0E"),
			payload([]byte{0, 80}, uint32(255), uint8(1), uint16(2), []byte("é"), uint32(0xC0000120)), "Hit p=80 h=0x000000FF b=true u=é e=0xC0000120 - STATUS_CANCELLED"},
		{"tags", schemaBlock("Hit", "n\x00\x88\x80\x81\x01"), payload(uint32(1)), "Hit n=1 (0x1)"},
		{"lists", schemaBlock("Hit", "a\x00\x26\x02\x00", "b\x00\x46"), payload(uint16(1), uint16(2), uint16(1), uint16(3)), "Hit a=[1 (0x1), 2 (0x2)] b=[3 (0x3)]"},
		{"structure in a structure", schemaBlock("Hit", "s\x00\x98\x02", "x\x00\x04", "t\x00\x98\x01", "y\x00\x04", "z\x00\x04"), payload(uint8(1), uint8(2), uint8(3)), "Hit s.x=1 (0x1) s.t.y=2 (0x2) z=3 (0x3)"},
		{"list of structures", schemaBlock("Hit", "s\x00\xD8\x02", "x\x00\x04", "y\x00\x16"), payload(uint16(2), uint8(1), uint16(2), utf16le("a"), uint8(2), uint16(0)), "Hit s=[{x=1 (0x1) y=a}, {x=2 (0x2) y=}]"},
		{"binary has its length before it", schemaBlock("Hit", "b\x00\x0E"), payload(uint16(2), []byte{1, 2}), "Hit b=0102"},
		{"no fields", schemaBlock("Hit"), nil, "Hit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRegistry()
			rec := eventRecord(0, 0, 8, tt.payload)
			rec.Event.Schema, rec.Event.Traits = tt.schema, payload(uint16(9), []byte("My.Name\x00more"))
			var e Event
			for range 2 { // parsed, then from the cache
				if !r.Decode(rec, &e) || e.Provider.Name != "My.Name" || !e.Embedded {
					t.Fatalf("not decoded: %+v", e.Provider)
				}
				checkEvent(t, &e)
				if got := string(AppendText(nil, &e)); got != tt.want || len(e.Extra) > 0 {
					t.Errorf("\n got %s (%d bytes left over)\nwant %s", got, len(e.Extra), tt.want)
				}
			}
			for n := range tt.schema { // a schema may be cut anywhere
				if d, ok := parseSchema(tt.schema[:n]); ok {
					t.Errorf("a schema cut at %d of %d gave %+v", n, len(tt.schema), d)
				}
			}
		})
	}
	if diff := cmp.Diff("", traitsName([]byte{1})); diff != "" {
		t.Error(diff)
	}
}

// The map of the trace comes first, then that of the build; where nobody knows
// the map of the build, a number that has had two meanings stays a number.
func TestMapsByBuild(t *testing.T) {
	tables := Embedded{
		Events: "1\t0\t0\t0\tE\tA:u32{M}\n",
		Maps: "M\t0\t9600\t\t1\told\nM\t0\t9600\t\t2\tsame\nM\t0\t9600\t\t4\tfour\n" +
			"M\t17134\t0\t\t1\tnew\nM\t17134\t0\t\t2\tsame\nM\t17134\t0\t\t3\tthree\n",
	}
	tests := []struct {
		build  int
		values [5]string // text of 0 to 4
	}{
		{7600, [5]string{"Unknown value: 0", "old", "same", "Unknown value: 3", "four"}},
		{9600, [5]string{"Unknown value: 0", "old", "same", "Unknown value: 3", "four"}},
		{10240, [5]string{"0 (0x0)", "1 (0x1)", "same", "three", "four"}},
		{17133, [5]string{"0 (0x0)", "1 (0x1)", "same", "three", "four"}},
		{17134, [5]string{"Unknown value: 0", "new", "same", "three", "Unknown value: 4"}},
		{26100, [5]string{"Unknown value: 0", "new", "same", "three", "Unknown value: 4"}},
		{0, [5]string{"0 (0x0)", "1 (0x1)", "same", "three", "four"}},
	}
	for _, fromTrace := range []bool{false, true} {
		for _, tt := range tests {
			r := registryOf(t, tables)
			r.SetBuild(tt.build)
			want := tt.values
			if fromTrace {
				r.Learn(described(opcodeMapInfo, mapBlock("M", 1, []uint32{1}, []string{"of the trace"})))
				want = [5]string{"Unknown value: 0", "of the trace", "Unknown value: 2", "Unknown value: 3", "Unknown value: 4"}
			}
			for value, text := range want {
				var e Event
				r.Decode(eventRecord(1, 0, 8, payload(uint32(value))), &e)
				if got := string(AppendText(nil, &e)); got != "E A="+text && got != `E A="`+text+`"` {
					t.Errorf("build %d, value %d, map of the trace %v: got %s, want %s", tt.build, value, fromTrace, got, text)
				}
				known := r.MapText(testGUID, "M", uint64(value))
				if MapText(&e, 0) != known || (known == text) != (text[0] >= 'a') {
					t.Errorf("build %d, value %d: MapText gives %q and %q", tt.build, value, MapText(&e, 0), known)
				}
			}
		}
	}
}

func TestAlternatives(t *testing.T) {
	r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\tA:u32/ipv4 L:u8 B:bin/ipv6[L]\n", Messages: "1\tfrom %{A|B}.\n"})
	for want, b := range map[string][]byte{
		"from 10.0.0.1.": payload([]byte{10, 0, 0, 1}, uint8(0)),
		"from fe80::1.":  payload(uint32(0), uint8(16), sockAddr6[8:24]),
		"from .":         payload(uint32(0), uint8(0)),
	} {
		var e Event
		r.Decode(eventRecord(1, 0, 8, b), &e)
		if got := string(AppendText(nil, &e)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

package provider

import (
	"testing"
)

// fuzzLayouts has every type and every way of giving a length.
const fuzzLayouts = "1\t0\t0\t0\tE\tL:u32 A:bin/sockaddr[L] S:sid W:wstr V:astr N:u8 X:u16*N P:ptr G:guid C:cbin D:cwstr F:f64 T:filetime U:systime\n" +
	"2\t0\t0\t0\tE\tN:u32 A:wstr*N M:u16 B:bin*M Q:u16/port I:u32/ipv4 J:bin/ipv6[16] K:bin/mac[6] Z:bool\n" +
	"3\t0\t0\t9999\tE\tA:u32\n3\t0\t10000\t0\tE\tA:u32 B:wstr\n"

// FuzzDecode lays the layouts over any payload.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(1), uint8(8), payload(uint32(16), sockAddr4, sidSystem, "name", uint16('a'), uint8(2), uint16(1), uint16(2), uint64(3), testGUID))
	f.Add(uint8(2), uint8(4), payload(uint32(2), "a", "b", uint16(0)))
	f.Add(uint8(3), uint8(4), payload(uint32(2), "a"))
	r := registryOf(f, Embedded{Events: fuzzLayouts})
	var e Event
	f.Fuzz(func(t *testing.T, id, pointer uint8, data []byte) {
		r.Decode(eventRecord(uint16(id), 0, pointer, data), &e)
		checkEvent(t, &e)
		checkText(t, &e)
	})
}

// checkText checks that the text of an event has no control character.
func checkText(t testing.TB, e *Event) {
	t.Helper()
	for _, c := range AppendText(AppendName(nil, e), e) {
		if c < 0x20 || c == 0x7F {
			t.Fatalf("%q has a control character", AppendText(nil, e))
		}
	}
}

// FuzzEventInfo learns any TRACE_EVENT_INFO and decodes an event with it.
func FuzzEventInfo(f *testing.F) {
	f.Add(infoBlock(1, 0, "Task", "message %1", 2, prop{name: "L", in: u16}, prop{name: "B", flags: 2, in: binary14, length: 0}), []byte{1, 0, 7})
	f.Add(infoBlock(1, 0, "T", "", 2, prop{name: "N", in: u16}, prop{name: "S", flags: 1 | 4, in: 2, out: 2, count: 0},
		prop{name: "X", in: unicode}, prop{name: "V", flags: 4, in: u64, count: 0}), payload(uint16(1), "a"))
	f.Fuzz(func(t *testing.T, block, data []byte) {
		info, ok := parseEventInfo(block)
		if !ok {
			return
		}
		if n := len(info.def.Fields); n > len(block)/propertySize {
			t.Fatalf("%d fields from %d bytes", n, len(block))
		}
		r := NewRegistry()
		r.Learn(described(opcodeEventInfo, block))
		rec := eventRecord(info.def.ID, info.def.Version, 8, data)
		rec.Event.Provider = info.provider
		var e Event
		if !r.Decode(rec, &e) {
			t.Fatal("a layout that was learned is not used")
		}
		checkEvent(t, &e)
		checkText(t, &e)
	})
}

// FuzzMapInfo learns any EVENT_MAP_INFO.
func FuzzMapInfo(f *testing.F) {
	f.Add(mapBlock("M", 1, []uint32{1, 2}, []string{"a", "b"}))
	f.Add(mapBlock("Bits", 2, []uint32{1, 2}, []string{"a", "b"}))
	f.Fuzz(func(t *testing.T, block []byte) {
		_, name, m, ok := parseMapInfo(block)
		if ok && (name == "" || len(m.Values) > len(block)/8) {
			t.Fatalf("map %q has %d values in %d bytes", name, len(m.Values), len(block))
		}
		NewRegistry().Learn(described(opcodeMapInfo, block))
	})
}

// FuzzSchema decodes a self-describing event with any schema.
func FuzzSchema(f *testing.F) {
	f.Add(schemaBlock("Hit", "s\x00\x98\x02", "x\x00\x04", "t\x00\x98\x01", "y\x00\x04", "z\x00\x04"), []byte{1, 2, 3})
	f.Add(schemaBlock("Hit", "s\x00\xD8\x02", "x\x00\x04", "y\x00\x16"), payload(uint16(1), uint8(1), uint16(2), utf16le("a")))
	f.Add(schemaBlock("Hit", "a\x00\x26\x02\x00", "b\x00\x46"), payload(uint16(1), uint16(2), uint16(0)))
	f.Fuzz(func(t *testing.T, schema, data []byte) {
		if len(schema) == 0 {
			return
		}
		rec := eventRecord(0, 0, 8, data)
		rec.Event.Schema, rec.Event.Traits = schema, schema
		var e Event
		if NewRegistry().Decode(rec, &e) && len(e.Def.Fields) > len(schema) {
			t.Fatalf("%d fields from %d bytes", len(e.Def.Fields), len(schema))
		}
		checkEvent(t, &e)
		checkText(t, &e)
	})
}

// FuzzManifest learns any manifest text, cut into pieces.
func FuzzManifest(f *testing.F) {
	f.Add(manifestXML, uint16(300), []byte{1, 0, 0, 0})
	f.Add("<instrumentationManifest/>", uint16(5), []byte{})
	f.Fuzz(func(t *testing.T, text string, size uint16, data []byte) {
		r := NewRegistry()
		for _, rec := range pieces(text, max(int(size), len(text)/1000+1)) {
			r.Learn(rec)
		}
		var e Event
		for id := range uint16(4) {
			r.Decode(eventRecord(id, 0, 4, data), &e)
			checkEvent(t, &e)
			checkText(t, &e)
		}
	})
}

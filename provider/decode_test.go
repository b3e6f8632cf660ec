package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/field"
)

// registryOf makes a registry of one provider with the given event rows.
func registryOf(t testing.TB, e Embedded) *Registry {
	t.Helper()
	table, err := ParseTable(e)
	if err != nil {
		t.Fatal(err)
	}
	return NewRegistry(&Provider{GUID: testGUID, Name: "Test-Provider", Short: "Test", Load: func() *Table { return table }})
}

var (
	sockAddr4 = []byte{2, 0, 0x32, 0xC8, 192, 168, 1, 212, 0, 0, 0, 0, 0, 0, 0, 0}
	sockAddr6 = append([]byte{23, 0, 0, 53, 0, 0, 0, 0, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0, 0, 0, 0)
	sidSystem = []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}
)

func TestDecodeRules(t *testing.T) {
	tests := []struct {
		name, fields string
		pointer      uint8
		payload      []byte
		want         string // as AppendText shows it
		extra        int
		short        bool
	}{
		{"packed numbers", "A:u8 B:u32 C:u16 D:u64", 8, payload(uint8(1), uint32(2), uint16(3), uint64(4)), "E A=1 (0x1) B=2 (0x2) C=3 (0x3) D=4 (0x4)", 0, false},
		{"signed", "A:i8 B:i16 C:i32 D:i64", 8, payload(int8(-1), int16(-2), int32(-3), int64(-4)), "E A=-1 (0xFF) B=-2 (0xFFFE) C=-3 (0xFFFFFFFD) D=-4 (0xFFFFFFFFFFFFFFFC)", 0, false},
		{"pointer of 4 bytes", "P:ptr N:u8", 4, payload(uint32(0x8921DD28), uint8(1)), "E P=0x8921DD28 N=1 (0x1)", 0, false},
		{"pointer of 8 bytes", "P:ptr N:u8", 8, payload(uint64(0x8921DD28), uint8(1)), "E P=0x000000008921DD28 N=1 (0x1)", 0, false},
		{"floats", "A:f32 B:f64", 8, payload(float32(1.5), float64(-2.25)), "E A=1.5 B=-2.25", 0, false},
		{"bool of 4 bytes", "A:bool B:u8", 8, payload(uint32(7), uint8(9)), "E A=true B=9 (0x9)", 0, false},
		{"strings", "A:wstr B:astr C:u8", 8, payload("höher", []byte("low\x00"), uint8(1)), `E A=höher B=low C=1 (0x1)`, 0, false},
		{"string that needs quotes", "A:wstr B:wstr", 8, payload("two words", ""), `E A="two words" B=""`, 0, false},
		{"last string without NUL", "N:u8 A:wstr", 8, payload(uint8(1), utf16le("end")), "E N=1 (0x1) A=end", 0, false},
		{"length of a string in characters", "L:u16 A:wstr[L] N:u8", 8, payload(uint16(2), utf16le("ab"), uint8(5)), "E A=ab N=5 (0x5)", 0, false},
		{"length of bytes", "L:u32 A:bin[L] N:u8", 8, payload(uint32(3), []byte{1, 2, 3}, uint8(5)), "E A=010203 N=5 (0x5)", 0, false},
		{"fixed bytes", "A:bin/mac[6] B:bin/ipv6[16]", 8, payload([]byte{0, 1, 2, 3, 4, 5}, sockAddr6[8:24]), "E A=00-01-02-03-04-05 B=fe80::1", 0, false},
		{"counted strings", "A:cwstr B:castr C:cbin", 8, payload(uint16(4), utf16le("ab"), uint16(1), []byte("c"), uint16(2), []byte{9, 8}), "E A=ab B=c C=0908", 0, false},
		{"socket addresses", "L:u32 A:bin/sockaddr[L] M:u32 B:bin/sockaddr[M]", 8, payload(uint32(16), sockAddr4, uint32(28), sockAddr6), "E A=192.168.1.212:13000 B=[fe80::1]:53", 0, false},
		{"socket address of length 0", "L:u32 A:bin/sockaddr[L] N:u8", 8, payload(uint32(0), uint8(1)), "E A= N=1 (0x1)", 0, false},
		{"address and port in network order", "A:u32/ipv4 P:u16/port", 8, []byte{10, 0, 0, 1, 0x01, 0xBB}, "E A=10.0.0.1 P=443", 0, false},
		{"SID", "S:sid N:u8", 8, payload(sidSystem, uint8(1)), "E S=S-1-5-18 N=1 (0x1)", 0, false},
		{"GUID and time", "G:guid T:filetime", 8, payload(testGUID, uint64(132102896937707292)), "E G={11111111-2222-3333-4444-555555555555} T=2019-08-14 20:54:53.7707292", 0, false},
		{"time that means never", "T:filetime U:filetime", 8, payload(uint64(0), uint64(1<<63-1)), "E T=0 (0x0) U=9223372036854775807 (0x7FFFFFFFFFFFFFFF)", 0, false},
		{"system time", "T:systime", 8, payload(uint16(2020), uint16(2), uint16(6), uint16(29), uint16(1), uint16(2), uint16(3), uint16(4)), "E T=2020-02-29 01:02:03.0040000", 0, false},
		{"status codes", "A:u32/ntstatus B:u32/win32 C:hex32/hresult", 8, payload(uint32(0xC0000241), uint32(10061), uint32(0x8009030E)), "E A=0xC0000241 - STATUS_CONNECTION_ABORTED B=10061 (0x274D) - WSAECONNREFUSED C=0x8009030E - SEC_E_NO_CREDENTIALS", 0, false},
		{"list with a count field", "N:u16 A:u16*N B:u8", 8, payload(uint16(2), uint16(7), uint16(8), uint8(1)), "E A=[7 (0x7), 8 (0x8)] B=1 (0x1)", 0, false},
		{"list of strings", "N:u32 A:wstr*N B:u8", 8, payload(uint32(2), "a", "b", uint8(1)), "E A=[a, b] B=1 (0x1)", 0, false},
		{"fixed list", "A:u8*3", 8, payload(uint8(1), uint8(2), uint8(3)), "E A=[1 (0x1), 2 (0x2), 3 (0x3)]", 0, false},
		{"empty list", "N:u8 A:u32*N B:u8", 8, payload(uint8(0), uint8(1)), "E A=[] B=1 (0x1)", 0, false},
		{"bytes left over are kept", "A:u16", 8, payload(uint16(1), uint32(2)), "E A=1 (0x1)", 4, false},
		{"payload ends in a number", "A:u16 B:u32", 8, payload(uint16(1), uint16(2)), "E A=1 (0x1) [payload ends early]", 2, true},
		{"payload ends in bytes", "L:u32 A:bin[L]", 8, payload(uint32(5), uint8(2)), "E [payload ends early]", 1, true},
		{"length that no payload has", "L:u32 A:bin[L]", 8, payload(uint32(0xFFFFFFFF), uint8(2)), "E [payload ends early]", 1, true},
		{"count that no payload has", "N:u32 A:u32*N", 8, payload(uint32(0xFFFFFFFF), uint32(2)), "E [payload ends early]", 4, true},
		{"count of elements without bytes", "N:u32 A:wstr*N", 8, payload(uint32(1000), []byte{}), "E [payload ends early]", 0, true},
		{"no payload", "A:u8", 8, nil, "E [payload ends early]", 0, true},
		{"no fields", "", 8, nil, "E", 0, false},
		{"control characters are escaped", "A:wstr", 8, payload("a\x1b[2Jb\u202ec"), `E A=a\x1b[2Jb\u202ec`, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\t" + tt.fields + "\n"})
			var e Event
			if !r.Decode(eventRecord(1, 0, tt.pointer, tt.payload), &e) {
				t.Fatal("no layout found")
			}
			if got := string(AppendText(nil, &e)); got != tt.want {
				t.Errorf("text:\n got %s\nwant %s", got, tt.want)
			}
			if len(e.Extra) != tt.extra || e.Short != tt.short {
				t.Errorf("%d bytes left over, short %v; want %d, %v", len(e.Extra), e.Short, tt.extra, tt.short)
			}
			checkEvent(t, &e)
		})
	}
}

// checkEvent checks what holds for every decoded event: the spans are in
// order, without gaps, and Extra is the rest.
func checkEvent(t testing.TB, e *Event) {
	t.Helper()
	if e.Def == nil {
		return
	}
	if len(e.Spans) != len(e.Values) || len(e.Values) > len(e.Def.Fields) || e.Short != (len(e.Values) < len(e.Def.Fields)) {
		t.Fatalf("%d spans, %d values, %d fields, short %v", len(e.Spans), len(e.Values), len(e.Def.Fields), e.Short)
	}
	off := 0
	for i, s := range e.Spans {
		if s.Off != off || s.Len < 0 {
			t.Fatalf("field %d lies at %+v, want offset %d", i, s, off)
		}
		off += s.Len
	}
	if off+len(e.Extra) != len(e.Payload) {
		t.Fatalf("fields end at %d, %d bytes are left over, the payload has %d", off, len(e.Extra), len(e.Payload))
	}
	for i, list := range e.Arrays {
		if i >= len(e.Values) || len(list) > len(e.Payload) {
			t.Fatalf("list %d has %d elements in %d bytes", i, len(list), len(e.Payload))
		}
	}
}

// A payload may end anywhere: every cut decodes what is there.
func TestEveryCut(t *testing.T) {
	r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\tL:u32 A:bin/sockaddr[L] S:sid W:wstr N:u8 X:u16*N P:ptr G:guid C:cbin F:f64\n"})
	full := payload(uint32(16), sockAddr4, sidSystem, "name", uint8(2), uint16(1), uint16(2), uint64(3), testGUID, uint16(1), []byte{1}, float64(1))
	var e Event
	for n := range len(full) + 1 {
		if !r.Decode(eventRecord(1, 0, 8, full[:n:n]), &e) {
			t.Fatal("no layout found")
		}
		checkEvent(t, &e)
		if e.Short != (n < len(full)) {
			t.Errorf("cut at %d: short is %v", n, e.Short)
		}
		AppendText(nil, &e)
	}
}

func TestVariants(t *testing.T) {
	const events = "1\t0\t0\t17762\tOld\tA:u32\n1\t0\t17763\t0\tNew\tA:u32 B:u64\n2\t0\t0\t17762\tOld\tA:u32 B:u32\n2\t0\t17763\t0\tNew\tA:u32 C:u32\n"
	tests := []struct {
		build   int
		id      uint16
		payload []byte
		want    string
	}{
		{17134, 1, payload(uint32(1)), "Old"},
		{19041, 1, payload(uint32(1), uint64(2)), "New"},
		{17134, 1, payload(uint32(1), uint64(2)), "New"}, // an update of the build brought the new layout
		{19041, 1, payload(uint32(1)), "Old"},
		{0, 1, payload(uint32(1)), "Old"},
		{17134, 2, payload(uint32(1), uint32(2)), "Old"}, // the size does not tell: the build does
		{19041, 2, payload(uint32(1), uint32(2)), "New"},
		{0, 2, payload(uint32(1), uint32(2)), "New"},
	}
	for _, tt := range tests {
		r := registryOf(t, Embedded{Events: events})
		r.SetBuild(tt.build)
		var e Event
		r.Decode(eventRecord(tt.id, 0, 8, tt.payload), &e)
		if e.Def.Name != tt.want || e.Short || len(e.Extra) > 0 {
			t.Errorf("build %d, event %d of %d bytes: got %s, want %s", tt.build, tt.id, len(tt.payload), e.Def.Name, tt.want)
		}
		checkEvent(t, &e)
	}
}

func TestReuseLeavesNothingBehind(t *testing.T) {
	r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tOne\tN:u8 A:u8*N B:wstr\n2\t0\t0\t0\tTwo\tA:u32\n"})
	var e Event
	r.Decode(eventRecord(1, 0, 8, payload(uint8(1), uint8(2), "x")), &e)
	r.Decode(eventRecord(2, 0, 8, payload(uint32(5))), &e)
	want := []field.Value{{Type: field.Uint, U: 5}}
	if diff := cmp.Diff(want, e.Values); diff != "" || len(e.Arrays) != 0 {
		t.Errorf("after another event: %s, lists %v", diff, e.Arrays)
	}
	if r.Decode(eventRecord(99, 0, 8, []byte{1}), &e) || e.Def != nil || len(e.Values) != 0 || e.Provider == nil {
		t.Errorf("an event that is not known: %+v", e)
	}
	if got := string(AppendText(nil, &e)); got != "Test-Provider event 99 version 0, 1 bytes: 01" {
		t.Error(got)
	}
	if got := string(AppendName(nil, &e)); got != "Event99" {
		t.Error(got)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\tA:u32 L:u32 S:bin/sockaddr[L] P:ptr Q:u16/port G:guid W:wstr T:filetime N:u8 X:u16*N\n"})
	rec := eventRecord(1, 0, 8, payload(uint32(1), uint32(16), sockAddr4, uint64(3), uint16(4), testGUID, "known name", uint64(132102896937707292), uint8(1), uint16(2)))
	var e Event
	if n := testing.AllocsPerRun(200, func() { r.Decode(rec, &e) }); n != 0 {
		t.Errorf("%v allocations an event, want 0", n)
	}
	schema := eventRecord(2, 0, 8, payload(uint32(1)))
	schema.Event.Schema = schemaBlock("Self", "A\x00\x08")
	if n := testing.AllocsPerRun(200, func() { r.Decode(schema, &e) }); n != 0 {
		t.Errorf("self-describing: %v allocations an event, want 0", n)
	}
}

func TestParseTableErrors(t *testing.T) {
	for _, tt := range []struct{ table, want string }{
		{"1\t0\t0\t0\tE", "columns"},
		{"x\t0\t0\t0\tE\t", "bad numbers"},
		{"1\t0\t0\t0\tE\tA:u31", "unknown type"},
		{"1\t0\t0\t0\tE\tA:u32/odd", "unknown meaning"},
		{"1\t0\t0\t0\tE\tA:bin[L]", "no field"},
		{"1\t0\t0\t0\tE\tA", "no type"},
	} {
		_, err := ParseTable(Embedded{Events: tt.table + "\n"})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: got %v, want an error with %q", tt.table, err, tt.want)
		}
	}
}

func TestSockAddr(t *testing.T) {
	for _, tt := range []struct {
		b    []byte
		want string
	}{
		{sockAddr4, "192.168.1.212:13000"}, {sockAddr6, "[fe80::1]:53"}, {nil, "invalid AddrPort"}, {sockAddr4[:7], "invalid AddrPort"},
	} {
		if got := SockAddr(tt.b).String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestParseBuild(t *testing.T) {
	for version, want := range map[string]int{"10.0.17134": 17134, "6.1.7601": 7601, "10.0": 0, "": 0, "10.0.x": 0, "10.0.22000.1": 22000} {
		if got := ParseBuild(version); got != want {
			t.Errorf("%q: got %d, want %d", version, got, want)
		}
	}
}

// What Events, Values and the like say of fields by name.
func TestValuesByName(t *testing.T) {
	r := registryOf(t, Embedded{Events: "1\t0\t0\t0\tE\tL:u32 LocalAddress:bin/sockaddr[L] Pid:u32\n"})
	var e Event
	r.Decode(eventRecord(1, 0, 8, payload(uint32(16), sockAddr4, uint32(2704))), &e)
	if e.Uint("Pid") != 2704 || e.Addr("LocalAddress").String() != "192.168.1.212:13000" || e.Uint("None") != 0 || e.Addr("None").IsValid() {
		t.Errorf("got %d, %s", e.Uint("Pid"), e.Addr("LocalAddress"))
	}
	if (&Event{}).Uint("Pid") != 0 {
		t.Error("an event without a layout has values")
	}
}

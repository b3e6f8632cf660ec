package procmon_test

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/format/pml"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/procmon"
	"github.com/wiretale/wiretale/trace"
)

const start = 1_596_178_507_023_672_900

// decode lays out one event of a log.
func decode(t testing.TB, bits int, e fixture.PMLEvent) *provider.Event {
	t.Helper()
	e.Time = start
	p := &fixture.PML{Bits: bits, Events: []fixture.PMLEvent{e}}
	rd, err := formattest.Open(pml.Format, p.Bytes(), false)
	if err != nil {
		t.Fatal(err)
	}
	var rec trace.Record
	if err := rd.Next(&rec); err != nil {
		t.Fatal(err)
	}
	var ev provider.Event
	if !provider.NewRegistry(procmon.Provider).Decode(&rec, &ev) {
		t.Fatal("no layout")
	}
	return &ev
}

var (
	local  = netip.MustParseAddrPort("192.168.1.7:49948")
	remote = netip.MustParseAddrPort("[2001:db8::1]:443")
)

func TestText(t *testing.T) {
	read := func(bits int, flags uint32, extra []byte) fixture.PMLEvent {
		return fixture.PMLEvent{Class: 3, Operation: 23, Stack: 3, Detail: fixture.FileDetail(bits, 0, `\\srv\share\100MBFile.txt`, flags, fixture.ReadParams(bits, 16121856, 1048576), nil), Extra: extra}
	}
	for _, tt := range []struct {
		name  string
		bits  int
		event fixture.PMLEvent
		want  string
	}{
		{"a read", 64, read(64, 0x60000, nil), `ReadFile \\srv\share\100MBFile.txt | SUCCESS | Offset: 16,121,856, Length: 1,048,576, Priority: Normal`},
		{"a read of 32-bit Windows, and what there was", 32, read(32, 0x43, []byte{0, 0, 1, 0}),
			`ReadFile \\srv\share\100MBFile.txt | SUCCESS | Offset: 16,121,856, Length: 65,536, I/O Flags: Non-cached, Paging I/O, Synchronous Paging I/O`},
		{"a network event", 64, fixture.PMLEvent{Class: 5, Operation: 3, Detail: fixture.NetworkDetail(true, 1460, local, remote, "seqnum", "0", "odd", "x")},
			`TCP Receive 192.168.1.7:49948 -> 2001:db8:0:0:0:0:0:1:443 | SUCCESS | Length: 1460, seqnum: 0, odd: x`},
		{"a pending operation", 64, fixture.PMLEvent{Class: 3, Operation: 38, Result: 0x103, Detail: fixture.FileDetail(64, 0, `C:\a`, 0, nil, nil)}, `CloseFile C:\a`},
		{"a result that has no text", 64, fixture.PMLEvent{Class: 3, Operation: 38, Result: 0xC0DEBABE, Detail: fixture.FileDetail(64, 0, `C:\a`, 0, nil, nil)}, `CloseFile C:\a | 0xC0DEBABE`},
		{"an operation that nobody knows", 64, fixture.PMLEvent{Class: 4, Operation: 99}, `<Unknown> SUCCESS`},
		{"an escape for the terminal", 64, fixture.PMLEvent{Class: 3, Operation: 38, Detail: fixture.FileDetail(64, 0, "C:\\\x1b[31m", 0, nil, nil)}, `CloseFile C:\\x1b[31m | SUCCESS`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(provider.AppendText(nil, decode(t, tt.bits, tt.event))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFields(t *testing.T) {
	e := decode(t, 64, fixture.PMLEvent{
		Class: 3, Operation: 24, Duration: 4800 * time.Nanosecond, Stack: 2,
		Detail: fixture.FileDetail(64, 0, `C:\a`, 0x80000|0x400000, fixture.ReadParams(64, 1<<40, 512), nil),
	})
	want := map[string]field.Value{
		"Path": field.S(`C:\a`), "Result": field.S("SUCCESS"), "Duration": {Type: field.Duration, U: 4800}, "Offset": {Type: field.Int, U: 1 << 40}, "Length": field.U(512), "Requested": field.U(512),
		"IOFlags": field.S("Write Through"), "Priority": field.S("High"),
	}
	for i := range e.Values {
		name := e.Def.Fields[i].Name
		if got := e.Values[i]; got.Type != want[name].Type || got.U != want[name].U || got.S != want[name].S {
			t.Errorf("%s is %+v, want %+v", name, got, want[name])
		}
		delete(want, name)
		if s := e.Spans[i]; s.Off < 0 || s.Off+s.Len > len(e.Payload) {
			t.Errorf("%s lies at %+v of %d bytes", name, s, len(e.Payload))
		}
	}
	if len(want) > 0 {
		t.Errorf("without %v", want)
	}
}

func TestEndpoints(t *testing.T) {
	e := decode(t, 64, fixture.PMLEvent{Class: 5, Operation: 2, Detail: fixture.NetworkDetail(false, 7, local, remote)})
	if e.Addr("LocalAddress") != local || e.Addr("RemoteAddress") != remote || e.Def.Name != "UDP Send" {
		t.Errorf("%s %v %v", e.Def.Name, e.Addr("LocalAddress"), e.Addr("RemoteAddress"))
	}
}

// TestCutDetail: an event whose detail ends early keeps what there is.
func TestCutDetail(t *testing.T) {
	for _, bits := range []int{32, 64} {
		for class := uint32(1); class <= 5; class++ {
			for op := range uint16(48) {
				whole := fixture.FileDetail(bits, 1, `C:\a`, 0x60043, fixture.ReadParams(bits, 1, 2), make([]byte, 40))
				for n := 0; n < len(whole); n += 3 {
					e := decode(t, bits, fixture.PMLEvent{Class: class, Operation: op, Detail: whole[:n], Extra: whole[:n/2]})
					checkSpans(t, e)
				}
			}
		}
	}
}

func checkSpans(t testing.TB, e *provider.Event) {
	t.Helper()
	if len(e.Values) != len(e.Spans) || e.Def != nil && len(e.Values) != len(e.Def.Fields) {
		t.Fatalf("%d values, %d spans", len(e.Values), len(e.Spans))
	}
	for i, s := range e.Spans {
		if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(e.Payload) {
			t.Fatalf("%s lies at %+v of %d bytes", e.Def.Fields[i].Name, s, len(e.Payload))
		}
	}
}

// FuzzEvent lays out any event, and any row of an export.
func FuzzEvent(f *testing.F) {
	p := &fixture.PML{Events: []fixture.PMLEvent{
		{Class: 3, Operation: 23, Detail: fixture.FileDetail(64, 0, `C:\a`, 0x60043, fixture.ReadParams(64, 1, 2), nil)},
		{Class: 3, Operation: 32, Detail: fixture.FileDetail(64, 1, `C:\a`, 0, fixture.ReadParams(64, 37, 2), []byte{1, 0, '*', 0}), Extra: make([]byte, 120)},
		{Class: 3, Operation: 20, Detail: fixture.FileDetail(64, 0, `C:\a`, 0, fixture.ReadParams(64, 1, 2), make([]byte, 20)), Extra: make([]byte, 4)},
		{Class: 5, Operation: 5, Detail: fixture.NetworkDetail(true, 0, local, remote, "mss", "1460")},
		{Class: 2, Operation: 6, Detail: make([]byte, 40), Extra: make([]byte, 40)},
		{Class: 1, Operation: 7, Detail: make([]byte, 40)},
	}, Unclosed: true}
	for _, r := range formattest.Read(f, pml.Format, p.Bytes(), false).Records {
		f.Add(r.Data, "", uint8(r.Data[8]), uint16(r.Data[12]), uint8(0), true)
	}
	f.Add([]byte(`"1:00:00.1 AM","a.exe","1","TCP Send","1.2.3.4:5 -> 1.2.3.4:6","SUCCESS","Length: 1,024, mss: 5"`),
		`"Time of Day","Process Name","PID","Operation","Path","Result","Detail"`, uint8(0), uint16(0), uint8(0), true)
	f.Add([]byte(`<event><Operation>ReadFile</Operation><Detail>Offset: 1.024, Length: 5</Detail></event>`), "<event>", uint8(0), uint16(0), uint8(0), true)
	f.Fuzz(func(t *testing.T, data []byte, schema string, class uint8, id uint16, sub uint8, wide bool) {
		h := &trace.EventHeader{Header: trace.HeaderProcmon, Provider: procmon.GUID, Task: uint16(class), ID: id, Opcode: sub, PointerSize: 4, Schema: []byte(schema)}
		if wide {
			h.PointerSize = 8
		}
		var e provider.Event
		provider.NewRegistry(procmon.Provider).Decode(&trace.Record{Kind: trace.Event, Data: data, Event: h}, &e)
		checkSpans(t, &e)
		text := string(provider.AppendText(nil, &e))
		if strings.ContainsAny(text, "\x1b\n\r") {
			t.Fatalf("%q", text)
		}
		for i := range e.Values {
			provider.AppendValue(nil, &e, i)
		}
	})
}

// BenchmarkDecode reads and lays out the events of a log, with their text.
func BenchmarkDecode(b *testing.B) {
	p := &fixture.PML{}
	const events = 20_000
	for i := range events {
		p.Events = append(p.Events, fixture.PMLEvent{
			Class: 3, Operation: 23, Stack: 30, Time: start + int64(i)*1e5,
			Detail: fixture.FileDetail(64, 0, `\\srv\share\folder\100MBFile.txt`, 0x60001, fixture.ReadParams(64, uint64(i)<<16, 65536), nil), Extra: []byte{0, 0, 1, 0},
		})
	}
	data := p.Bytes()
	registry := provider.NewRegistry(procmon.Provider)
	b.SetBytes(int64(len(data)))
	var text []byte
	for b.Loop() {
		rd, err := formattest.Open(pml.Format, data, false)
		if err != nil {
			b.Fatal(err)
		}
		var rec trace.Record
		var e provider.Event
		n := 0
		for ; ; n++ {
			if err = rd.Next(&rec); err != nil {
				break
			}
			registry.Decode(&rec, &e)
			text = provider.AppendText(text[:0], &e)
		}
		if err != io.EOF || n != events {
			b.Fatalf("%d events, %v", n, err)
		}
	}
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

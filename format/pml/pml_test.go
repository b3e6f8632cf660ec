package pml

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/trace"
)

// start is when the log begins.
const start = 1_596_178_507_023_672_900

var (
	local  = netip.MustParseAddrPort("192.168.1.7:49948")
	remote = netip.MustParseAddrPort("91.198.174.192:443")
)

// sample is a log of two processes: a read with what it returned, a connection, and some closings of files.
func sample(bits, events int) *fixture.PML {
	p := &fixture.PML{
		Bits: bits,
		Processes: []fixture.PMLProcess{
			{Index: 7, PID: 2632, Parent: 3596, Name: "notepad.exe", Path: `C:\Windows\notepad.exe`, CommandLine: `notepad "a b.txt"`, Owner: `HOST\test`, Start: start - 5e9},
			{Index: 9, PID: 2632, Name: "other.exe", Start: start - 50e9, End: start - 20e9},
			{Index: 1, PID: 4, Name: "System"},
		},
		Hosts: map[netip.Addr]string{remote.Addr(): "text-lb.example"},
		Ports: map[uint16]string{443: "https"},
	}
	for i := range events {
		e := fixture.PMLEvent{
			Process: 7, TID: 1720, Class: 3, Operation: 38, Time: start + int64(i)*1e6, Duration: 1600 * time.Nanosecond, Stack: i % 3,
			Detail: fixture.FileDetail(bits, 0, `C:\Temp\a.txt`, 0x60800, nil, []byte{0xAB, 0xCD}),
		}
		switch i {
		case 0:
			e.Operation, e.Extra = 23, []byte{5, 0, 0, 0}
			e.Detail = fixture.FileDetail(bits, 0, `C:\Temp\a.txt`, 0x60001, fixture.ReadParams(bits, 4096, 8192), nil)
		case 1:
			e.Class, e.Operation, e.TID, e.Stack = 5, 5, 0, 0
			e.Detail = fixture.NetworkDetail(true, 0, local, remote, "mss", "1460")
		}
		p.Events = append(p.Events, e)
	}
	return p
}

func TestEvents(t *testing.T) {
	for _, bits := range []int{32, 64} {
		res := formattest.Read(t, Format, sample(bits, 5).Bytes(), false)
		if res.Err != io.EOF || len(res.Records) != 5 || res.Info.Damage.Any() {
			t.Fatalf("%d-bit: %d records, %v, %+v", bits, len(res.Records), res.Err, res.Info.Damage)
		}
		for i, r := range res.Records {
			if r.Kind != trace.Event || r.Time != start+int64(i)*1e6 || r.Pos.Number != int64(i+1) {
				t.Errorf("%d-bit: record %d: %+v", bits, i, r.Pos)
			}
		}
		if r := res.Records[0]; binary.LittleEndian.Uint32(r.Data[len(r.Data)-4:]) != 5 || r.Pos.Offset != headerLen {
			t.Errorf("%d-bit: the first event ends with % x", bits, r.Data[len(r.Data)-4:])
		}
		if got := res.Info.Processes; len(got) != 3 || got[0].Key != 8 || got[1].End == 0 || got[0].Bits != bits {
			t.Errorf("%d-bit: %+v", bits, got)
		}
	}
}

func TestHeader(t *testing.T) {
	rd, err := formattest.Open(Format, sample(64, 2).Bytes(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	var rec trace.Record
	for i, want := range []trace.EventHeader{
		{PID: 2632, TID: 1720, Task: 3, ID: 23},
		{PID: 2632, Task: 5, ID: 5, Names: []string{"", "", "text-lb.example", "https"}},
	} {
		if err := rd.Next(&rec); err != nil {
			t.Fatal(err)
		}
		want.Header, want.Provider, want.PointerSize, want.HasThread, want.ProcessKey = trace.HeaderProcmon, provider, 8, true, 8
		want.Total, want.RawTime = len(rec.Data), rec.Event.RawTime
		if diff := cmp.Diff(want, *rec.Event); diff != "" {
			t.Errorf("event %d (-want +got)\n%s", i+1, diff)
		}
	}
	want := trace.Process{
		Key: 8, PID: 2632, Parent: 3596, Name: "notepad.exe", Path: `C:\Windows\notepad.exe`, CommandLine: `notepad "a b.txt"`, User: `HOST\test`, Start: start - 5e9,
		Company: "Company", Description: "Description", Version: "1.0", Integrity: "Medium", Session: 1, HasSession: true, Bits: 64,
	}
	if diff := cmp.Diff(want, rd.Info().Processes[0]); diff != "" {
		t.Errorf("process (-want +got)\n%s", diff)
	}
	if in := rd.Info(); in.OS != "Windows 10.0.18362" || in.Hardware != "HOST, 4 processors, 8192 MiB memory" || in.FormatNote != "version 9, 64-bit Windows" {
		t.Errorf("%q, %q, %q", in.OS, in.Hardware, in.FormatNote)
	}
}

// TestUnclosed: a log without tables has the same events, and says that names are missing.
func TestUnclosed(t *testing.T) {
	p := sample(64, 20)
	closed := formattest.Read(t, Format, p.Bytes(), false)
	p.Unclosed = true
	b := append(p.Bytes(), make([]byte, 4096)...) // room that was not written yet
	got := formattest.Read(t, Format, b, false)
	if got.Err != io.EOF || len(got.Records) != 20 || got.Info.Damage.Any() {
		t.Fatalf("%d records, %v, %+v", len(got.Records), got.Err, got.Info.Damage)
	}
	for i, r := range got.Records {
		if w := closed.Records[i]; r.Pos != w.Pos || r.Time != w.Time || string(r.Data) != string(w.Data) {
			t.Errorf("record %d differs", i+1)
		}
	}
	if len(got.Info.Processes) != 0 || !strings.Contains(got.Info.FormatNote, "not closed") {
		t.Errorf("%q, %d processes", got.Info.FormatNote, len(got.Info.Processes))
	}
}

// TestDamage: an event that lies is passed over in both kinds of logs.
func TestDamage(t *testing.T) {
	for _, unclosed := range []bool{false, true} {
		p := sample(64, 20)
		p.Unclosed = unclosed
		whole := formattest.Read(t, Format, p.Bytes(), false)
		for name, spoil := range map[string]func(b []byte){
			"class":         func(b []byte) { b[classAt] = 200 },
			"detail length": func(b []byte) { binary.LittleEndian.PutUint32(b[detailLenAt:], 0xfffffff0) },
			"extra":         func(b []byte) { binary.LittleEndian.PutUint32(b[extraAt:], 7) },
		} {
			b := p.Bytes()
			spoil(b[whole.Records[4].Pos.Offset:])
			got := formattest.Read(t, Format, b, false)
			if got.Err != io.EOF || len(got.Records) != 19 || got.Info.Damage.Records != 1 {
				t.Errorf("unclosed %v, %s: %d records, %v, %+v", unclosed, name, len(got.Records), got.Err, got.Info.Damage)
			}
			if e := got.Info.Damage.First; len(e) != 1 || e[0].Offset != whole.Records[4].Pos.Offset || e[0].Record != 5 {
				t.Errorf("unclosed %v, %s: %v", unclosed, name, e)
			}
		}
	}
}

// TestTablesLie: counts and places of tables that the file has no room for cost nothing, and are told.
func TestTablesLie(t *testing.T) {
	p := sample(64, 3)
	good := p.Bytes()
	processes := binary.LittleEndian.Uint64(good[0x250:])
	for name, spoil := range map[string]func(b []byte){
		"events":          func(b []byte) { binary.LittleEndian.PutUint32(b[0x234:], 0xffffffff) },
		"more events":     func(b []byte) { binary.LittleEndian.PutUint32(b[0x234:], 4) },
		"processes":       func(b []byte) { binary.LittleEndian.PutUint32(b[processes:], 0xffffffff) },
		"process":         func(b []byte) { binary.LittleEndian.PutUint32(b[processes+16:], 0xffffff00) },
		"texts":           func(b []byte) { binary.LittleEndian.PutUint64(b[0x258:], 1<<62) },
		"process table":   func(b []byte) { binary.LittleEndian.PutUint64(b[0x250:], 1<<63) },
		"hosts":           func(b []byte) { binary.LittleEndian.PutUint64(b[0x3A0:], uint64(len(b))-2) },
		"table of itself": func(b []byte) { binary.LittleEndian.PutUint64(b[0x248:], 0) },
	} {
		b := append([]byte(nil), good...)
		spoil(b)
		got := formattest.Read(t, Format, b, false)
		if len(got.Records) != 3 {
			t.Errorf("%s: %d records, %v", name, len(got.Records), got.Err)
		}
		if name == "table of itself" { // that is a log which was not closed, and garbage behind its events
			continue
		}
		if got.Err == io.EOF && !got.Info.Damage.Any() {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

// TestOverlap: a table that names one event over and over does not make a small file endless.
func TestOverlap(t *testing.T) {
	p := sample(64, 400)
	b := p.Bytes()
	offsets := b[binary.LittleEndian.Uint64(b[0x248:]):]
	long := formattest.Read(t, Format, b, false).Records[0].Pos.Offset
	binary.LittleEndian.PutUint32(b[long+detailLenAt:], uint32(len(b))/2)
	binary.LittleEndian.PutUint32(b[long+extraAt:], 0)
	for i := range 400 {
		binary.LittleEndian.PutUint32(offsets[5*i:], uint32(long))
	}
	got := formattest.Read(t, Format, b, false)
	if !errors.Is(got.Err, trace.ErrCorrupt) || len(got.Records) > 5 {
		t.Errorf("%d records, %v", len(got.Records), got.Err)
	}
}

func TestVersion(t *testing.T) {
	b := sample(64, 1).Bytes()
	b[4] = 8
	_, err := formattest.Open(Format, b, false)
	if !errors.Is(err, trace.ErrUnknownFormat) || !strings.Contains(err.Error(), "version 8") {
		t.Error(err)
	}
}

func TestCutAtEveryByte(t *testing.T) {
	p := sample(64, 3)
	formattest.Cut(t, Format, p.Bytes())
	p.Unclosed = true
	formattest.Cut(t, Format, p.Bytes())
	formattest.Cut(t, Format, sample(32, 3).Bytes())
}

func TestNoAllocation(t *testing.T) { formattest.Allocs(t, Format, sample(64, 300).Bytes()) }

func BenchmarkRead(b *testing.B) {
	formattest.Bench(b, Format, sample(64, 50_000).Bytes(), 50_000)
}

func FuzzPML(f *testing.F) {
	unclosed := sample(64, 3)
	unclosed.Unclosed = true
	formattest.Fuzz(f, Format, sample(64, 3).Bytes(), sample(32, 2).Bytes(), unclosed.Bytes())
}

// TestTextsAreBounded: texts that the table names many times are kept once a name at most, and no more of them than there is room for.
func TestTextsAreBounded(t *testing.T) {
	p := &fixture.PML{}
	for i := range uint32(400) {
		p.Processes = append(p.Processes, fixture.PMLProcess{Index: i, PID: i, Name: "a.exe"})
	}
	p.Processes[0].Name = strings.Repeat("long", maxText/16)
	b := p.Bytes()
	texts := b[binary.LittleEndian.Uint64(b[0x258:]):]
	name := binary.LittleEndian.Uint32(texts[4+4*2:]) // integrity and owner come first
	for i := range binary.LittleEndian.Uint32(texts) {
		binary.LittleEndian.PutUint32(texts[4+4*i:], name)
	}
	res := formattest.Read(t, Format, b, false)
	total := 0
	for _, q := range res.Info.Processes {
		total += len(q.Name) + len(q.User) + len(q.Path) + len(q.CommandLine) + len(q.Company) + len(q.Description) + len(q.Version) + len(q.Integrity)
	}
	if total > maxTexts || total < maxTexts/4 || !res.Info.Damage.Any() {
		t.Errorf("%d bytes of texts from %d bytes, damage %+v", total, len(b), res.Info.Damage)
	}
}

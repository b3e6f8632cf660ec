package kernel

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A builder packs the fields of a record; pointers in the size of the machine.
type builder struct {
	b       []byte
	pointer int
}

func (b *builder) add(parts ...any) *builder {
	for _, p := range parts {
		switch v := p.(type) {
		case ptr:
			if b.pointer == 4 {
				b.b = binary.LittleEndian.AppendUint32(b.b, uint32(v))
			} else {
				b.b = binary.LittleEndian.AppendUint64(b.b, uint64(v))
			}
		case string: // UTF-16, NUL
			for _, c := range v {
				b.b = append(b.b, byte(c), 0)
			}
			b.b = append(b.b, 0, 0)
		case []byte:
			b.b = append(b.b, v...)
		default:
			b.b, _ = binary.Append(b.b, binary.LittleEndian, v)
		}
	}
	return b
}

type ptr uint64

type u32 = uint32

var (
	ends4 = []byte{10, 0, 0, 2, 192, 168, 1, 1, 1, 0xBB, 0xC0, 0x00} // daddr, saddr, dport 443, sport 49152
	ends6 = append(append(append([]byte{0x20, 1, 15: 2}, []byte{0xFE, 0x80, 15: 1}...), 1, 0xBB), 0xC0, 0)
	user  = []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0} // S-1-5-18
)

// record is one kernel record, of a group and type.
func record(group, kind, version uint8, pointer int, data []byte) *trace.Record {
	return &trace.Record{Kind: trace.Event, Data: data, Event: &trace.EventHeader{
		Header: trace.HeaderSystem, Group: group, Opcode: kind, Version: version, PointerSize: uint8(pointer), HasThread: true,
	}}
}

// Each record is logged by the kernel (group and type) and as a classic event
// (GUID and type), by 32-bit and 64-bit Windows.
var records = []struct {
	group, kind, version uint8
	guid                 trace.GUID
	parts                []any
	text                 string // with %[1]s to %[3]s for the pointers 2704, 4 and 5, whose width is the machine's
}{
	{6, 10, 0, TCPIPGUID, []any{ends4, u32(100), u32(7)}, "TCP: PID 7 (0x7) sent 100 (0x64) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 11, 1, TCPIPGUID, []any{u32(7), u32(100), ends4, ptr(9), u32(1)}, "TCP: PID 7 (0x7) received 100 (0x64) bytes, 10.0.0.2:443 to 192.168.1.1:49152."},
	{6, 10, 1, TCPIPGUID, []any{u32(7), u32(100), ends4, u32(1), u32(2), ptr(9), u32(1)}, "TCP: PID 7 (0x7) sent 100 (0x64) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 12, 0, TCPIPGUID, []any{ends4, u32(0), u32(7)}, "TCP: PID 7 (0x7) connected 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 12, 1, TCPIPGUID, []any{u32(7), u32(0), ends4, make([]byte, 8), u32(8192), uint16(8), uint16(2), ptr(9), u32(1)}, "TCP: PID 7 (0x7) connected 192.168.1.1:49152 to 10.0.0.2:443, mss 0 (0x0), window 8192 (0x2000), scale 8 (0x8) and 2 (0x2)."},
	{6, 15, 2, TCPIPGUID, []any{u32(7), u32(0), ends4, make([]byte, 8), u32(8192), uint16(8), uint16(2), u32(1), ptr(9)}, "TCP: PID 7 (0x7) accepted at 192.168.1.1:49152 from 10.0.0.2:443, mss 0 (0x0), window 8192 (0x2000), scale 8 (0x8) and 2 (0x2)."},
	{6, 10, 2, TCPIPGUID, []any{u32(7), u32(100), ends4, u32(1), u32(2), u32(1), ptr(9)}, "TCP: PID 7 (0x7) sent 100 (0x64) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 13, 2, TCPIPGUID, []any{u32(7), u32(0), ends4, u32(1), ptr(9)}, "TCP: PID 7 (0x7) disconnects 192.168.1.1:49152 from 10.0.0.2:443."},
	{6, 14, 2, TCPIPGUID, []any{u32(7), u32(60), ends4, u32(1), ptr(9)}, "TCP: PID 7 (0x7) retransmitted 60 (0x3C) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 16, 2, TCPIPGUID, []any{u32(7), u32(0), ends4, u32(1), ptr(9)}, "TCP: PID 7 (0x7) tries again to connect 192.168.1.1:49152 to 10.0.0.2:443."},
	{6, 17, 1, TCPIPGUID, []any{u32(2)}, "TCP: connection failed, protocol 2 (0x2)."},
	{6, 17, 2, TCPIPGUID, []any{uint16(2), uint16(3)}, "TCP: connection failed, protocol 2 (0x2), code 3 (0x3)."},
	{6, 18, 2, TCPIPGUID, []any{u32(7), u32(5), ends4, u32(1), ptr(9)}, "TCP: 5 (0x5) bytes copied for PID 7 (0x7), 192.168.1.1:49152 and 10.0.0.2:443."},
	{6, 26, 2, TCPIPGUID, []any{u32(7), u32(100), ends6, u32(1), u32(2), u32(1), ptr(9)}, "TCP: PID 7 (0x7) sent 100 (0x64) bytes, [fe80::1]:49152 to [2001::2]:443."},
	{6, 27, 2, TCPIPGUID, []any{u32(7), u32(100), ends6, u32(1), ptr(9)}, "TCP: PID 7 (0x7) received 100 (0x64) bytes, [2001::2]:443 to [fe80::1]:49152."},
	{6, 31, 2, TCPIPGUID, []any{u32(7), u32(0), ends6, make([]byte, 8), u32(8192), uint16(8), uint16(2), u32(1), ptr(9)}, "TCP: PID 7 (0x7) accepted at [fe80::1]:49152 from [2001::2]:443, mss 0 (0x0), window 8192 (0x2000), scale 8 (0x8) and 2 (0x2)."},
	{8, 10, 0, UDPIPGUID, []any{ptr(1), []byte{192, 168, 1, 1}, []byte{0xC0, 0}, uint16(9), []byte{10, 0, 0, 2}, []byte{0, 53}, uint16(9)}, "UDP: sent 9 (0x9) bytes, 192.168.1.1:49152 to 10.0.0.2:53."},
	{8, 10, 1, UDPIPGUID, []any{u32(7), u32(9), ends4}, "UDP: PID 7 (0x7) sent 9 (0x9) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{8, 11, 2, UDPIPGUID, []any{u32(7), u32(9), ends4, u32(1), ptr(9)}, "UDP: PID 7 (0x7) received 9 (0x9) bytes, 192.168.1.1:49152 to 10.0.0.2:443."},
	{8, 27, 2, UDPIPGUID, []any{u32(7), u32(9), ends6, u32(1), ptr(9)}, "UDP: PID 7 (0x7) received 9 (0x9) bytes, [fe80::1]:49152 to [2001::2]:443."},
	{3, 1, 0, ProcessGUID, []any{ptr(2704), ptr(4), ptr(1), ptr(0), user, []byte("a.exe\x00")}, "Process/Start ProcessId=%[1]s ParentId=%[2]s UserSID=S-1-5-18 ImageFileName=a.exe"},
	{3, 2, 1, ProcessGUID, []any{ptr(5), u32(2704), u32(4), u32(0), u32(0), u32(0), []byte("a.exe\x00")}, "Process/End PageDirectoryBase=%[3]s ProcessId=2704 (0xA90) ParentId=4 (0x4) SessionId=0 (0x0) ExitStatus=0x00000000 UserSID= ImageFileName=a.exe"},
	{3, 3, 2, ProcessGUID, []any{ptr(5), u32(2704), u32(4), u32(0), u32(0x103), ptr(0), ptr(0), user, []byte("a.exe\x00"), "a b"}, `Process/DCStart UniqueProcessKey=%[3]s ProcessId=2704 (0xA90) ParentId=4 (0x4) SessionId=0 (0x0) ExitStatus=0x00000103 UserSID=S-1-5-18 ImageFileName=a.exe CommandLine="a b"`},
	{5, 1, 0, ThreadGUID, []any{u32(8), u32(2704)}, "Thread/Start TThreadId=8 (0x8) ProcessId=2704 (0xA90)"},
	{5, 4, 1, ThreadGUID, []any{u32(2704), u32(8)}, "Thread/DCEnd ProcessId=2704 (0xA90) TThreadId=8 (0x8)"},
	{5, 50, 2, ThreadGUID, []any{u32(8), int8(1), int8(2), int8(0), int8(0)}, "Thread/ReadyThread TThreadId=8 (0x8) AdjustReason=1 (0x1) AdjustIncrement=2 (0x2) Flag=0 (0x0) Reserved=0 (0x0)"},
	{0x14, 2, 1, ImageGUID, []any{ptr(5), ptr(5), u32(2704), `C:\a.dll`}, `Image/UnLoad ImageBase=%[3]s ImageSize=%[3]s ProcessId=2704 (0xA90) FileName=C:\a.dll`},
	{0x03, 10, 1, ImageGUID, []any{ptr(5), ptr(5), u32(2704), `C:\a.dll`}, `Image/Load ImageBase=%[3]s ImageSize=%[3]s ProcessId=2704 (0xA90) FileName=C:\a.dll`},
	{0x18, 36, 2, trace.MustGUID("{DEF2FE46-7BD6-4B80-BD94-F57FE20D0CE3}"), []any{ptr(5), ptr(4), ptr(4)}, "StackWalk/KeyRundown StackKey=%[3]s StackFrame=[%[2]s, %[2]s]"},
}

func TestBothHeadersAndBothSizes(t *testing.T) {
	r := provider.NewRegistry(Providers...)
	var e provider.Event
	for _, tt := range records {
		for _, pointer := range []int{4, 8} {
			data := (&builder{pointer: pointer}).add(tt.parts...).b
			hex := func(n int) string { return fmt.Sprintf("0x%0*X", 2*pointer, n) }
			want := strings.NewReplacer("%[1]s", hex(2704), "%[2]s", hex(4), "%[3]s", hex(5)).Replace(tt.text)
			kernel := record(tt.group, tt.kind, tt.version, pointer, data)
			classic := *kernel.Event
			classic.Header, classic.Provider, classic.Group = trace.HeaderFull, tt.guid, 0
			if tt.guid != ImageGUID && tt.group != 0x18 {
				// A classic header has the pointer size of the process that logged it: it may be
				// the wrong one. A list or text that ends with the record does not show that.
				classic.PointerSize = uint8(12 - pointer)
			}
			for _, rec := range []*trace.Record{kernel, {Kind: trace.Event, Data: data, Event: &classic}} {
				if !r.Decode(rec, &e) || e.Short || len(e.Extra) > 0 {
					t.Errorf("group %d type %d version %d, %d bit: short %v, %d bytes left", tt.group, tt.kind, tt.version, 8*pointer, e.Short, len(e.Extra))
					continue
				}
				if got := string(provider.AppendText(nil, &e)); got != want {
					t.Errorf("group %d type %d version %d, %d bit:\n%s\n%s", tt.group, tt.kind, tt.version, 8*pointer, got, want)
				}
			}
			for n := range data { // cut anywhere: no panic, and never more than there is
				kernel.Data = data[:n]
				r.Decode(kernel, &e)
				provider.AppendText(nil, &e)
			}
		}
	}
}

// A version that the tables do not know need not look like another one.
func TestUnknownVersionStaysBytes(t *testing.T) {
	r := provider.NewRegistry(Providers...)
	var e provider.Event
	if r.Decode(record(5, 1, 9, 8, []byte{1, 2, 3}), &e) {
		t.Fatal("decoded")
	}
	const want = "Kernel Thread kernel group 5 type 1 version 9, 3 bytes: 010203"
	if got := string(provider.AppendText(nil, &e)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestProcessAndThreadRecords(t *testing.T) {
	r := provider.NewRegistry(Providers...)
	var e provider.Event
	data := (&builder{pointer: 4}).add(ptr(0x893f92b0), u32(2704), u32(4), u32(1), u32(0x103), u32(0), []byte("tcpserver.exe\x00"), "t").b
	rec := record(3, 3, 2, 4, data)
	r.Decode(rec, &e)
	p, ok := ProcessOf(&e)
	if want := (Process{Kind: Rundown, Key: 0x893f92b0, PID: 2704, Parent: 4, Name: "tcpserver.exe", CommandLine: "t"}); !ok || p != want || !Learns(rec.Event) {
		t.Errorf("got %+v, %v", p, ok)
	}
	rec.Data = data[:10]
	r.Decode(rec, &e)
	if _, ok := ProcessOf(&e); ok {
		t.Error("a record that is cut tells a process")
	}
	rec = record(5, 2, 2, 8, (&builder{pointer: 8}).add(u32(2704), u32(8), make([]byte, 60)).b)
	r.Decode(rec, &e)
	if got, ok := ThreadOf(&e); !ok || got != (Thread{End, 8, 2704}) || !Learns(rec.Event) {
		t.Errorf("got %+v, %v", got, ok)
	}
	for _, h := range []*trace.EventHeader{record(5, 36, 2, 8, nil).Event, record(3, 10, 2, 8, nil).Event, record(6, 1, 2, 8, nil).Event} {
		if Learns(h) {
			t.Errorf("group %d type %d is no process and no thread", h.Group, h.Opcode)
		}
	}
}

// FuzzDecode lays the layouts over any record, kernel or classic.
func FuzzDecode(f *testing.F) {
	for i, tt := range records {
		if i%4 == 0 {
			f.Add(tt.group, tt.kind, tt.version, uint8(8), (&builder{pointer: 8}).add(tt.parts...).b)
		}
	}
	r := provider.NewRegistry(Providers...)
	var e provider.Event
	f.Fuzz(func(t *testing.T, group, kind, version, pointer uint8, data []byte) {
		rec := record(group, kind, version, int(pointer&4)+4, data)
		ok := r.Decode(rec, &e)
		size := len(e.Extra)
		for _, s := range e.Spans {
			size += s.Len
		}
		if ok && size != len(data) {
			t.Fatalf("fields and rest are %d of %d bytes", size, len(data))
		}
		for _, c := range provider.AppendText(nil, &e) {
			if c < 0x20 || c == 0x7F {
				t.Fatalf("%q has a control character", provider.AppendText(nil, &e))
			}
		}
		ProcessOf(&e)
		ThreadOf(&e)
	})
}

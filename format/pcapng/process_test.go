package pcapng

import (
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

// entry is a process entry of a Wireshark custom block, little-endian in every section.
func (w writer) entry(kind, pid uint32, options ...[]byte) []byte {
	le := binary.LittleEndian
	data := le.AppendUint32(nil, pid)
	data = append(data, join(options)...)
	b := w.o.AppendUint32(nil, penWireshark)
	b = le.AppendUint32(le.AppendUint32(b, kind), uint32(len(data)))
	return w.block(blockCustom, append(b, data...))
}

func (w writer) pid(pid uint32) []byte { return w.option(OptProcess, string(w.u32s(pid, 3))) }

const base = 1_757_500_000_000_000 // microseconds since 1970

func start(w writer, us int64) []byte {
	return w.option(optProcessStart, w.u64(uint64(base+us)*1000))
}

func TestProcessEntries(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			w, le := writer{o}, writer{binary.LittleEndian}
			uuid := strings.Repeat("u", 16)
			res := formattest.Read(t, Format, join([][]byte{
				w.section(), w.iface(1, 0),
				w.entry(entryProcess, 1234, le.option(optProcessName, "curl"), le.option(optProcessPath, "/usr/bin/curl"), le.option(optProcessCommand, "curl\x00-v\x00"),
					le.option(optProcessParent, string(le.u32s(1))), le.option(optProcessUID, string(le.u32s(1000))), le.option(optProcessUser, "alice"),
					le.option(optProcessUUID, uuid), start(le, 0), le.option(OptComment, "first")),
				w.packet(0, base+1, "one", w.pid(1234)),
				w.entry(99, 0),
				w.packet(0, base+2, "two", w.pid(4321)),
			}), false)
			if res.Err != io.EOF || len(res.Records) != 4 {
				t.Fatalf("%d records, %v", len(res.Records), res.Err)
			}
			want := []trace.Process{{
				PID: 1234, Parent: 1, Name: "curl", Path: "/usr/bin/curl", CommandLine: "curl -v", User: "alice", UID: 1000, HasUID: true,
				UUID: []byte(uuid), Start: base * 1000, Comments: []string{"first"},
			}}
			if d := cmp.Diff(want, res.Info.Processes); d != "" {
				t.Error(d)
			}
			// A Wireshark that knows the entry counts it as no frame; one of another kind is a frame.
			if r := res.Records; r[0].Numbered || r[0].Kind != trace.ProcessInfo || r[1].Pos.Number != 1 || !r[2].Numbered || r[3].Pos.Number != 3 {
				t.Errorf("%+v", r)
			}
			if m := res.Records[1].Meta; m.PID != 1234 || m.TID != 3 || m.Process != "/usr/bin/curl" || m.Running {
				t.Errorf("%+v", m)
			}
			if m := res.Records[3].Meta; m.PID != 4321 || m.Process != "" {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestDarwinProcesses(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			w := writer{o}
			res := formattest.Read(t, Format, join([][]byte{
				w.section(), w.iface(1, 0),
				w.block(blockDarwinProcess, append(w.u32s(501), w.option(optProcessName, "mDNSResponder")...)),
				w.block(blockDarwinProcess, append(w.u32s(1), w.option(optProcessName, "launchd")...)),
				w.packet(0, 1, "a", w.option(OptDarwinProcess, string(w.u32s(0))), w.option(OptDarwinEffect, string(w.u32s(1)))),
				w.packet(0, 1, "b", w.option(OptDarwinProcess, string(w.u32s(7)))),
				// Blocks of a section before are not those of this one.
				w.section(), w.iface(1, 0),
				w.packet(0, 1, "c", w.option(OptDarwinProcess, string(w.u32s(0)))),
			}), false)
			if res.Err != io.EOF || len(res.Records) != 5 {
				t.Fatalf("%d records, %v", len(res.Records), res.Err)
			}
			if m := res.Records[2].Meta; m.PID != 501 || m.Process != "mDNSResponder" || !m.HasOnBehalf || m.OnBehalf != 1 || m.OnBehalfName != "launchd" {
				t.Errorf("%+v", m)
			}
			for _, r := range res.Records[3:] {
				if r.Meta.HasProcess {
					t.Errorf("%q: %+v", r.Data, r.Meta)
				}
			}
		})
	}
}

// TestReusedProcessID: of several processes with an id, the one that had started last owns the packet.
func TestReusedProcessID(t *testing.T) {
	w := writer{binary.LittleEndian}
	life := func(pid uint32, name string, options ...[]byte) []byte {
		return w.entry(entryProcess, pid, append([][]byte{w.option(optProcessName, name)}, options...)...)
	}
	res := formattest.Read(t, Format, join([][]byte{
		w.section(), w.iface(1, 0),
		life(500, "first", start(w, -10)), life(500, "second", start(w, 20)), life(600, "old"), life(600, "new"),
		w.packet(0, base+5, "first", w.pid(500)),
		w.packet(0, base+25, "second", w.pid(500)),
		w.packet(0, base-100, "first", w.pid(500)),
		w.packet(0, base+1, "new", w.pid(600)),
	}), false)
	if res.Err != io.EOF || len(res.Records) != 8 {
		t.Fatalf("%d records, %v", len(res.Records), res.Err)
	}
	for _, r := range res.Records[4:] {
		if r.Meta.Process != string(r.Data) {
			t.Errorf("record %d: process %q, want %q", r.Pos.Number, r.Meta.Process, r.Data)
		}
	}
}

func TestWhatBlocksSay(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			w := writer{o}
			ipv4 := append(w.o.AppendUint16(w.o.AppendUint16(nil, nameIPv4), 4+7), "\x0a\x00\x00\x01one\x00un\x00\x00"...)
			ipv6 := append(w.o.AppendUint16(w.o.AppendUint16(nil, nameIPv6), 16+2), "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01l\x00\x00\x00"...)
			res := formattest.Read(t, Format, join([][]byte{
				w.section(), w.iface(1, 0),
				w.block(blockNames, join([][]byte{ipv4, ipv6, w.u32s(0)})),
				w.block(blockSecrets, append(w.u32s(0x544c534b, 24), "# c\nCLIENT_RANDOM 00 11\n"...)),
				w.block(blockStatistics, append(w.u32s(0, 0, 0), append(w.option(OptStatReceived, w.u64(9)), w.option(OptStatIfDrop, w.u64(2))...)...)),
				w.block(blockJournal, []byte("_COMM=sshd\n_PID=7\nMESSAGE=hello\n")),
				w.block(blockCustom, append(w.u32s(32473), "x"...)),
			}), false)
			if res.Err != io.EOF {
				t.Fatal(res.Err)
			}
			var got []string
			for _, r := range res.Records {
				got = append(got, r.Text)
			}
			want := []string{"10.0.0.1 one un, fe80::1 l", "TLS key log, 1 lines, 24 bytes", "interface 0, 9 received, 2 dropped by the interface", "sshd[7]: hello", "enterprise 32473, 4 bytes"}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			in := res.Info
			if d := cmp.Diff([]trace.Name{{Address: "10.0.0.1", Names: []string{"one", "un"}}, {Address: "fe80::1", Names: []string{"l"}}}, in.Names); d != "" {
				t.Error(d)
			}
			if len(in.Secrets) != 1 || in.Secrets[0] != (trace.Secret{Type: "TLS key log", Bytes: 24, Lines: 1}) || len(in.Blocks) != 5 {
				t.Errorf("%+v %+v", in.Secrets, in.Blocks)
			}
		})
	}
}

// TestHostileProcessBlocks: lengths that lie are damage, and the next block is read.
func TestHostileProcessBlocks(t *testing.T) {
	w := writer{binary.LittleEndian}
	for name, bad := range map[string][]byte{
		"entry beyond the block": w.block(blockCustom, w.u32s(penWireshark, entryProcess, 400, 1)),
		"entry without an id":    w.block(blockCustom, w.u32s(penWireshark, entryProcess, 2, 1)),
		"no process id":          w.block(blockDarwinProcess, nil),
	} {
		res := formattest.Read(t, Format, join([][]byte{w.section(), w.iface(1, 0), bad, w.packet(0, 1, "next")}), false)
		if res.Err != io.EOF || len(res.Records) != 1 || res.Info.Damage.Records != 1 {
			t.Errorf("%s: %d records, %v, %+v", name, len(res.Records), res.Err, res.Info.Damage)
		}
	}
}

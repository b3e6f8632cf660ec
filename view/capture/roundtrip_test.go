package capture

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wiretale/wiretale/format"
	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/format/pcap"
	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// copied is the file that a writer makes of a reader's records.
func copied(t testing.TB, rd trace.Reader, f Format, opt Options) ([]byte, Writer) {
	t.Helper()
	var out bytes.Buffer
	w := f.New(&out, opt)
	for rec, err := range trace.Records(rd) {
		if err != nil {
			break
		}
		if err := w.Write(rd.Info(), rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Describe(rec0(rd), rd.Info()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

// rec0 is the number that formattest gives its sources.
func rec0(trace.Reader) int { return 3 }

// again writes a pcapng file anew and reads both.
func again(t testing.TB, data []byte, opt Options) (was, is formattest.Result, out []byte) {
	t.Helper()
	was = formattest.Read(t, pcapng.Format, data, false)
	rd, err := formattest.Open(pcapng.Format, data, false)
	if err != nil {
		return was, was, nil
	}
	defer rd.Close()
	out, _ = copied(t, rd, Formats()[0], opt)
	return was, formattest.Read(t, pcapng.Format, out, false), out
}

// same compares records as far as a copy keeps them.
func same(was, is formattest.Result) string {
	a, b := kept(was.Records), kept(is.Records)
	for i := range min(len(a), len(b)) {
		if a[i].Kind == trace.Packet && a[i].Time < 0 { // no packet block has such a time, or none
			b[i].Time = a[i].Time
		}
	}
	return cmp.Diff(a, b, cmpopts.EquateEmpty()) +
		cmp.Diff(told(was.Info), told(is.Info), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(trace.Info{}, "Bytes", "Damage", "FormatNote", "Blocks", "Compression", "Name", "Application"),
			cmpopts.IgnoreFields(trace.Interface{}, "Resolution", "Offset"), cmpopts.IgnoreFields(trace.Section{}, "Application"))
}

// told is an info without what asks not to be copied.
func told(info *trace.Info) trace.Info {
	out := *info
	out.Sections, out.Interfaces = slices.Clone(out.Sections), slices.Clone(out.Interfaces)
	for i := range out.Sections {
		out.Sections[i].Options = copyable(out.Sections[i].Options)
	}
	for i := range out.Interfaces {
		out.Interfaces[i].Options = copyable(out.Interfaces[i].Options)
	}
	return out
}

// kept are the records without what a copy may change: the place in the file, which block a packet has, padding, and
// what asks not to be copied.
func kept(records []trace.Record) (out []trace.Record) {
	gone := int64(0)
	for _, r := range records {
		if r.Kind == trace.Custom && r.Block == blockCustomNo {
			gone++
			continue
		}
		if r.Kind == trace.Statistics && r.Interface < 0 { // of an interface that is not described
			continue
		}
		r.Pos.Offset, r.Pos.Number = 0, r.Pos.Number-gone
		switch r.Kind {
		case trace.Packet:
			r.Block = 0
			if r.Meta != nil {
				m := *r.Meta
				m.Options = copyable(m.Options)
				if r.Meta = &m; cmp.Equal(m, trace.Meta{}, cmpopts.EquateEmpty()) {
					r.Meta = nil
				}
			}
		case trace.Names, trace.Statistics, trace.ProcessInfo:
			r.Data = nil // Text says what is in it
		default:
			r.Data = bytes.TrimRight(r.Data, "\x00")
			r.WireLen = 0
			if r.Kind == trace.Custom {
				r.Text = ""
			}
		}
		out = append(out, r)
	}
	return out
}

func copyable(list []trace.Option) (out []trace.Option) {
	for _, o := range list {
		if o.Code != pcapng.OptCustomTextNo && o.Code != pcapng.OptCustomBytesNo {
			out = append(out, o)
		}
	}
	return out
}

const captures = "../../../shared/captures"

// TestCopiesOfCaptures: what was read and written reads the same.
func TestCopiesOfCaptures(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	for _, pattern := range []string{"formats/*.pcapng", "bad/*.pcapng", "app/*.pcapng", "tso/*.pcapng", "smb2/*.pcapng"} {
		files, err := filepath.Glob(filepath.Join(captures, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > 64<<10 {
				continue
			}
			was, is, _ := again(t, data, Options{})
			if d := same(was, is); d != "" {
				t.Errorf("%s: records (-) and their copies (+)\n%.3000s", f, d)
			}
		}
	}
}

// TestOtherFormats: packets of files that are no pcapng become the same packets in pcapng, and in pcap.
func TestOtherFormats(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	files, err := filepath.Glob(filepath.Join(captures, "formats/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || st.Size() > 64<<10 || strings.Contains(f, ".pcapng") {
			continue
		}
		for _, to := range Formats() {
			reader := map[string]format.Format{"pcapng": pcapng.Format}[to.Name]
			if reader.Name == "" {
				reader = pcap.Format
			}
			want := packets(t, f, to.Name == "pcap")
			rd, err := formats.Open(f, formats.Options{Source: rec0(nil)})
			if err != nil { // cut before the list of its frames
				continue
			}
			var out bytes.Buffer
			w := to.New(&out, Options{})
			for rec, err := range trace.Records(rd) {
				if err != nil {
					break
				}
				if err = w.Write(rd.Info(), rec); err != nil {
					want = nil // several link types
					break
				}
			}
			rd.Close()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				continue
			}
			got := formattest.Read(t, reader, out.Bytes(), false)
			if got.Err != io.EOF {
				t.Errorf("%s as %s: %v", f, to.Name, got.Err)
			}
			if d := cmp.Diff(want, bare(got.Records, false)); d != "" {
				t.Errorf("%s as %s: records (-) and their copies (+)\n%.2000s", f, to.Name, d)
			}
		}
	}
}

// bare are packets with what every format keeps.
func bare(records []trace.Record, micro bool) (out []trace.Record) {
	for _, r := range records {
		if r.Kind != trace.Packet || r.Link > maxLink {
			continue
		}
		b := trace.Record{Time: max(r.Time, 0), Link: r.Link, Data: append([]byte{}, r.Data...), WireLen: r.WireLen, FCS: r.FCS}
		if micro {
			b.Time -= b.Time % 1000
		}
		out = append(out, b)
	}
	return out
}

func packets(t *testing.T, path string, micro bool) (out []trace.Record) {
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		return nil
	}
	defer rd.Close()
	for rec, err := range trace.Records(rd) {
		if err != nil {
			break
		}
		out = append(out, bare([]trace.Record{*rec}, micro)...)
	}
	return out
}

// invented is a source of random packets with everything that can be said of them, and the info that describes it.
func invented(r *rand.Rand) (*trace.Info, []trace.Record) {
	text := func() string { return strings.Repeat("ä", r.IntN(5)) + "x" }
	info := &trace.Info{NamesInterfaces: true, Sections: []trace.Section{{BigEndian: r.IntN(2) == 0, Hardware: text(), OS: text(), Application: text(), Comments: []string{text()}}}}
	exps := []float64{1e9, 1e3, 1, 100, 0.001}
	for range 1 + r.IntN(3) {
		info.Interfaces = append(info.Interfaces, trace.Interface{
			ID: len(info.Interfaces), Name: text(), Description: text(), OS: text(), Hardware: text(), Filter: text(), Link: trace.LinkType(100 + r.IntN(200)), SnapLen: r.IntN(1 << 20),
			Resolution: exps[r.IntN(len(exps))], MAC: []byte{2, 0, 0, 0, 0, 1}, Addresses: []string{"10.1.2.3/8", "fe80::1/64"}, Speed: r.Uint64(), Comments: []string{text(), text()},
			Offset: int64(r.IntN(100)) - 50, Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
		})
	}
	var records []trace.Record
	for n := range 1 + r.IntN(20) {
		i := r.IntN(len(info.Interfaces))
		_, unit := resolution(info.Interfaces[i].Resolution)
		rec := trace.Record{
			Pos: trace.Pos{Source: rec0(nil), Number: int64(n + 1)}, Kind: trace.Packet, Numbered: true, Interface: i, Link: info.Interfaces[i].Link,
			Time: (r.Int64N(4e18)/unit + 100*1e9/unit) * unit, Data: make([]byte, r.IntN(40)),
		}
		rec.WireLen = len(rec.Data) + r.IntN(10)
		for k := range rec.Data {
			rec.Data[k] = byte(r.Uint32())
		}
		if r.IntN(2) == 0 {
			flags := r.Uint32() &^ (15 << 5) &^ 3
			rec.Meta = &trace.Meta{Comments: []string{text()}, DropCount: r.Uint64(), HasDropCount: true, PacketID: r.Uint64(), HasPacketID: true, Queue: r.Uint32(), HasQueue: true,
				Flags: flags, HasFlags: true, ChecksumNotReady: flags&(1<<9) != 0, Segmented: flags&(1<<11) != 0, Hash: []byte{2, 1, 2, 3, 4},
				Verdicts: []trace.Verdict{{Type: trace.VerdictHardware, Data: []byte{7}}}, Options: []trace.Option{{Code: pcapng.OptCustomBytes, Value: []byte{1, 2, 3, 4, 5}}}}
		}
		records = append(records, rec)
	}
	return info, records
}

// TestInvented: whatever a record says is there when the file is read, to the nanosecond, in both byte orders.
func TestInvented(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		info, records := invented(r)
		var out bytes.Buffer
		w := NewPcapNG(&out, Options{})
		for i := range records {
			if err := w.Write(info, &records[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := formattest.Read(t, pcapng.Format, out.Bytes(), false)
		if got.Err != io.EOF || got.Info.Damage.Any() {
			t.Fatalf("%v, %v", got.Err, got.Info.Damage)
		}
		if d := cmp.Diff(kept(records), kept(got.Records), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("records (-) and what was read (+)\n%.3000s", d)
		}
		if d := cmp.Diff(info.Interfaces, got.Info.Interfaces, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(trace.Interface{}, "Packets", "Options", "Resolution", "Addresses")); d != "" {
			t.Fatalf("interfaces (-) and what was read (+)\n%.3000s", d)
		}
		if d := cmp.Diff(info.Sections, got.Info.Sections); d != "" {
			t.Fatalf("sections (-) and what was read (+)\n%s", d)
		}
	}
}

func FuzzCopy(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 4 {
		info, records := invented(r)
		var out bytes.Buffer
		w := NewPcapNG(&out, Options{})
		for i := range records {
			w.Write(info, &records[i])
		}
		w.Close()
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		was, is, out := again(t, data, Options{})
		if out == nil {
			return
		}
		if is.Err != io.EOF || is.Info.Damage.Any() {
			t.Fatalf("a written file reads as %v, %v", is.Err, is.Info.Damage)
		}
		if len(was.Info.Sections) == 0 { // a file has one at least
			return
		}
		if d := same(was, is); d != "" {
			t.Fatalf("records (-) and their copies (+)\n%s", d)
		}
		rd, err := formattest.Open(pcapng.Format, data, false)
		if err != nil {
			return
		}
		defer rd.Close()
		joined, _ := copied(t, rd, Formats()[0], Options{Joined: true})
		if res := formattest.Read(t, pcapng.Format, joined, false); res.Err != io.EOF || res.Info.Damage.Any() {
			t.Fatalf("a joined file reads as %v, %v", res.Err, res.Info.Damage)
		}
	})
}

// FuzzMerge: whatever is merged, and however far its times are moved, what is written is a whole file with all packets.
func FuzzMerge(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3 {
		var files [2][]byte
		for i := range files {
			info, records := invented(r)
			var out bytes.Buffer
			w := NewPcapNG(&out, Options{})
			for k := range records {
				w.Write(info, &records[k])
			}
			w.Close()
			files[i] = out.Bytes()
		}
		f.Add(files[0], files[1], int64(-500))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, by int64) {
		var sources []Source
		var all []trace.Record
		for i, data := range [][]byte{a, b} {
			res := formattest.Read(t, pcapng.Format, data, false)
			if res.Info == nil {
				return
			}
			for k := range res.Records {
				res.Records[k].Pos.Source = i
			}
			sources = append(sources, Source{Info: res.Info, Point: string(rune('a' + i))})
			all = append(all, res.Records...)
		}
		var out bytes.Buffer
		m := NewMerger(&out, sources)
		if err := m.Begin(trace.Section{}); err != nil {
			t.Fatal(err)
		}
		packets := 0
		for i := range all {
			if all[i].Kind == trace.Packet {
				packets++
			}
			if err := m.Write(&all[i], func(t int64) int64 { return t + by }); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		res := formattest.Read(t, pcapng.Format, out.Bytes(), false)
		if res.Err != io.EOF || res.Info.Damage.Any() {
			t.Fatalf("the merged file reads as %v, %v", res.Err, res.Info.Damage)
		}
		for i := range res.Records {
			if r := &res.Records[i]; r.Kind == trace.Packet {
				packets--
				if res.Info.Interfaces[r.Interface].Point == "" {
					t.Fatalf("packet %d is of no point", i+1)
				}
			}
		}
		if packets != 0 {
			t.Fatalf("%d packets are missing", packets)
		}
	})
}

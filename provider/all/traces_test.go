package all

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures/etl"

// decodeTrace runs a trace through a registry as the engine does: what the
// trace says of its events first, then the events.
func decodeTrace(t testing.TB, path string, visit func(*trace.Record, *provider.Event, bool)) *provider.Registry {
	t.Helper()
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	rd, err := etl.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	r := provider.NewRegistry(All()...)
	if err := rd.Prepass(r.Wants, func(rec *trace.Record) { r.Learn(rec) }); err != nil {
		t.Fatal(err)
	}
	if s := rd.Info().Session; s != nil {
		r.SetBuild(provider.ParseBuild(s.Build))
	}
	var rec trace.Record
	var e provider.Event
	for {
		err := rd.Next(&rec)
		if err == io.EOF {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Event != nil {
			ok := r.Decode(&rec, &e)
			visit(&rec, &e, ok)
		}
	}
}

// tally counts events of one trace.
type tally struct {
	events, decoded, short, extra, embedded int
}

func (c *tally) add(e *provider.Event, ok bool) {
	c.events++
	if ok {
		c.decoded++
	}
	if e.Short {
		c.short++
	}
	if ok && len(e.Extra) > 0 {
		c.extra++
	}
	if e.Embedded {
		c.embedded++
	}
}

// A netsh trace of Windows 10 describes all of its manifest events.
func TestNetshTrace(t *testing.T) {
	path := captures + "/small-system-misc-ping.etl"
	var with, without tally
	var texts []string
	decodeTrace(t, path, func(rec *trace.Record, e *provider.Event, ok bool) {
		if rec.Event.Header != trace.HeaderEvent {
			return
		}
		with.add(e, ok)
		texts = append(texts, string(provider.AppendText(nil, e)))
	})
	if want := (tally{events: 605, decoded: 605, embedded: 605}); with != want {
		t.Errorf("got %+v, want %+v", with, want)
	}
	// The built-in tables alone know all but 14 events of two other services, and say the same of them.
	i := 0
	decodeAlone(t, path, func(rec *trace.Record, e *provider.Event, ok bool) {
		if rec.Event.Header != trace.HeaderEvent {
			return
		}
		without.add(e, ok)
		if got := string(provider.AppendText(nil, e)); ok && e.Def.Message != "" && got != texts[i] {
			t.Errorf("event %d.%d of the tables and of the trace:\n%s\n%s", rec.Event.ID, rec.Event.Version, got, texts[i])
		}
		i++
	})
	if want := (tally{events: 605, decoded: 591}); without != want {
		t.Errorf("tables alone: got %+v, want %+v", without, want)
	}
}

// decodeAlone is decodeTrace without what the trace says of its events.
func decodeAlone(t testing.TB, path string, visit func(*trace.Record, *provider.Event, bool)) {
	t.Helper()
	rd, err := etl.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	r := provider.NewRegistry(All()...)
	r.SetBuild(provider.ParseBuild(rd.Info().Session.Build))
	var e provider.Event
	for rec, err := range trace.Records(rd) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Event != nil {
			ok := r.Decode(rec, &e)
			visit(rec, &e, ok)
		}
	}
}

func TestTraces(t *testing.T) {
	tests := []struct {
		file        string
		provider    string
		want        tally
		selfDescrib bool
	}{
		// TraceLogging events bring their own layout.
		{"airbus-amsi-tracelogging.etl", "AmsiTrace", tally{events: 19, decoded: 19, embedded: 19}, true},
		{"ebpf-for-windows-tracelogging.etl", "EbpfForWindowsProvider", tally{events: 13599, decoded: 13599, embedded: 13599}, true},
		{"ebpf-for-windows-tracelogging.etl", "NetEbpfExtProvider", tally{events: 242, decoded: 242, embedded: 242}, true},
		{"perfview-primitive-types.etl", "solar_system", tally{events: 5, decoded: 5, embedded: 5}, true},
		{"perfview-self-describing.etl", "MySource", tally{events: 1, decoded: 1, embedded: 1}, true},
		// Windows 7: nothing but the built-in tables. HttpService writes strings without the final NUL.
		{"tx-http-server-7601.etl", "Microsoft-Windows-HttpService", tally{events: 2041, decoded: 2041}, false},
		{"tx-kernel-network-7601.etl", "Microsoft-Windows-Kernel-Network", tally{events: 8923, decoded: 8923}, false},
		{"tx-process-7600.etl", "Microsoft-Windows-Kernel-Process", tally{events: 10343, decoded: 10343}, false},
		{"pktmon-20348.etl", "Microsoft-Windows-PktMon", tally{events: 403, decoded: 403, embedded: 403}, false},
		// The layout of CLRStackWalk says two addresses where the event has as many as it counts.
		{"perfview-net452-x64-compressed.etl", "Microsoft-Windows-DotNETRuntime", tally{events: 32730, decoded: 32730, embedded: 32730, extra: 14983}, false},
		{"perfview-net452-x64-compressed.etl", "Microsoft-Windows-DotNETRuntimeRundown", tally{events: 33011, decoded: 33011, embedded: 33011}, false},
		// An EventSource manifest in pieces among the events.
		{"perfview-net452-x64-compressed.etl", "System.Threading.Tasks.TplEventSource", tally{events: 8, decoded: 8, embedded: 7}, false},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.provider, func(t *testing.T) {
			var got tally
			decodeTrace(t, filepath.Join(captures, tt.file), func(rec *trace.Record, e *provider.Event, ok bool) {
				if rec.Event.Header != trace.HeaderEvent || e.Provider == nil || e.Provider.Name != tt.provider {
					return
				}
				if (len(rec.Event.Schema) > 0) != tt.selfDescrib {
					t.Errorf("event %d: self-describing is %v", rec.Event.ID, !tt.selfDescrib)
				}
				got.add(e, ok)
			})
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// No event of any trace whose layout is known ends inside a field, and no text is empty.
func TestNothingIsShort(t *testing.T) {
	files, err := filepath.Glob(captures + "/*.etl")
	if err != nil || len(files) == 0 {
		t.Skip("../shared/captures is not here")
	}
	for _, path := range files {
		var text []byte
		decodeTrace(t, path, func(rec *trace.Record, e *provider.Event, ok bool) {
			if e.Short {
				t.Errorf("%s: %s %d.%d ends early", filepath.Base(path), e.Provider.Name, rec.Event.ID, rec.Event.Version)
			}
			if text = provider.AppendText(text[:0], e); len(text) == 0 {
				t.Errorf("%s: record %d has no text", filepath.Base(path), rec.Pos.Number)
			}
		})
	}
}

// WPP events keep what their header says; their arguments are shown as bytes.
func TestMessages(t *testing.T) {
	n := 0
	decodeTrace(t, captures+"/findneedle-wpptypes.etl", func(rec *trace.Record, e *provider.Event, ok bool) {
		if rec.Event.Header != trace.HeaderMessage {
			return
		}
		n++
		if rec.Event.ID != 12 {
			return
		}
		const want = "{4857FAB7-1162-3184-360B-CDD863DDF4EA} WPP message 12, 16 bytes: 78563412F07F00000000000000000000"
		if got := string(provider.AppendText(nil, e)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	if n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
}

// BenchmarkDecode decodes the manifest events of a netsh trace over and over.
func BenchmarkDecode(b *testing.B) {
	for _, file := range []string{"small-system-misc-ping.etl", "perfview-net452-x64-compressed.etl", "tx-kernel-network-7601.etl", "ebpf-for-windows-tracelogging.etl"} {
		b.Run(file, func(b *testing.B) {
			var records []*trace.Record
			var size int64
			r := decodeTrace(b, filepath.Join(captures, file), func(rec *trace.Record, e *provider.Event, ok bool) {
				if ok && len(records) < 20000 {
					records = append(records, clone(rec))
					size += int64(len(rec.Data))
				}
			})
			var e provider.Event
			b.SetBytes(size / int64(len(records)))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				r.Decode(records[i], &e)
				if i++; i == len(records) {
					i = 0
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

func clone(rec *trace.Record) *trace.Record {
	c, h := *rec, *rec.Event
	c.Data, c.Event = append([]byte(nil), rec.Data...), &h
	h.Schema, h.Traits = append([]byte(nil), h.Schema...), append([]byte(nil), h.Traits...)
	return &c
}

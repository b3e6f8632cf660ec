package session

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/provider"
	providers "github.com/wiretale/wiretale/provider/all"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/provider/ndiscap"
	"github.com/wiretale/wiretale/trace"
)

const etl = "../../../shared/captures/etl/"

// readTrace runs an ETL file through registry, decoder and trackers, names first.
func readTrace(t *testing.T, path string, visit func(ev *provider.Event, rec *trace.Record, o Object)) (*Session, *flow.Tracker) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/captures is not here: " + err.Error())
	}
	tracker, flows := NewTracker(0), flow.NewTracker(0)
	registry := provider.NewRegistry(providers.All()...)
	pass(t, path, func(rec *trace.Record) {
		if registry.Wants(rec.Event) {
			registry.Learn(rec)
		}
		if kernel.Learns(rec.Event) {
			var e provider.Event
			registry.Decode(rec, &e)
			if p, ok := kernel.ProcessOf(&e); ok {
				r := ProcessRecord{PID: p.PID, Parent: p.Parent, Name: p.Name, CommandLine: p.CommandLine, Key: p.Key, From: "kernel process rundown"}
				switch p.Kind {
				case kernel.Start:
					r.Start = rec.Time
				case kernel.End:
					r.End = rec.Time
				}
				tracker.LearnProcess(r)
			}
		}
	})
	tracker.UseMaps(registry.MapText)
	var ev provider.Event
	var carried trace.Record
	var fragments ndiscap.Packets
	var d packet.Decoder
	var p packet.Packet
	var s flow.Sighting
	pass(t, path, func(rec *trace.Record) {
		if ndiscap.Wants(rec.Event) {
			if fragments.Next(rec, &carried) {
				d.Decode(&carried, &p)
				flows.Add(&p, &s)
				tracker.Packet(&p, &s)
			}
			return
		}
		registry.Decode(rec, &ev)
		visit(&ev, rec, tracker.Event(&ev, rec))
	})
	flows.End()
	return tracker.End(), flows
}

func pass(t *testing.T, path string, visit func(rec *trace.Record)) {
	t.Helper()
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	var rec trace.Record
	for {
		err := rd.Next(&rec)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == trace.Event {
			visit(&rec)
		}
	}
}

// Every socket event has an owner with a name, and it is the one that the
// process object says: in 34 of the 115 the header names somebody else.
func TestOwnersOfSocketEvents(t *testing.T) {
	events, named, header := 0, 0, 0
	s, flows := readTrace(t, etl+"small-system-misc-ping.etl", func(ev *provider.Event, rec *trace.Record, o Object) {
		if rec.Event.Provider != guidAFD {
			return
		}
		events++
		if o.Process != nil && o.Process.Name != "" && o.Kind == ByKey {
			named++
		}
		if o.Process != nil && o.Process.PID == rec.Event.PID {
			header++
		}
	})
	if events != 115 || named != 115 || header != 81 {
		t.Errorf("%d socket events, %d with a named owner, %d of them the header's; want 115, 115, 81", events, named, header)
	}
	rundown := 0
	for _, c := range s.TCBs {
		if c.Rundown.Seen() {
			rundown++
			if c.PID != 0 && c.Process.PID != c.PID {
				t.Errorf("TCB %x belongs to %d, its process is %+v", c.Address, c.PID, c.Process)
			}
		}
	}
	if rundown != 131 {
		t.Errorf("%d connections of the rundown, want 131", rundown)
	}
	if len(flows.Conversations()) == 0 {
		t.Error("no conversations")
	}
	owned := 0
	for _, e := range s.Endpoints {
		if e.Process != nil && e.Process.Name != "" {
			owned++
		}
	}
	if owned < 9 {
		t.Errorf("%d conversations have a named owner, want 9 or more", owned)
	}
	reasons := map[string]int{}
	for _, d := range s.Drops {
		reasons[d.Reason] += int(d.Packets)
	}
	if reasons[""] > 0 || reasons["Transport endpoint was not found"] == 0 {
		t.Errorf("drop reasons %v", reasons)
	}
}

// The listing as a real 32-bit Windows 7 file, through the reader, the tables and the decoder.
func TestPost1FromFile(t *testing.T) {
	traces, err := fixture.Load("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := readTrace(t, path, func(*provider.Event, *trace.Record, Object) {})
	have := map[string]bool{}
	for _, j := range s.Joins {
		have[strings.Join([]string{j.What, j.From, j.To, string(j.Kind), frames(j.Where)}, "|")] = true
	}
	for _, want := range strings.Split(strings.TrimSpace(post1Joins), "\n") {
		if !have[want] {
			t.Errorf("no join %s", want)
		}
	}
	if n := len(s.API()); n != 13 {
		t.Errorf("%d steps, want 13", n)
	}
	if len(s.TCBs) != 1 || len(s.TCBs[0].States) != 6 || s.TCBs[0].Process == nil || s.TCBs[0].Process.Name != "tcpserver.exe" {
		t.Errorf("TCBs %+v", s.TCBs)
	}
}

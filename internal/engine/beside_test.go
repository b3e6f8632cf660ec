package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/session"
)

const besideFixture = `
-- app.pml --
0.000000 process 2632 copy.exe
0.000000 file 2632 ReadFile "\\\\srv\\share\\a.bin" tid=7 offset=65536 len=65536 flags=0x60000 dur=0.011
0.500000 net 2632 tcp Connect 10.0.0.7:50001 > 10.0.0.9:445
0.510000 net 2632 tcp Send 10.0.0.7:50001 > 10.0.0.9:445 len=5
0.520000 net 2632 tcp Receive 10.0.0.7:50002 > 10.0.0.9:445 len=5
-- wire.pcap --
0.499900 packet 0 out 10.0.0.7:50001 > 10.0.0.9:445 S seq=1000 win=64240
0.500100 packet 0 in 10.0.0.9:445 > 10.0.0.7:50001 SA seq=5000 ack=1001 win=65535
0.510000 packet 0 out 10.0.0.7:50001 > 10.0.0.9:445 PA seq=1001 ack=5001 win=513 "hello"
90.00000 packet 0 in 10.0.0.9:445 > 10.0.0.7:50002 PA seq=1 ack=1 win=513 "later"
90.00000 packet 0 in 10.0.0.9:445 > 10.0.0.7:50003 PA seq=1 ack=1 win=513 "nobody"
`

func twice(t *testing.T, archive string, visit func(*engine.Row)) *engine.Case {
	t.Helper()
	traces, err := fixture.Parse([]byte(archive))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	dir := t.TempDir()
	for _, tr := range traces {
		path, err := tr.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	var known *engine.Case
	for _, visit := range []func(*engine.Row) error{nil, func(r *engine.Row) error { visit(r); return nil }} {
		run, err := engine.Open(context.Background(), paths, engine.Options{Case: known})
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Each(visit); err != nil {
			t.Fatal(err)
		}
		if known == nil {
			known = run.Case()
		}
		run.Close()
	}
	return known
}

// TestLogBesideCapture: the process of a log's network events owns the conversation that a capture of the same time has.
func TestLogBesideCapture(t *testing.T) {
	owned, conversations := map[int64]string{}, map[int64]int{}
	c := twice(t, besideFixture, func(r *engine.Row) {
		if p := r.Object.Process; p != nil && r.Source == 1 {
			owned[r.Record.Pos.Number] = p.Name
		}
		if conv := r.Object.Conv; conv != nil && r.Source == 0 {
			conversations[r.Record.Pos.Number] = conv.ID
		}
	})
	for n := int64(1); n <= 5; n++ {
		want := map[bool]string{true: "copy.exe"}[n <= 3] // 4 is long after the log, and 5 is of nobody
		if owned[n] != want {
			t.Errorf("packet %d is of %q, want %q", n, owned[n], want)
		}
	}
	if e := c.Session.Endpoints[0]; e == nil || e.Side != 0 || e.Kind != session.ByTuple || e.Process.PID != 2632 {
		t.Errorf("%+v", e)
	}
	if len(conversations) != 2 || conversations[2] != 0 || conversations[3] != 0 {
		t.Errorf("events of conversations: %v", conversations)
	}
}

// TestTwoLivesOfOneID: a log may list two processes with one id and one start; its events say which of them it is, also in a second pass.
func TestTwoLivesOfOneID(t *testing.T) {
	p := &fixture.PML{
		Processes: []fixture.PMLProcess{{Index: 5, PID: 88, Name: "GoogleUpdate.e", Start: 1e18}, {Index: 6, PID: 88, Name: "GoogleUpdate.exe", Start: 1e18}},
		Events: []fixture.PMLEvent{
			{Process: 6, Class: 3, Operation: 38, Time: 1e18, Detail: fixture.FileDetail(64, 0, `C:\a`, 0, nil, nil)},
			{Process: 5, Class: 3, Operation: 38, Time: 1e18, Detail: fixture.FileDetail(64, 0, `C:\a`, 0, nil, nil)},
		},
	}
	path := filepath.Join(t.TempDir(), "x.pml")
	if err := os.WriteFile(path, p.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var known *engine.Case
	for pass := range 2 {
		run, err := engine.Open(context.Background(), []string{path}, engine.Options{Case: known})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := run.Each(func(r *engine.Row) error { got = append(got, r.Object.Process.Name); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0] != "GoogleUpdate.exe" || got[1] != "GoogleUpdate.e" {
			t.Errorf("pass %d: %q", pass+1, got)
		}
		known = run.Case()
		run.Close()
	}
}

package procmon_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
)

// An exportedRow is what an export says of an event, in the terms of a log.
type exportedRow struct {
	time                             int64
	process, operation, path, result string
	pid                              uint32
	numbers                          map[string]uint64
}

// twisted are the numbers that Process Monitor exports other than they are; real_test.go has the reasons.
var twisted = map[string][]string{"QueryNetworkOpenInformationFile": {"AllocationSize", "EndOfFile"}, "LockFile": {"Length"}, "UnlockFileSingle": {"Length"}}

// TestExportsReadAsLogs: the rows of an export, read as such, are the events of its log: time, process, operation, path, result, and every number that both have.
func TestExportsReadAsLogs(t *testing.T) {
	for _, log := range logs(t) {
		t.Run(filepath.Base(log), func(t *testing.T) {
			export := strings.TrimSuffix(log, ".pml") + ".csv"
			if _, err := os.Stat(export); err != nil {
				export += ".gz"
			}
			var rows []exportedRow
			each(t, export, func(r *engine.Row) {
				rows = append(rows, exportedRow{r.Record.Time, r.Object.Process.Name, r.Event.Def.Name, text(r, "Path"), text(r, "Result"), r.Object.Process.PID, numbers(r)})
			})
			compared := map[string]int{}
			each(t, log, func(r *engine.Row) {
				n := int(r.Record.Pos.Number)
				if n > len(rows) {
					t.Fatalf("%d rows", len(rows))
				}
				got := rows[n-1]
				if slices.Contains(unnamed, r.Event.Def.Name) {
					got.operation = r.Event.Def.Name
				}
				want := exportedRow{r.Record.Time, r.Object.Process.Name, r.Event.Def.Name, text(r, "Path"), text(r, "Result"), r.Object.Process.PID, nil}
				if got.time != want.time || got.process != want.process || got.operation != want.operation || got.path != want.path || got.result != want.result || got.pid != want.pid {
					t.Errorf("event %d: got %+v, want %+v", n, got, want)
				}
				for name, v := range numbers(r) {
					u, ok := got.numbers[name]
					if !ok || slices.Contains(twisted[want.operation], name) {
						continue
					}
					if compared[name]++; u != v {
						t.Errorf("event %d, %s: %s is %d, want %d", n, want.operation, name, u, v)
					}
				}
			})
			for _, name := range slices.Sorted(maps.Keys(compared)) {
				t.Logf("%-24s %6d equal", name, compared[name])
			}
			if len(compared) == 0 {
				t.Error("no numbers compared")
			}
		})
	}
}

func each(t *testing.T, path string, visit func(*engine.Row)) {
	t.Helper()
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if err := run.Each(func(r *engine.Row) error { visit(r); return nil }); err != nil {
		t.Fatal(err)
	}
}

// numbers are the numbers of an event by the name of the field. Texts and times are left out: those of an export are in the words of a region.
func numbers(r *engine.Row) map[string]uint64 {
	out := map[string]uint64{}
	for i, v := range r.Event.Values {
		switch v.Type {
		case field.Uint, field.Int, field.Bool, field.Duration:
			out[r.Event.Def.Fields[i].Name] = v.U
		}
	}
	return out
}

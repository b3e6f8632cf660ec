package kernel

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures/etl"

// eachClassic decodes every classic and kernel record of every real trace.
func eachClassic(t testing.TB, visit func(file string, rec *trace.Record, e *provider.Event, ok bool)) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(captures, "*.etl"))
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no real kernel records to read")
	}
	r := provider.NewRegistry(Providers...)
	var e provider.Event
	for _, file := range files {
		rd, err := etl.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range trace.Records(rd) {
			if err != nil {
				t.Fatal(err)
			}
			if h := rec.Event; h != nil && h.Header != trace.HeaderEvent && h.Header != trace.HeaderMessage {
				ok := r.Decode(rec, &e)
				visit(filepath.Base(file), rec, &e, ok)
			}
		}
		rd.Close()
	}
}

// Every classic record of every trace has a layout, and each takes its record to the last byte.
func TestRealRecordsAreReadToTheirEnd(t *testing.T) {
	total, exact := map[string]int{}, map[string]int{}
	records := 0
	eachClassic(t, func(file string, rec *trace.Record, e *provider.Event, ok bool) {
		h := rec.Event
		records++
		name := fmt.Sprintf("%s group %d type %d version %d", h.Provider, h.Group, h.Opcode, h.Version)
		if ok {
			name = fmt.Sprintf("%s version %d", e.Def.Name, h.Version)
		}
		total[name]++
		switch {
		case !ok:
			t.Errorf("%s record %d: no layout for %s", file, rec.Pos.Number, name)
		case e.Short || len(e.Extra) > 0:
			t.Errorf("%s record %d: %s: short %v, %d bytes left: %.200x", file, rec.Pos.Number, name, e.Short, len(e.Extra), rec.Data)
		default:
			exact[name]++
		}
	})
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%6d of %6d to the last byte: %s", exact[name], total[name], name)
	}
	if records < 129588 {
		t.Errorf("%d classic records in all traces", records)
	}
}

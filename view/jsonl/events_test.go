package jsonl

import (
	"context"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// eventKind is what tells events with different layouts apart.
type eventKind struct {
	guid            trace.GUID
	group           uint8
	id              uint16
	opcode, version uint8
	schema          int
}

// Nothing of an event of a real trace is lost: its provider is named, its bytes
// are fields, data or extra, and no list is empty that has elements.
func TestEventsOfRealTracesAreWhole(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/captures/etl/*.etl")
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no real events to print")
	}
	for _, file := range files {
		run, err := engine.Open(context.Background(), []string{file}, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		unknown, seen := 0, map[eventKind]int{}
		err = run.Each(func(row *engine.Row) error {
			h, e := row.Record.Event, row.Event
			if h == nil || e == nil {
				return nil
			}
			if e.Def == nil {
				unknown++
			}
			k := eventKind{h.Provider, h.Group, h.ID, h.Opcode, h.Version, len(h.Schema)}
			if seen[k]++; seen[k] > 50 { // of each kind the first ones
				return nil
			}
			out := eventRow(row)
			where := func() []any { return []any{filepath.Base(file), row.Record.Pos.Number, out} }
			if out.Provider == "" || out.GUID == "" && !h.Kernel() {
				t.Errorf("%s record %d: no provider: %+v", where()...)
			}
			if h.Header == trace.HeaderMessage && (out.ID != h.ID || out.GUID != h.Provider.String()) {
				t.Errorf("%s record %d: WPP without number or GUID: %+v", where()...)
			}
			if e.Def == nil {
				if out.Data != hex.EncodeToString(e.Payload) || out.Version != h.Version || out.Opcode != h.Opcode {
					t.Errorf("%s record %d: unknown event without its bytes: %+v", where()...)
				}
				return nil
			}
			size := len(out.Extra) / 2
			for i, span := range e.Spans {
				size += span.Len
				if text := out.Fields[e.Def.Fields[i].Name]; text == "" && span.Len > 2 && e.Values[i].Type != field.String && e.Values[i].Type != field.SID {
					t.Errorf("%s record %d: %+v: %d bytes of %s show nothing", append(where(), span.Len, e.Def.Fields[i].Name)...)
				}
			}
			if len(out.Fields) != len(e.Values) {
				t.Errorf("%s record %d: %+v: %d fields of %d", append(where(), len(out.Fields), len(e.Values))...)
			}
			if size != len(e.Payload) {
				t.Errorf("%s record %d: %+v: %d of %d bytes", append(where(), size, len(e.Payload))...)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%6d events without a layout in %s", unknown, filepath.Base(file))
		run.Close()
	}
}

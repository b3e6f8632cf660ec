package kernel

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/internal/xca/lznt1"
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
	type kind struct {
		def                    *provider.Definition
		guid                   trace.GUID
		group, opcode, version uint8
	}
	names := map[kind]string{}
	total, exact := map[string]int{}, map[string]int{}
	records := 0
	eachClassic(t, func(file string, rec *trace.Record, e *provider.Event, ok bool) {
		h := rec.Event
		records++
		k := kind{e.Def, h.Provider, h.Group, h.Opcode, h.Version}
		name := names[k]
		if name == "" {
			name = fmt.Sprintf("%s group %d type %d version %d", h.Provider, h.Group, h.Opcode, h.Version)
			if ok {
				name = fmt.Sprintf("%s version %d", e.Def.Name, h.Version)
			}
			names[k] = name
		}
		total[name]++
		switch {
		case !ok:
			t.Errorf("%s record %d: no layout for %s", file, rec.Pos.Number, name)
		case e.Short || len(e.Extra) > 0:
			t.Errorf("%s record %d: %s: short %v, %d bytes left: %.200x", file, rec.Pos.Number, name, e.Short, len(e.Extra), rec.Data)
		case !terminated(e):
			t.Errorf("%s record %d: %s: the text at the end does not end there: %.200x", file, rec.Pos.Number, name, rec.Data)
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

// terminated reports whether the NUL of a text that is the last field is the end of the record: a text
// takes what there is, so that alone would not show that its place is right.
func terminated(e *provider.Event) bool {
	n := len(e.Def.Fields)
	if n == 0 {
		return true
	}
	f, b := &e.Def.Fields[n-1], e.Payload
	switch {
	case f.Length > 0 || f.Count != 0 || f.CountOf >= 0:
		return true
	case f.In == provider.InAnsiString:
		return len(b) > 0 && b[len(b)-1] == 0
	case f.In == provider.InUnicodeString:
		return len(b) > 1 && b[len(b)-1]|b[len(b)-2] == 0
	}
	return true
}

// The system assessment is LZNT1: it unpacks to as many bytes as it says, an XML text whose root the type names.
func TestWinSATUnpacks(t *testing.T) {
	n := 0
	eachClassic(t, func(file string, rec *trace.Record, e *provider.Event, ok bool) {
		if !ok || e.Provider.Short != "WinSAT" {
			return
		}
		n++
		data, _ := e.Value("Data")
		size := int(e.Uint("Size"))
		text, err := lznt1.Decompress(make([]byte, 0, size), data.B, size)
		root := strings.TrimPrefix(e.Def.Name, "WinSAT/")
		if err != nil || len(text) != size || !bytes.HasPrefix(bytes.ReplaceAll(text, []byte{0}, nil), []byte("<"+root+">")) {
			t.Errorf("%s %s: %d of %d bytes, %v: %.80q", file, e.Def.Name, len(text), size, err, text)
		}
	})
	if n != 6 {
		t.Errorf("%d records, want 6", n)
	}
}

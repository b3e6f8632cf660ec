package process_test

import (
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/provider/process"
	"github.com/wiretale/wiretale/trace"
)

const shared = "../../../shared/captures/etl"

func TestRealRecordsAreReadToTheirEnd(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared, "*.etl"))
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no real process records to read")
	}
	records, named := 0, 0
	for _, file := range files {
		r, err := etl.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for rec, err := range trace.Records(r) {
			if err != nil {
				t.Fatal(err)
			}
			if !process.Wants(rec.Event) {
				continue
			}
			records++
			p, left, err := process.Parse(rec)
			if err != nil || left != 0 {
				t.Errorf("%s record %d version %d: %d bytes left, %v", filepath.Base(file), rec.Pos.Number, rec.Event.Version, left, err)
			}
			if p.Name != "" {
				named++
			}
		}
		r.Close()
	}
	if records < 400 || named != records {
		t.Errorf("%d records, %d with a name", records, named)
	}
}

func TestVersion2Of32Bit(t *testing.T) {
	data := []byte{0xb0, 0x92, 0x3f, 0x89, 0x90, 0x0a, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0}
	data = append(data, "tcpserver.exe\x00"...)
	data = append(data, 't', 0, 0, 0)
	rec := &trace.Record{Kind: trace.Event, Data: data, Event: &trace.EventHeader{Header: trace.HeaderSystem, Group: 3, Opcode: 3, Version: 2, PointerSize: 4}}
	if !process.Wants(rec.Event) {
		t.Fatal("not wanted")
	}
	p, left, err := process.Parse(rec)
	if err != nil || left != 0 || p.PID != 2704 || p.Parent != 4 || p.Key != 0x893f92b0 || p.Name != "tcpserver.exe" || p.CommandLine != "t" {
		t.Errorf("got %+v, %d left, %v", p, left, err)
	}
	for n := range data {
		rec.Data = data[:n]
		process.Parse(rec) // must not panic; strings may end with the record
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\xb0\x92\x3f\x89\x90\x0a\x00\x00\x04\x00\x00\x00"), uint8(2), uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, version, pointer uint8) {
		rec := &trace.Record{Data: b, Event: &trace.EventHeader{Header: trace.HeaderSystem, Group: 3, Opcode: 1, Version: version, PointerSize: pointer&4 + 4}}
		if _, left, _ := process.Parse(rec); left < 0 || left > len(b) {
			t.Fatalf("%d bytes left of %d", left, len(b))
		}
	})
}

package etl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/trace"
)

const shared = "../../../shared/captures/etl"

func sharedFiles(t *testing.T) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(shared, "*.etl"))
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no real ETL files to read")
	}
	return files
}

func table(t *testing.T, name string) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(shared, name))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(b)) {
		rows = append(rows, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
	}
	return rows[1:]
}

// countKey is how COUNTS.tsv names an event.
func countKey(h *trace.EventHeader) string {
	switch h.Header {
	case trace.HeaderSystem:
		return fmt.Sprintf("SYSTEM\t%d\t%d\t%d", h.Group, h.Opcode, h.Version)
	case trace.HeaderCompact:
		return fmt.Sprintf("COMPACT\t%d\t%d\t%d", h.Group, h.Opcode, h.Version)
	case trace.HeaderPerfInfo:
		return fmt.Sprintf("PERFINFO\t%d\t%d\t%d", h.Group, h.Opcode, h.Version)
	case trace.HeaderFull:
		return fmt.Sprintf("FULL\t%v\t%d\t%d", h.Provider, h.Opcode, h.Version)
	case trace.HeaderMessage:
		return fmt.Sprintf("MESSAGE\t%v\t%d\t", h.Provider, h.ID)
	}
	return fmt.Sprintf("EVENT\t%v\t%d\t%d", h.Provider, h.ID, h.Version)
}

func TestCountsOfRealFiles(t *testing.T) {
	files := sharedFiles(t)
	want := map[string]map[string]int{}
	for _, row := range table(t, "COUNTS.tsv") {
		if want[row[0]] == nil {
			want[row[0]] = map[string]int{}
		}
		n, _ := strconv.Atoi(row[5])
		want[row[0]][strings.Join(row[1:5], "\t")] = n
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r, err := etl.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got := map[string]int{}
			last, backward, number := int64(-1<<63), 0, int64(0)
			for rec, err := range trace.Records(r) {
				if err != nil {
					t.Fatal(err)
				}
				number++
				if rec.Pos.Number != number {
					t.Fatalf("record number %d, want %d", rec.Pos.Number, number)
				}
				if rec.Time < last {
					backward++
				}
				last = rec.Time
				got[countKey(rec.Event)]++
			}
			if backward > 0 {
				t.Errorf("time goes back %d times", backward)
			}
			if diff := cmp.Diff(want[filepath.Base(file)], got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if r.Info().Damage.Any() {
				t.Errorf("damage: %+v", r.Info().Damage)
			}
		})
	}
}

func TestSessionsOfRealFiles(t *testing.T) {
	sharedFiles(t)
	const epoch = 116444736000000000
	for _, row := range table(t, "SESSIONS.tsv") {
		t.Run(row[0], func(t *testing.T) {
			r, err := etl.Open(filepath.Join(shared, row[0]))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			events, first, last := 0, int64(1)<<62, int64(0)
			for rec, err := range trace.Records(r) {
				if err != nil {
					t.Fatal(err)
				}
				events++
				if rec.Event.Header == trace.HeaderMessage { // the list was made without the times of WPP messages
					continue
				}
				first, last = min(first, rec.Time), max(last, rec.Time)
			}
			s := r.Info().Session
			ft := func(ns int64) string { return strconv.FormatInt(ns/100+epoch, 10) }
			got := []string{
				row[0], strconv.Itoa(events), strconv.Itoa(s.Buffers), strconv.Itoa(s.Compressed), s.Build, strconv.Itoa(s.PointerSize),
				strconv.Itoa(s.Processors), fmt.Sprintf("0x%x", s.Mode), strconv.FormatInt(s.Frequency, 10), ft(s.Start), ft(s.End), ft(first), ft(last),
				strconv.Itoa(int(s.EventsLost)), strconv.Itoa(int(s.BuffersLost)),
			}
			if diff := cmp.Diff(row, got); diff != "" {
				t.Errorf("session (-want +got):\n%s", diff)
			}
		})
	}
}

package etl_test

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/trace"
)

var megabytes = flag.Int("etl.mb", 50, "size of the file that BenchmarkRepeated reads, in MB")

// BenchmarkRepeated reads a file made of the buffers of a real one, kernel and
// CLR events, compressed, again and again with the same times: all copies
// overlap, which is the worst case for the merge. The pre-pass is part of it.
func BenchmarkRepeated(b *testing.B) {
	path := filepath.Join(b.TempDir(), "repeated.etl")
	repeat(b, filepath.Join(shared, "perfview-net452-x64-compressed.etl"), path, int64(*megabytes)<<20)
	events := 0
	for b.Loop() {
		events += readAll(b, path)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB-from-system")
}

// BenchmarkFile reads each real file again and again: docs/PERFORMANCE.md compares these figures with other readers.
func BenchmarkFile(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(shared, "*.etl"))
	if len(files) == 0 {
		b.Skip("../shared/captures is not here")
	}
	for _, path := range files {
		b.Run(filepath.Base(path), func(b *testing.B) {
			events := 0
			for b.Loop() {
				events += readAll(b, path)
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// readAll reads a file as the analysis does, with the pre-pass, and counts its events.
func readAll(b *testing.B, path string) (events int) {
	r, err := etl.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	early := func(h *trace.EventHeader) bool { return h.Group == 3 && h.Header != trace.HeaderEvent }
	if err := r.Prepass(early, func(*trace.Record) {}); err != nil {
		b.Fatal(err)
	}
	var rec trace.Record
	for r.Next(&rec) == nil {
		events++
	}
	return events
}

// repeat writes the header buffer of a file and then its other buffers until size is reached.
func repeat(b *testing.B, from, to string, size int64) {
	src, err := os.ReadFile(from)
	if err != nil {
		b.Skip("../shared/captures is not here: ", err)
	}
	first := binary.LittleEndian.Uint32(src)
	f, err := os.Create(to)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, _ := f.Write(src[:first])
	for total := int64(n); total < size; total += int64(n) {
		if n, err = f.Write(src[first:]); err != nil {
			b.Fatal(err)
		}
	}
}

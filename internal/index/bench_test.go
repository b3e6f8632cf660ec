package index_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/index"
)

// large is a capture for benchmarks: tools/benchcap writes such.
func large(b *testing.B) string {
	path := os.Getenv("INDEX_CAPTURE")
	if path == "" {
		b.Skip("INDEX_CAPTURE names no capture")
	}
	return path
}

// BenchmarkAnalyse is what building is measured against.
func BenchmarkAnalyse(b *testing.B) {
	path := large(b)
	for b.Loop() {
		if _, err := engine.Analyse(context.Background(), []string{path}, engine.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	path := large(b)
	for b.Loop() {
		x := index.New([]string{path}, index.Options{Words: words, TempDir: b.TempDir()})
		if err := x.Build(context.Background()); err != nil {
			b.Fatal(err)
		}
		n, _ := x.Total()
		b.ReportMetric(float64(x.Memory())/float64(n), "B/record")
		x.Close()
	}
}

// BenchmarkBeside is an analysis with the index built beside it.
func BenchmarkBeside(b *testing.B) {
	path := large(b)
	for b.Loop() {
		x, _ := analysed(b, []string{path}, engine.Options{})
		n, _ := x.Total()
		b.ReportMetric(float64(x.Memory())/float64(n), "B/record")
		x.Close()
	}
}

// BenchmarkJump asks for pages of 100 rows anywhere.
func BenchmarkJump(b *testing.B) {
	x := build(b, []string{large(b)}, index.Options{})
	n, _ := x.Total()
	random := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		page(b, x, random.IntN(n), 100, "")
		took = append(took, time.Since(start))
	}
	quantiles(b, took)
}

// BenchmarkRecord asks for all that is known of records anywhere.
func BenchmarkRecord(b *testing.B) {
	x := build(b, []string{large(b)}, index.Options{})
	n, _ := x.Total()
	random := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		show(b, x, random.IntN(n))
		took = append(took, time.Since(start))
	}
	quantiles(b, took)
}

func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// BenchmarkFilter searches a filter over all records: INDEX_FILTER, or what the analysis of TCP remarks.
func BenchmarkFilter(b *testing.B) {
	path := large(b)
	text := cmp.Or(os.Getenv("INDEX_FILTER"), "tcp.analysis.flags")
	x := build(b, []string{path}, index.Options{})
	n, _ := x.Total()
	for i := 0; b.Loop(); i++ {
		p := index.Page{}
		for !p.Complete { // a blank more each time: what was searched is kept
			_, p = page(b, x, n-1, 1, text+strings.Repeat(" ", i))
		}
		b.ReportMetric(float64(p.Total), "rows")
	}
}

package engine_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
)

var benchFile = flag.String("engine.file", "", "capture that BenchmarkAnalyse reads, for instance one that tools/benchcap wrote")

// BenchmarkAnalyse runs the analysis of the default command over a whole file.
func BenchmarkAnalyse(b *testing.B) {
	if *benchFile == "" {
		b.Skip("no -engine.file")
	}
	st, err := os.Stat(*benchFile)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(st.Size())
	packets := int64(0)
	for b.Loop() {
		c, err := engine.Analyse(context.Background(), []string{*benchFile}, engine.Options{})
		if err != nil {
			b.Fatal(err)
		}
		packets = c.Sources[0].Packets
	}
	b.ReportMetric(float64(packets)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
}

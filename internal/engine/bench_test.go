package engine_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
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

// BenchmarkRules analyses a file without rules and with all of them in turn, and prints how many times the processor time with them is of that without:
// 1.30 is what they may cost together. What rules look at (requests, handshakes) is only collected for them, and so a part of it.
//
//	go test ./internal/engine -run - -bench Rules -benchtime 5x -engine.file mix.pcap
func BenchmarkRules(b *testing.B) {
	if *benchFile == "" {
		b.Skip("no -engine.file")
	}
	analyse := func(rules []*diag.Rule) time.Duration {
		runtime.GC() // what the run before left is not this one's
		before := processorTime()
		if _, err := engine.Analyse(context.Background(), []string{*benchFile}, engine.Options{Rules: rules}); err != nil {
			b.Fatal(err)
		}
		return processorTime() - before
	}
	none := []*diag.Rule{}
	var tcp, judged time.Duration
	analyse(none) // the file comes into memory
	for b.Loop() {
		tcp += analyse(none)
		judged += analyse(nil)
	}
	b.ReportMetric(float64(judged)/float64(tcp), "with/without")
	b.ReportMetric(tcp.Seconds()/float64(b.N), "s/without")
	b.ReportMetric(judged.Seconds()/float64(b.N), "s/with")
}

// BenchmarkFilter runs a display filter over a whole file.
func BenchmarkFilter(b *testing.B) {
	st, err := os.Stat(*benchFile)
	if err != nil {
		b.Skip("no -engine.file")
	}
	for _, text := range []string{"tcp.flags.reset == 1", "ip.addr==10.0.0.7 and tcp.port==80", "tcp.analysis.flags"} {
		f, err := filter.Compile(text, filter.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.SetBytes(st.Size())
			packets := int64(0)
			for b.Loop() {
				run, err := engine.Open(context.Background(), []string{*benchFile}, engine.Options{Rules: []*diag.Rule{}})
				if err != nil {
					b.Fatal(err)
				}
				if err := run.Select(engine.Selection{
					Match: func() func(*engine.Row) bool { return f.Matcher().Match },
					Pair:  pairOf(f),
					Visit: func(*engine.Row) error { return nil },
					Skip:  func(int64) {},
				}); err != nil {
					b.Fatal(err)
				}
				packets = run.Case().Sources[0].Packets
				run.Close()
			}
			b.ReportMetric(float64(packets)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
		})
	}
}

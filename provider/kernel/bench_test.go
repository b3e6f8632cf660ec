package kernel

import (
	"testing"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// BenchmarkDecode decodes the most frequent records of the kernel: samples, frames of a stack, a thread, a datagram.
func BenchmarkDecode(b *testing.B) {
	for name, rec := range map[string]*trace.Record{
		"SampleProf": record(15, 46, 2, 8, make([]byte, 16)),
		"StackWalk":  record(24, 36, 2, 8, make([]byte, 8*31)),
		"Thread":     record(5, 1, 3, 8, make([]byte, 74)),
		"UdpIp":      record(8, 10, 2, 8, make([]byte, 32)),
	} {
		b.Run(name, func(b *testing.B) {
			r := provider.NewRegistry(Providers...)
			var e provider.Event
			b.ReportAllocs()
			for b.Loop() {
				if !r.Decode(rec, &e) {
					b.Fatal("no layout")
				}
			}
		})
	}
}

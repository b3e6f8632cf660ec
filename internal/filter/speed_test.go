package filter_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/filter"
)

// typical are filters that people type, and how many allocations a packet they may cost.
var typical = []string{
	"tcp.flags.syn==1",
	"tcp.stream==0",
	"frame.number in {3..5}",
	"frame.len > 60",
	"ip.addr==10.0.0.7 and tcp.port==80",
	"ip.addr==10.0.0.9 and ip.addr==10.0.0.7 and tcp.port==80 and tcp.port==50001",
	"tcp.port in {80, 443, 8080}",
	"!arp and !(udp.port == 53) and !icmp",
	"ip.src==192.168.0.0/16 and ip.dst==192.168.0.0/16",
	"ipv6.addr == 2001:db8::/32",
	"tcp.seq + tcp.len > 20",
	"tcp contains \"GET \"",
	"frame matches \"passw\"",
	"tcp.payload[0:3] == 16:03:01",
	"tcp.flags & 0x02",
	"frame.time_delta > 1",
	"tcp.len > 1460",
}

// TestTypicalFiltersDoNotAllocate holds the filters that people type to no memory for a packet.
func TestTypicalFiltersDoNotAllocate(t *testing.T) {
	c := sample(t)
	for _, text := range typical {
		f, err := filter.Compile(text, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := f.Matcher()
		run := func() {
			for i := range c.rows {
				m.Match(&c.rows[i])
			}
		}
		run() // lists grow once
		if n := testing.AllocsPerRun(10, run); n > 0 {
			t.Errorf("%s: %v allocations for %d packets", text, n, len(c.rows))
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	c := sample(b)
	for _, text := range typical {
		f, err := filter.Compile(text, filter.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			m := f.Matcher()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				m.Match(&c.rows[i])
				if i++; i == len(c.rows) {
					i = 0
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := filter.Compile("ip.addr == 10.0.0.0/8 and tcp.port in {80, 443, 8000..8100} and not frame contains \"x\"", filter.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

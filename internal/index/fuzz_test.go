package index_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/index"
)

// fuzzed is what the inputs are made from: connections with loss, messages of applications, ports that are used again, times that go back.
const fuzzed = `-- a.pcap --
0.000000 connect 0 out 10.0.0.1:5000 > 10.0.0.2:80 rtt=0.01
0.020000 send 0 request "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
0.030000 send 0 response "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
0.040000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 A seq=28 ack=100 win=100
0.030000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 A seq=28 ack=100 win=100
0.050000 dns 0 out 10.0.0.1:5001 > 10.0.0.2:53 query A a.test
0.060000 icmp 0 in 10.0.0.9 > 10.0.0.1 3 3 quote udp 10.0.0.1:5001 > 10.0.0.2:53
-- b.pcapng --
0.000000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 S seq=0 win=100
0.010000 packet 0 in 10.0.0.2:80 > 10.0.0.1:5000 SA seq=0 ack=1 win=100
0.020000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 A seq=1 ack=1 len=10
0.020000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 A seq=1 ack=1 len=10 drops=2
-- c.etl --
0.000000 packet 0 out 10.0.0.1:5000 > 10.0.0.2:80 S seq=0 win=100
0.010000 packet 0 in 10.0.0.2:80 > 10.0.0.1:5000 SA seq=0 ack=1 win=100
0.020000 process 4 System
`

// FuzzIndex: of any bytes that a reader takes, damaged, cut or out of order, the index lists what a pass in order lists, alone and beside an analysis.
func FuzzIndex(f *testing.F) {
	traces, err := fixture.Parse([]byte(fuzzed))
	if err != nil {
		f.Fatal(err)
	}
	for _, tr := range traces {
		b, err := tr.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-7])
		damaged := bytes.Clone(b)
		binary.LittleEndian.PutUint32(damaged[len(damaged)/2:], 0xfffffff0)
		f.Add(damaged)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
		if err != nil {
			return
		}
		run.Close()
		want := listed(t, []string{path}, nil)
		beside, _ := analysed(t, []string{path}, engine.Options{})
		for _, x := range []*index.Index{build(t, []string{path}, index.Options{}), beside} {
			got, p := page(t, x, 0, len(want)+1, "")
			if diff := cmp.Diff(want, got); diff != "" || p.Total != len(want) {
				t.Fatalf("%d rows (-want +got):\n%s", p.Total, diff)
			}
			for i := range min(len(want), 5) {
				if got := show(t, x, i); got != want[i] {
					t.Fatalf("record of row %d: %+v, want %+v", i, got, want[i])
				}
			}
		}
	})
}

package host_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
)

// TestSmallReadsOfWindows: the buffer is what recv was called with, and what it read is in the event of its end. The fixture has Linux only: a call is two long lines here.
func TestSmallReadsOfWindows(t *testing.T) {
	for _, c := range []struct {
		buffer, read int
		want         bool
	}{{960, 960, true}, {4096, 960, false}, {4096, 4096, false}} {
		var b strings.Builder
		b.WriteString(`trace windows=6.1.7600 pointer=4
0.000 event 2704 AFD: socket: 0 (0x0): Process 0x893F92B0 (0x00000A90), Endpoint 0x8A28E2D8, Family 2 (0x2), Type SOCK_STREAM, Protocol 6 (0x6), Seq 1006 (0x3EE), Status Success
0.002 event 2704 AFD: connect: 0 (0x0): Process 0x893F92B0, Endpoint 0x8A28E2D8, Address 10.0.0.9:80, Buffer 0x00000000, Length 0 (0x0), Seq 5010 (0x1392), Status Success
0.055 event 0 TCPIP: TCP: connection 0x8921DD28 (local=10.0.0.7:50000 remote=10.0.0.9:80) connected. PID = 2704 (0xA90).
0.056 event 2704 AFD: connect: 1 (0x1): Process 0x893F92B0, Endpoint 0x8A28E2D8, Address 10.0.0.9:80, Buffer 0x00000000, Length 0 (0x0), Seq 5010 (0x1392), Status Success
`)
		for i := range 300 {
			at := float64(i+100) / 100
			for step, n := range []int{c.buffer, c.read} {
				fmt.Fprintf(&b, "%.4f event 2704 AFD: recv: %d (0x%X): Process 0x893F92B0, Endpoint 0x8A28E2D8, Buffer Count 1 (0x1), Buffer 0x0197F300, Length %d (0x%X), Seq 4115 (0x1013), Status Success\n",
					at+float64(step)/1000, step, step, n, n)
			}
		}
		path, err := fixture.File(t.TempDir(), "x.etl", b.String())
		if err != nil {
			t.Fatal(err)
		}
		found, err := engine.Analyse(context.Background(), []string{path}, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var f *diag.Finding
		for i := range found.Findings {
			if found.Findings[i].Rule.ID == "host.recv_small" {
				f = &found.Findings[i]
			}
		}
		if (f != nil) != c.want || f != nil && f.Count != 300 {
			t.Errorf("buffer %d, read %d: %+v", c.buffer, c.read, f)
		}
	}
}

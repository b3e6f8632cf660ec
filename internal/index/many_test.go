package index_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/index"
)

// long writes a capture with many connections beside one another.
func long(t testing.TB) string {
	t.Helper()
	var text []byte
	text = append(text, "-- long.pcap --\n"...)
	number := 0
	add := func(format string, args ...any) {
		number++
		text = fmt.Appendf(text, format+"\n", args...)
	}
	for i := range 60 {
		add("%d.%06d connect 0 out 10.0.%d.1:%d > 10.9.0.1:80 rtt=0.0001", i/50, i%50*20000, i%7, 20000+i)
		add("%d.%06d send 0 request %q on=%d", i/50, i%50*20000+1000, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", i+1)
		add("%d.%06d send 0 response %q on=%d", i/50, i%50*20000+3000, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"+strings.Repeat("x", 3000), i+1)
	}
	traces, err := fixture.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestManyAtOnce asks for rows, places, records and filters from many goroutines while the index is built and afterwards.
func TestManyAtOnce(t *testing.T) {
	path := []string{long(t)}
	want := listed(t, path, nil)
	x := index.New(path, index.Options{Words: words, TempDir: t.TempDir()})
	defer x.Close()
	var asking, building sync.WaitGroup
	building.Go(func() {
		c, err := engine.Analyse(context.Background(), path, x.Beside(engine.Options{}))
		if err != nil {
			t.Error(err)
			return
		}
		x.SetCase(c)
		if err := x.Build(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for n := range 8 {
		asking.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			for complete := false; ; {
				at := random.IntN(len(want))
				got, p := page(t, x, at, 20, "")
				if diff := cmp.Diff(want[min(at, p.Total):min(at+20, p.Total)], got); len(got) > 0 && diff != "" {
					t.Errorf("rows from %d on (-want +got):\n%s", at, diff)
					return
				}
				if _, _, _, err := x.Place(context.Background(), index.At{Frame: int64(at)}, ""); err != nil {
					t.Error(err)
				}
				if _, err := x.Rows(context.Background(), at, 10, []string{"http", "tcp.flags.syn == 1", "tcp.len > 0"}[random.IntN(3)]); err != nil {
					t.Error(err)
				}
				if at < p.Total && random.IntN(4) == 0 && show(t, x, at) != want[at] {
					t.Errorf("record %d is another", at)
				}
				if complete {
					return
				}
				complete = p.Complete
			}
		})
	}
	building.Wait()
	asking.Wait()
	if n, complete := x.Total(); n != len(want) || !complete {
		t.Errorf("%d rows, complete %v; want %d", n, complete, len(want))
	}
}

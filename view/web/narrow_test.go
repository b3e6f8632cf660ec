package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/view/api"
)

// many is a capture of connections that run side by side, and questions of DNS beside them, of 1 MB.
func many(t testing.TB, name string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s --\n", name)
	body := strings.Repeat("x", 1200)
	for n := range 300 {
		at, port := float64(n)*0.003, 40000+n
		fmt.Fprintf(&b, "%.6f connect 0 out 10.0.0.1:%d > 10.0.0.2:80 rtt=0.001\n", at, port)
		fmt.Fprintf(&b, "%.6f send 0 request \"GET /%d HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"\n", at+0.0011, n)
		fmt.Fprintf(&b, "%.6f send 0 response \"HTTP/1.1 200 OK\\r\\nContent-Length: 2400\\r\\n\\r\\n%s\"\n", at+0.0014, body)
		fmt.Fprintf(&b, "%.6f send 0 response \"%s\"\n", at+0.0018, body)
		fmt.Fprintf(&b, "%.6f dns 0 out 10.0.0.1:%d > 10.0.0.3:53 query A a%d.test\n", at+0.002, 20000+n, n)
	}
	traces, err := fixture.Parse([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOneConversation: what is asked of a conversation is the same when only its records are read, and when all are.
func TestOneConversation(t *testing.T) {
	x := start(t, usual, many(t, "x.pcap"))
	x.settled("1", whole)
	c, release, err := x.cases.use("1")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	a := c.current()
	narrow := a.Narrow
	if _, opt := narrow(engine.Options{Case: a.Case}, nil); opt.Part == nil || opt.Part(0) == nil {
		t.Fatal("the capture is not read in parts")
	}
	for _, conv := range []int{0, 200, 450, 599} {
		for _, question := range []string{"timeline?", "ladder?", "plot?kind=throughput&", "follow?form=hex&"} {
			question += fmt.Sprint("conversation=", conv)
			a.Narrow = narrow
			part := x.get("/cases/1/"+question, 200)
			a.Narrow = nil
			if all := x.get("/cases/1/"+question, 200); part != all || len(all) < 150 {
				t.Errorf("%s: a part says\n%.2000s\nall files say\n%.2000s", question, part, all)
			}
		}
	}
	a.Narrow = narrow
	page := into[api.Timeline](x, "/cases/1/timeline?conversation=0")
	if len(page.Rows) < 4 {
		t.Fatalf("%d rows", len(page.Rows))
	}
	for i, want := range []float64{0, 0, 0, 28} { // what rows say stays when the next record comes
		if got := page.Rows[i].(map[string]any)["payload"]; got != want {
			t.Errorf("row %d has %v bytes of payload, want %v", i, got, want)
		}
	}
}

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/view/api"
)

// talk is a connection whose server resets it, in the language of fixtures.
const talk = `
0.000000 packet 0 out 10.0.0.1:40000 > 10.0.0.2:80 S seq=1000 win=64240 mss=1460
0.010000 packet 0 in 10.0.0.2:80 > 10.0.0.1:40000 AS seq=5000 ack=1001 win=64240 mss=1460
0.010100 packet 0 out 10.0.0.1:40000 > 10.0.0.2:80 A seq=1001 ack=5001
0.020000 packet 0 out 10.0.0.1:40000 > 10.0.0.2:80 AP seq=1001 ack=5001 "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
0.030000 packet 0 in 10.0.0.2:80 > 10.0.0.1:40000 AR seq=5001 ack=1042
`

// capture writes a capture of the talk under a name and returns its path.
func capture(t testing.TB, name string) string {
	t.Helper()
	traces, err := fixture.Parse([]byte("-- x.pcap --" + talk))
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		return path
	}
	named := filepath.Join(filepath.Dir(path), name)
	if err := os.Rename(path, named); err != nil {
		t.Fatal(err)
	}
	return named
}

// A tester is a server that runs, and a client that has its token.
type tester struct {
	*Server
	t    testing.TB
	log  *locked
	temp string
	stop func()
}

// locked is a log that several goroutines write.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start serves files, with short times for clients when hasty.
func start(t testing.TB, patience times, paths ...string) *tester {
	t.Helper()
	x := &tester{t: t, log: &locked{}, temp: t.TempDir()}
	s, err := newServer(0, Options{Product: "wiretale test", TempDir: x.temp, Log: x.log}, patience)
	if err != nil {
		t.Fatal(err)
	}
	x.Server = s
	if len(paths) > 0 {
		if err := s.Open(paths, paths); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	x.stop = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if left, _ := os.ReadDir(x.temp); len(left) > 0 {
			t.Errorf("%s is left in the temporary folder", left[0].Name())
		}
		if strings.Contains(x.log.String(), s.token) {
			t.Error("the token is in the log")
		}
	})
	t.Cleanup(x.stop)
	return x
}

// request is one with the token and what programs need.
func (x *tester) request(method, path string, body io.Reader) *http.Request {
	x.t.Helper()
	r, err := http.NewRequest(method, x.address()+path, body)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+x.token)
	r.Header.Set(ownHeader, "1")
	return r
}

// do sends a request and returns the status and the body of the answer.
func (x *tester) do(r *http.Request) (*http.Response, string) {
	x.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 20 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return answer, string(b)
}

// get gets a path of the API and demands a status.
func (x *tester) get(path string, status int) string {
	x.t.Helper()
	answer, body := x.do(x.request("GET", Prefix+path, nil))
	if answer.StatusCode != status {
		x.t.Errorf("GET %s: %s, not %d: %s", path, answer.Status, status, body)
	}
	return body
}

// into gets a path of the API into v.
func into[T any](x *tester, path string) (v T) {
	x.t.Helper()
	if err := json.Unmarshal([]byte(x.get(path, http.StatusOK)), &v); err != nil {
		x.t.Fatalf("GET %s: %v", path, err)
	}
	return v
}

// settled waits until a case is what done wants.
func (x *tester) settled(id string, done func(State) bool) State {
	x.t.Helper()
	for range 500 {
		if s := into[State](x, "/cases/"+id); done(s) {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	x.t.Fatalf("case %s: %+v", id, into[State](x, "/cases/"+id))
	return State{}
}

func whole(s State) bool { return s.State == Done && s.Indexed }

func TestCase(t *testing.T) {
	x := start(t, usual, capture(t, "<b>talk.pcap"))
	state := x.settled("1", whole)
	if state.Name != "<b>talk.pcap" || state.Records != 5 || state.Preliminary || state.Revision < 1 || state.Read != state.Bytes || state.Files[0].Uploaded {
		t.Errorf("%+v", state)
	}
	root := into[Root](x, "/")
	if root.Version != 1 || root.Product != "wiretale test" || len(root.Cases) != 1 || root.Static {
		t.Errorf("%+v", root)
	}
	report := into[struct{ Lines []map[string]any }](x, "/cases/1/report")
	rules := ""
	for _, l := range report.Lines {
		if l["kind"] == "finding" {
			rules += fmt.Sprint(l["rule"], " ")
		}
	}
	if !strings.Contains(rules, "tcp.rst") {
		t.Errorf("findings: %s", rules)
	}
	rows := into[Rows](x, "/cases/1/rows?offset=3&limit=2")
	if rows.Total != 5 || !rows.Complete || len(rows.Rows) != 2 {
		t.Fatalf("%+v", rows)
	}
	if r := rows.Rows[1]; r.Index != 4 || r.Frame != 5 || r.Src != "10.0.0.2" || r.Mark != "reset" || r.Conversation == nil || *r.Conversation != 0 || *r.Time%1_000_000_000 != 30_000_000 {
		t.Errorf("%+v", r)
	}
	if got := into[Rows](x, "/cases/1/rows?filter=tcp.flags.reset%3D%3D1"); got.Total != 1 || got.Rows[0].Index != 4 {
		t.Errorf("%+v", got)
	}
	one := into[struct {
		Row   api.ListRow
		Line  map[string]any
		Tree  []api.Node
		Bytes []api.Buffer
	}](x, "/cases/1/rows/3")
	if one.Row.Index != 3 || one.Line["kind"] != "row" || one.Line["info"] != one.Row.Info || !bytes.Contains(one.Bytes[0].Data, []byte("www.example.com")) {
		t.Errorf("%+v", one)
	}
	var http, host api.Node
	for _, n := range one.Tree {
		if n.Name == "http" {
			http = n
		}
	}
	for _, n := range http.Children {
		if n.Name == "http.host" {
			host = n
		}
	}
	if host.Label == "" || !strings.Contains(host.Label, "www.example.com") || !bytes.Contains(one.Bytes[host.Buffer].Data[host.Offset:host.Offset+host.Length], []byte("www.example.com")) {
		t.Errorf("http: %+v", http)
	}
	if p := into[Place](x, "/cases/1/place?source=0&frame=4&filter=tcp.len%3E0"); p != (Place{3, 0, true}) {
		t.Errorf("%+v", p)
	}
	if f := x.get("/fields?prefix=TCP.FLAGS.RE&limit=1", 200); !strings.Contains(f, `"name":"tcp.flags.res"`) {
		t.Error(f)
	}
	if f := x.get("/filter?filter=tcp.prt%3D%3D1", 400); !strings.Contains(f, `"column":1,"length":7`) {
		t.Error(f)
	}
	x.get("/rules/tcp.rst.app", 200)
	for path, status := range map[string]int{
		"/nothing": 404, "/cases/2": 404, "/cases/1/nothing": 404, "/cases/1/rows/5": 404, "/cases/1/rows/-1": 404, "/cases/1/rows/x": 404, "/rules/none": 404,
		"/cases/1/rows?limit=1001": 400, "/cases/1/rows?offset=-1": 400, "/cases/1/rows?offset=99999999999999999999": 400, "/cases/1/rows?limit=1&limit=2": 400,
		"/cases/1/rows?other=1": 400, "/cases/1/rows?filter=%ff": 400, "/cases/1/rows?filter=%zz": 400, "/cases/1/rows?filter=" + strings.Repeat("a", maxQuery): 414,
		"/cases/1/place?time=x": 400, "/cases/1/rows?filter=tcp.": 400,
	} {
		if body := x.get(path, status); !strings.HasPrefix(body, `{"error":{"message":"`) {
			t.Errorf("GET %s: %s", path, body)
		}
	}
}

// TestPoints: of two captures of the same packets the pages know which are the same.
func TestPoints(t *testing.T) {
	x := start(t, usual, capture(t, "client.pcap"), capture(t, "server.pcap"))
	if state := x.settled("1", whole); state.Name != "client.pcap, server.pcap" || state.Records != 10 {
		t.Errorf("%+v", state)
	}
	if rows := x.get("/cases/1/timeline?conversation=0", 200); !strings.Contains(rows, `"also":[{"source":1,"frame":1}]`) || !strings.Contains(rows, `"why":"sighting"`) {
		t.Error(rows)
	}
	if rows := into[Rows](x, "/cases/1/rows?limit=3"); rows.Rows[0].Source != 0 || rows.Rows[1].Source != 1 || rows.Rows[1].Frame != 1 {
		t.Errorf("%+v", rows)
	}
}

// TestEvents: whoever watches sees the end of the analysis, and the end of the case.
func TestEvents(t *testing.T) {
	x := start(t, usual, capture(t, ""))
	answer, err := http.DefaultClient.Do(x.request("GET", Prefix+"/cases/1/events", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("Content-Type %s", kind)
	}
	var told strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(told.String(), `"indexed":true`) {
		n, err := answer.Body.Read(buf)
		if told.Write(buf[:n]); err != nil {
			t.Fatalf("%v after %s", err, told.String())
		}
	}
	for event := range strings.SplitSeq(strings.TrimSuffix(told.String(), "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(event, "\n")
		var s State
		if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &s); !ok || name != "event: case" || err != nil || s.ID != "1" {
			t.Errorf("%q: %v", event, err)
		}
	}
	if gone, _ := x.do(x.request("DELETE", Prefix+"/cases/1", nil)); gone.StatusCode != http.StatusNoContent {
		t.Error(gone.Status)
	}
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("the stream of a closed case: %v", err)
	}
	x.get("/cases/1", 404)
	x.get("/cases/1/events", 404)
}

func TestFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("not a capture"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := start(t, usual, path)
	state := x.settled("1", func(s State) bool { return s.State != Reading })
	if state.State != Failed || !strings.Contains(state.Error, "notes.txt: not a trace that wiretale knows") || state.Suggestion == "" {
		t.Errorf("%+v", state)
	}
	x.get("/cases/1/report", 409)
	x.get("/cases/1/rows/0", 404)
	if got := into[Rows](x, "/cases/1/rows"); got.Complete || got.Total != 0 {
		t.Errorf("%+v", got)
	}
}

// TestPanic: a handler that panics is an answer, and the server goes on.
func TestPanic(t *testing.T) {
	x := start(t, usual)
	h := x.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("inside only") }))
	x.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) })
	answer, body := x.do(x.request("GET", Prefix+"/x?token="+x.token, nil))
	if answer.StatusCode != 500 || strings.Contains(body, "inside only") || strings.Contains(body, ".go") {
		t.Errorf("%s: %s", answer.Status, body)
	}
	if log := x.log.String(); !strings.Contains(log, "panic: inside only") {
		t.Errorf("the log: %s", log)
	}
}

// TestWithoutPages: a program that was built without its pages says so.
func TestWithoutPages(t *testing.T) {
	x := start(t, usual)
	h := x.guard(assets(nil))
	x.http.Handler = h
	answer, body := x.do(x.request("GET", "/", nil))
	if answer.StatusCode != 200 || !strings.Contains(body, "make build") {
		t.Errorf("%s: %s", answer.Status, body)
	}
	if answer, _ := x.do(x.request("GET", "/app.js", nil)); answer.StatusCode != 404 {
		t.Error(answer.Status)
	}
}

// TestMany: there is an end to cases.
func TestMany(t *testing.T) {
	path := capture(t, "")
	x := start(t, usual, path)
	for range maxCases - 1 {
		if err := x.Open([]string{path}, []string{path}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Open([]string{path}, []string{path}); err == nil {
		t.Error("one more than there can be")
	}
	if answer, _ := x.do(x.upload("x.pcap", "x")); answer.StatusCode != http.StatusConflict {
		t.Error(answer.Status)
	}
	for _, s := range into[Root](x, "/").Cases {
		x.settled(s.ID, whole)
	}
}

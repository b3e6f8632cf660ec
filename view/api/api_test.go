package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/flow"
)

// analysed is the analysis of traces in the fixture language.
func analysed(t testing.TB, archive string) *Analysis {
	t.Helper()
	traces, err := fixture.Parse([]byte(archive))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := &Analysis{}
	for _, tr := range traces {
		path, err := tr.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		a.Paths = append(a.Paths, path)
	}
	a.Options = engine.Options{Points: true, Matches: true}
	if a.Case, err = engine.Analyse(t.Context(), a.Paths, a.Options); err != nil {
		t.Fatal(err)
	}
	return a
}

// get asks and returns the answer as JSON has it.
func get(t testing.TB, a *Analysis, name, parameters string) any {
	t.Helper()
	values, err := url.ParseQuery(parameters)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.Get(t.Context(), name, values)
	if err != nil {
		t.Fatalf("%s?%s: %v", name, parameters, err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// refused asks and returns what is wrong with it.
func refused(t testing.TB, a *Analysis, name, parameters string) *Error {
	t.Helper()
	values, _ := url.ParseQuery(parameters)
	_, err := a.Get(t.Context(), name, values)
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatalf("%s?%s: %v is no error of the question", name, parameters, err)
	}
	return wrong
}

// rows are those of a page.
func rows(v any) []any { return v.(map[string]any)["rows"].([]any) }

// column is one value of each row.
func column(v any, name string) (out []any) {
	for _, r := range rows(v) {
		out = append(out, r.(map[string]any)[name])
	}
	return out
}

const twoTalks = `
-- x.pcapng --
0.000 connect 0 out 10.0.0.1:50000 > 10.0.0.2:80 rtt=0.01
0.020 send 0 request "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
0.050 send 0 response "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" len=2041
0.060 ack 0 request
0.100 udp 0 out 10.0.0.9:1111 > 10.0.0.2:9999 "x"
0.200 connect 0 out 10.0.0.3:40000 > 10.0.0.2:81 rtt=0.05
0.300 close 0 request reset
`

func TestConversationsAreSortedSearchedAndFiltered(t *testing.T) {
	a := analysed(t, twoTalks)
	for _, c := range []struct {
		query string
		total float64
		ids   []any
	}{
		{"", 3, []any{0.0, 1.0, 2.0}},
		{"desc=1", 3, []any{2.0, 1.0, 0.0}},
		{"sort=bytes", 3, []any{1.0, 2.0, 0.0}},
		{"sort=bytes&desc=1&limit=1", 3, []any{0.0}},
		{"sort=bytes&desc=1&offset=1&limit=1", 3, []any{2.0}},
		{"sort=a", 3, []any{0.0, 2.0, 1.0}},
		{"sort=rtt", 3, []any{1.0, 0.0, 2.0}},
		{"sort=first&desc=1", 3, []any{2.0, 1.0, 0.0}},
		{"q=10.0.0.9", 1, []any{1.0}},
		{"q=RST", 1, []any{2.0}},
		{"filter=tcp.flags.reset%3D%3D1", 1, []any{2.0}},
		{"filter=http&sort=packets", 1, []any{0.0}},
		{"filter=udp&q=nobody", 0, nil},
		{"offset=100", 3, nil},
	} {
		for range 2 { // the order is kept the second time
			got := get(t, a, "conversations", c.query)
			if ids := column(got, "id"); !slices.Equal(ids, c.ids) || got.(map[string]any)["total"] != c.total {
				t.Errorf("%q: %v of %v, want %v of %v", c.query, ids, got.(map[string]any)["total"], c.ids, c.total)
			}
		}
	}
}

func TestMistakesInQuestionsAreNamed(t *testing.T) {
	a := analysed(t, twoTalks)
	for _, c := range []struct {
		name, query string
		status      int
		says        string
	}{
		{"nothing", "", 404, "there is no nothing"},
		{"conversations", "limit=1001", 400, `limit "1001" is no number from 0 to 1000`},
		{"conversations", "offset=-1", 400, "offset"},
		{"conversations", "sort=colour", 400, "none of id, a, b"},
		{"conversations", "sort=id&sort=a", 400, "given 2 times"},
		{"conversations", "colour=1", 400, `no parameter "colour"`},
		{"conversations", "desc=yes", 400, "none of 0, 1"},
	} {
		if err := refused(t, a, c.name, c.query); err.Status != c.status || !strings.Contains(err.Message, c.says) {
			t.Errorf("%s?%s: %d %q, want %d %q", c.name, c.query, err.Status, err.Message, c.status, c.says)
		}
	}
	err := refused(t, a, "conversations", "filter="+url.QueryEscape("tcp and ip.sorc == 10.0.0.1"))
	if err.Status != 400 || err.Column != 9 || err.Length != 7 || !strings.Contains(err.Suggestion, "ip.src") {
		t.Errorf("%+v", err)
	}
}

func TestKeysAreCanonical(t *testing.T) {
	for query, want := range map[string]string{
		"":                                 "conversations",
		"limit=100&offset=0&sort=id&desc=": "conversations",
		"sort=bytes&desc=1&limit=20":       "conversations?desc=1&limit=20&sort=bytes",
	} {
		values, _ := url.ParseQuery(query)
		if got, err := Key("conversations", values); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", query, got, err, want)
		}
	}
}

func TestReportHasNoLists(t *testing.T) {
	a := analysed(t, twoTalks)
	kinds := map[any]int{}
	for _, line := range get(t, a, "report", "").(map[string]any)["lines"].([]any) {
		kinds[line.(map[string]any)["kind"]]++
	}
	if kinds["source"] != 1 || kinds["summary"] != 1 || kinds["conversation"]+kinds["process"] != 0 || kinds["finding"] == 0 {
		t.Errorf("%v", kinds)
	}
}

func TestPagesOfRulesAreInSections(t *testing.T) {
	list := Rules()
	if list.Total < 50 || len(list.Rows) != list.Total {
		t.Fatalf("%d of %d rules", len(list.Rows), list.Total)
	}
	got, err := Explain("tcp.abort.retx")
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, s := range got.Sections {
		titles = append(titles, s.Title)
		if s.Markdown == "" || strings.Contains(s.Markdown, "## ") {
			t.Errorf("%s: %q", s.Title, s.Markdown)
		}
	}
	want := []string{"What you see", "Why", "What it costs", "How to confirm", "What to do", "When this is wrong", "References"}
	if !slices.Equal(titles, want) || got.Title != "A connection is given up: its data get no answer" {
		t.Errorf("%q: %q", got.Title, titles)
	}
	if _, err := Explain("no.such"); err == nil {
		t.Error("a diagnosis that does not exist has a page")
	}
}

// first is the first conversation.
func first(t testing.TB, a *Analysis) *flow.Conversation {
	t.Helper()
	return a.Case.Conversations.At(0)
}

func TestCancelledPassesEnd(t *testing.T) {
	a := analysed(t, twoTalks)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"timeline", "ladder", "plot", "io", "follow"} {
		if _, err := a.Get(ctx, name, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConcurrentQuestions: several pages ask at once.
func TestConcurrentQuestions(t *testing.T) {
	a := analysed(t, twoPoints)
	var wg sync.WaitGroup
	for _, name := range Names() {
		for range 2 {
			wg.Go(func() {
				var wrong *Error
				if _, err := a.Get(t.Context(), name, nil); err != nil && !errors.As(err, &wrong) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	wg.Wait()
}

package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/view/api"
	"github.com/wiretale/wiretale/view/web"
)

// of is a report of traces in the fixture language.
func of(t testing.TB, archive string, include Include) *Report {
	t.Helper()
	traces, err := fixture.Parse([]byte(archive))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &Report{Analysis: &api.Analysis{}, Product: "wiretale test", Include: include}
	for _, tr := range traces {
		path, err := tr.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		r.Paths = append(r.Paths, path)
	}
	r.Options = engine.Options{Points: true, Matches: true}
	if r.Case, err = engine.Analyse(t.Context(), r.Paths, r.Options); err != nil {
		t.Fatal(err)
	}
	return r
}

const refused = `
-- x.pcap --
0.000 connect 0 out 10.0.0.1:50000 > 10.0.0.8:80 rtt=0.01
0.020 send 0 request "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
0.050 send 0 response "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
1.000 packet 0 out 10.0.0.1:50001 > 10.0.0.2:445 S seq=1000 mss=1460
1.010 packet 0 in 10.0.0.2:445 > 10.0.0.1:50001 AR seq=0 ack=1001
1.510 packet 0 out 10.0.0.1:50001 > 10.0.0.2:445 S seq=1000 mss=1460
1.520 packet 0 in 10.0.0.2:445 > 10.0.0.1:50001 AR seq=0 ack=1001
`

func markdownOf(t testing.TB, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownTellsOfFindings(t *testing.T) {
	text := markdownOf(t, of(t, refused, Findings))
	for _, part := range []string{
		"# 10.0.0.2:445 refuses the connection of 10.0.0.1:50001", "| x.pcap | pcap | 9 | 2010-08-01T00:00:00.000000000Z | 1.52 s |", "### 1. 10.0.0.2:445 refuses",
		", cost **", "`tcp.syn.refused`", "- **proof**: frames 6, 7, 8, 9", "- **do**:", "- **filter**: `", "## What happened", "**Conversation 1, TCP 10.0.0.1:50001 → 10.0.0.2:445**: ", "\n---\nwiretale test\n",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func TestTextOfTracesMeansNothingInMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"plain text, 10.0.0.1:80":   "plain text, 10.0.0.1:80",
		"a|b *c* _d_ `e`":           `a\|b \*c\* \_d\_ ` + "\\`e\\`",
		"<script>alert(1)</script>": "&lt;script&gt;alert(1)&lt;/script&gt;",
		"[x](http://evil)":          `\[x\](http:<!-- -->//evil)`,
		"see @someone and #12":      "see @<!-- -->someone and #<!-- -->12",
		"www.evil.example":          "www<!-- -->.evil.example",
		"mailto:a@b":                "mailto:<!-- -->a@<!-- -->b",
		"# heading":                 `\# heading`,
		"![x](y)":                   `!\[x\](y)`,
	} {
		if got := escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := escape("a\nb\x1b[31m"); strings.ContainsAny(got, "\n\x1b") {
		t.Errorf("%q", got)
	}
	for text, want := range map[string]string{"tcp.stream == 0": "`tcp.stream == 0`", "a`b": "``a`b``", "`": "`` ` ``"} {
		if got := code(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// pages are as small as they can be, with what would end an element in them.
var pages = fstest.MapFS{
	"index.html": {Data: []byte("<!doctype html>\n<html>\n<head>\n<title>x</title>\n<script type=\"module\" crossorigin src=\"./app.js\"></script>\n<link rel=\"stylesheet\" crossorigin href=\"./app.css\">\n</head>\n<body><div id=\"app\"></div></body>\n</html>\n")},
	"app.js":     {Data: []byte(`console.log("</script><!--<script>")`)},
	"app.css":    {Data: []byte(`#app::after{content:"</style>"}`)},
}

var dataBlock = regexp.MustCompile(`(?s)<script type="application/json" id="wiretale-data">(.*?)</script>`)

// answersIn are those that a browser finds in the file.
func answersIn(t testing.TB, file string) map[string]any {
	t.Helper()
	m := dataBlock.FindStringSubmatch(file)
	if m == nil {
		t.Fatal("the file has no block of data")
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(m[1]), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func htmlOf(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := r.HTML(t.Context(), &b, pages); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLHoldsTheAnswers(t *testing.T) {
	got := answersIn(t, htmlOf(t, of(t, refused, Findings)))
	const c = "GET /api/v1/cases/1"
	for _, key := range []string{
		"GET /api/v1/", c, "GET /api/v1/rules", "GET /api/v1/rules/tcp.syn.refused", c + "/report", c + "/conversations", c + "/processes", c + "/requests", c + "/rows", c + "/io",
		c + "/story?conversation=1", c + "/timeline?conversation=1", c + "/ladder?conversation=1", c + "/plot?conversation=1&kind=tcptrace", c + "/plot?conversation=1&direction=b&kind=rtt",
		c + "/plot?kind=service", c + "/recipe?finding=tcp.syn.refused%400%3A6", c + "/rows/5",
	} {
		if got[key] == nil {
			t.Errorf("no answer to %s; there are %v", key, slices.Sorted(maps.Keys(got)))
			break
		}
	}
	rows := got[c+"/rows"].(map[string]any)
	if rows["of"] != 9.0 || rows["total"].(float64) >= 9 || rows["total"].(float64) < 4 {
		t.Errorf("%v of %v records in the list", rows["total"], rows["of"])
	}
	one := got[c+"/rows/5"].(map[string]any)
	if one["row"].(map[string]any)["frame"] != 6.0 || len(one["tree"].([]any)) < 4 || len(one["bytes"].([]any)) != 1 {
		t.Errorf("%v", one)
	}
	if root := got["GET /api/v1/"].(map[string]any); root["static"] != true || cmp.Diff([]any{1.0}, root["told"]) != "" {
		t.Errorf("%v", root)
	}
}

func TestMoreRecordsAreIncluded(t *testing.T) {
	number := func(include Include) (rows, whole int) {
		got := answersIn(t, htmlOf(t, of(t, refused, include)))
		for key := range got {
			if strings.HasPrefix(key, "GET /api/v1/cases/1/rows/") {
				whole++
			}
		}
		return len(got["GET /api/v1/cases/1/rows"].(map[string]any)["rows"].([]any)), whole
	}
	if rows, whole := number(All); rows != 9 || whole != 9 {
		t.Errorf("all: %d records, %d whole", rows, whole)
	}
	if rows, whole := number(Conversations); rows < 4 || whole != rows {
		t.Errorf("conversations: %d records, %d whole", rows, whole)
	}
}

// TestPolicy: the script and the style sheet that are in the file are those that its policy allows, and nothing else is.
func TestPolicy(t *testing.T) {
	file := htmlOf(t, of(t, refused, Findings))
	m := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(file)
	if m == nil {
		t.Fatal("the file has no policy")
	}
	policy := html.UnescapeString(m[1])
	inside := func(pattern string) string {
		m := regexp.MustCompile(`(?s)` + pattern).FindStringSubmatch(file)
		if m == nil {
			t.Fatalf("no %s", pattern)
		}
		sum := sha256.Sum256([]byte(m[1]))
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	want := fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'",
		inside(`<script type="module">(.*?)</script>`), inside(`<style>(.*?)</style>`))
	if policy != want {
		t.Errorf("policy %s, want %s", policy, want)
	}
	if n := strings.Count(strings.ToLower(file), "<script"); n != 3 { // two elements, and one in a string of the script
		t.Errorf("%d times <script", n)
	}
	for _, outside := range []string{"app.js", "app.css", "src=", "href=", "<!--"} {
		if strings.Contains(dataBlock.ReplaceAllString(file, ""), outside) {
			t.Errorf("%s is in the file", outside)
		}
	}
	if strings.Index(file, "Content-Security-Policy") > strings.Index(file, "<style") {
		t.Error("the policy comes too late")
	}
}

// attacks are what would run, or break out of where it stands, if it were written as it is.
var attacks = []string{
	`</script><script>alert(1)</script>`, `<!--<script>`, `"><img src=x onerror=alert(1)>`, "a\u2028b\u2029c", `'-alert(1)-'`, `]]>`, `</title><script>alert(1)</script>`, `{{7*7}}`, "\x00\x1b]0;x\a",
}

func TestAttacksStayText(t *testing.T) {
	for _, attack := range attacks {
		request := fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", strings.NewReplacer("\x00", "", "\x1b", "", "\a", "").Replace(attack))
		r := of(t, "-- x.pcap --\n0.000 connect 0 out 10.0.0.1:50000 > 10.0.0.2:80 rtt=0.01\n0.020 send 0 request "+fmt.Sprintf("%q", request)+
			"\n9.050 send 0 response \"HTTP/1.1 500 Oops\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n", All)
		r.Case.Sources[0].Info.Name = "/tmp/" + attack + ".pcap"
		for i := range r.Case.Findings {
			r.Case.Findings[i].Summary = attack
		}
		plain := htmlOf(t, of(t, refused, Findings))
		file := htmlOf(t, r)
		for _, word := range []string{"<script", "</script", "<!--", "<img", "\u2028", "\u2029", "</title"} {
			if got, want := strings.Count(file, word), strings.Count(plain, word); got != want {
				t.Errorf("%q: %d times %q, want %d", attack, got, word, want)
			}
		}
		lines := answersIn(t, file)["GET /api/v1/cases/1/report"].(map[string]any)["lines"].([]any)
		if !slices.ContainsFunc(lines, func(line any) bool { return line.(map[string]any)["summary"] == attack }) {
			t.Errorf("%q: the data are not what they were", attack)
		}
		if text := markdownOf(t, r); strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.Contains(text, "\u2028") {
			t.Errorf("%q in Markdown:\n%s", attack, text)
		}
	}
}

func TestHTMLNeedsPages(t *testing.T) {
	r := of(t, refused, Findings)
	for _, none := range []fstest.MapFS{{}, {"index.html": {Data: []byte("x")}}} {
		if _, err := r.HTML(t.Context(), &bytes.Buffer{}, none); !errors.Is(err, ErrNoPages) {
			t.Errorf("%v", err)
		}
	}
	if _, err := r.HTML(t.Context(), &bytes.Buffer{}, nil); !errors.Is(err, ErrNoPages) {
		t.Errorf("%v", err)
	}
	broken := maps.Clone(pages)
	broken["index.html"] = &fstest.MapFile{Data: []byte("nothing")}
	if _, err := r.HTML(t.Context(), &bytes.Buffer{}, broken); err == nil || errors.Is(err, ErrNoPages) {
		t.Errorf("%v", err)
	}
}

// TestBuiltPagesFit: the pages of the program itself, where it has them.
func TestBuiltPagesFit(t *testing.T) {
	built := web.Built()
	if built == nil {
		t.Skip("the program is built without its pages: npm has not made view/web/dist")
	}
	var b bytes.Buffer
	if _, err := of(t, refused, Findings).HTML(t.Context(), &b, built); err != nil {
		t.Fatal(err)
	}
	file := dataBlock.ReplaceAllString(b.String(), "")
	if n := strings.Count(file, "</script>"); n != 1 {
		t.Errorf("the file has %d ends of scripts beside its data", n)
	}
	if got := b.Len(); got > 2<<20 {
		t.Errorf("the file of seven packets has %d bytes", got)
	}
}

// TestFirstPartsStandAlone: a timeline that is longer than the file has says how long it is, and offers no further page.
func TestFirstPartsStandAlone(t *testing.T) {
	archive := "-- x.pcap --\n0.000 connect 0 out 10.0.0.1:50000 > 10.0.0.2:80 rtt=0.01\n0.020 send 0 request len=400000 \"x\"\n"
	got := answersIn(t, htmlOf(t, of(t, archive, Findings)))
	for _, name := range []string{"timeline", "ladder"} {
		v := got["GET /api/v1/cases/1/"+name+"?conversation=0"].(map[string]any)
		if v["total"] != float64(usualRows) || v["of"] != 277.0 {
			t.Errorf("%s: %v of %v", name, v["total"], v["of"])
		}
	}
}

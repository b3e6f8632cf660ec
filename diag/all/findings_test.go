package all_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
)

const (
	shared   = "../../../shared/captures"
	reviewed = "testdata/findings.tsv"
)

var update = flag.Bool("update", false, "write "+reviewed+" anew; reviews stay with their findings")

// again begins a review that was given to an earlier form of the finding.
const again = "look again: "

// A row is one line of the list of findings: what was found where, and what was thought of it.
type row struct{ file, rule, severity, confidence, words, review string }

func (r row) found() row { r.review = ""; return r }

func (r row) String() string {
	return strings.Join([]string{r.file, r.rule, r.severity, r.confidence, r.words, r.review}, "\t")
}

func byFinding(a, b row) int {
	return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.rule, b.rule), cmp.Compare(a.severity, b.severity),
		cmp.Compare(a.confidence, b.confidence), cmp.Compare(a.words, b.words), cmp.Compare(a.review, b.review))
}

// TestFindings holds what is found in all captures that are there for verification, warnings and errors, to a list in which each has been looked at once:
// a finding that is not in it is looked at before it is accepted, and one that is gone has a reason. The list is written anew by
//
//	go test ./diag/all -run TestFindings -update
//
// and what it adds wants a review in its last column: "right", or "accepted: " and why it stays although an expert would not say it.
func TestFindings(t *testing.T) {
	var got []row
	for _, c := range corpus(t) {
		for _, f := range withParts(c.analyse(t).Findings) {
			if f.Severity > diag.Note {
				got = append(got, row{c.name, f.Rule.ID, f.Severity.String(), f.Confidence.String(), firstWords(strings.ReplaceAll(f.Summary, shared+"/", "")), ""})
			}
		}
	}
	want := readReviewed(t)
	got = withReviews(got, want)
	if *update {
		writeReviewed(t, got)
		return
	}
	for _, r := range missing(want, got) {
		t.Errorf("gone: %v", r)
	}
	for _, r := range missing(got, want) {
		t.Errorf("not in the list: %v", r)
	}
	for _, r := range want {
		if r.review != "right" && !strings.HasPrefix(r.review, "accepted: ") {
			t.Errorf("not reviewed: %v", r)
		}
	}
	t.Logf("%d findings in %s", len(got), reviewed)
}

// withParts are the findings, each followed by those that are parts of it.
func withParts(list []diag.Finding) (out []diag.Finding) {
	for _, f := range list {
		out = append(append(out, f), f.Parts...)
	}
	return out
}

// firstWords are enough of a summary to know the finding by, and no more, so that a better sentence is not a new finding.
func firstWords(summary string) string {
	words := strings.Fields(summary)
	return strings.Join(words[:min(len(words), 8)], " ")
}

// withReviews are the rows sorted, with the reviews of those in the list that say the same. What says nearly the same asks for another look.
func withReviews(rows, list []row) []row {
	slices.SortFunc(rows, byFinding)
	var left []row
	for _, w := range list {
		i := slices.IndexFunc(rows, func(r row) bool { return r == w.found() })
		if i < 0 {
			left = append(left, w)
			continue
		}
		rows[i].review = w.review
	}
	for i, r := range rows {
		if r.review != "" {
			continue
		}
		near := slices.IndexFunc(left, func(w row) bool { return w.file == r.file && w.rule == r.rule })
		if near >= 0 && left[near].review != "" {
			rows[i].review = again + strings.TrimPrefix(left[near].review, again)
		}
	}
	slices.SortFunc(rows, byFinding)
	return rows
}

// missing are the rows of a that b has not, each as often as it lacks.
func missing(a, b []row) (out []row) {
	count := map[row]int{}
	for _, r := range b {
		count[r.found()]++
	}
	for _, r := range a {
		if count[r.found()]--; count[r.found()] < 0 {
			out = append(out, r)
		}
	}
	return out
}

func readReviewed(t *testing.T) (out []row) {
	b, err := os.ReadFile(reviewed)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("%s:%d: %d columns, want 6", reviewed, i+2, len(f))
		}
		out = append(out, row{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	return out
}

func writeReviewed(t *testing.T, rows []row) {
	var b strings.Builder
	fmt.Fprintln(&b, row{"file", "rule", "severity", "confidence", "finding", "review"})
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	if err := os.WriteFile(reviewed, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A capture is files of the corpus that are analysed as one case, with the keys that open them.
type capture struct {
	name  string
	files []string
	keys  []string
}

func (c *capture) options(t *testing.T) engine.Options {
	t.Helper()
	opt := engine.Options{Points: len(c.files) > 1}
	for _, path := range c.keys {
		if opt.Secrets == nil {
			opt.Secrets = &secrets.Store{}
		}
		had := opt.Secrets.Len()
		if err := opt.Secrets.Load(path); err != nil && had == 0 { // a key is there in several forms
			t.Error(c.name, err)
		}
	}
	return opt
}

func (c *capture) analyse(t *testing.T) *engine.Case {
	t.Helper()
	out, err := engine.Analyse(context.Background(), c.files, c.options(t))
	if err != nil {
		return &engine.Case{} // bad on purpose: it cannot be opened
	}
	return out
}

// together are the captures of one event, by patterns of their names.
var together = []string{
	"lab/offload/gso_*", "lab/offload/bigtcp4_*", "lab/points/*.client.pcap", "lab/smb/*_client.pcapng*", "lab/ssrp/*.pcap", "rebuilt/post3_*", "twosided/*__c2s.*",
}

// otherEnds is where the names of files from one event differ.
var otherEnds = regexp.MustCompile(`([._])(client|c2s)(\.[^/]*)$`)

// corpus are the captures: each alone, those of one event together as well.
func corpus(t *testing.T) (out []*capture) {
	if _, err := os.Stat(shared); err != nil {
		t.Skip("../shared/captures is not here: nothing to find anything in")
	}
	keys := keysOf(t)
	err := filepath.WalkDir(shared, func(path string, d fs.DirEntry, err error) error {
		name := nameOf(path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "expected" || d.Name() == "keys"):
			return filepath.SkipDir
		case d.IsDir() || !isCapture(name):
			return nil
		}
		c := &capture{name: name, files: []string{path}, keys: keys[filepath.Base(path)]}
		if own := strings.TrimSuffix(path, filepath.Ext(path)) + ".keys"; c.keys == nil {
			if _, err := os.Stat(own); err == nil {
				c.keys = []string{own}
			}
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(out, events(t)...)
}

func events(t *testing.T) (out []*capture) {
	for _, pattern := range together {
		first, err := filepath.Glob(shared + "/" + pattern)
		if err != nil || len(first) == 0 {
			t.Fatal("no capture ", pattern, err)
		}
		if !strings.Contains(pattern, "client") && !strings.Contains(pattern, "c2s") {
			out = append(out, &capture{name: pattern, files: first})
			continue
		}
		for _, f := range first {
			all := otherEnds.ReplaceAllString(f, "$1*$3")
			files, _ := filepath.Glob(all)
			out = append(out, &capture{name: nameOf(all), files: files})
		}
	}
	return out
}

func nameOf(path string) string {
	name, _ := filepath.Rel(shared, path)
	return filepath.ToSlash(name)
}

// isCapture tells captures from what lies beside them.
func isCapture(name string) bool {
	for _, ext := range []string{".tsv", ".txt", ".csv", ".csv.gz", ".md", ".keys", ".key", ".log", ".out", ".out2", ".crt", ".der", ".p8", ".p12", ".pem", ".pfx", ".yaml", ".json"} {
		if strings.HasSuffix(name, ext) {
			return false
		}
	}
	return true
}

// keysOf are the files of keys by the name of the capture that they open.
func keysOf(t *testing.T) map[string][]string {
	b, err := os.ReadFile(shared + "/KEYS.tsv")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		key, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		out[file] = append(out[file], shared+"/"+key)
	}
	return out
}

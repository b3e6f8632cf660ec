// Package diagtest runs the text fixtures beside the diagnoses: each trace is
// written as a real file and analysed, and the findings above must be exactly
// the wanted ones. A finding that is not wanted fails, so every fixture also
// guards against false alarms.
package diagtest

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
)

// Run runs every .txtar in testdata of the package under test.
func Run(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			traces, err := fixture.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range traces {
				t.Run(tr.Name, func(t *testing.T) { check(t, tr) })
			}
		})
	}
}

func check(t *testing.T, tr *fixture.Trace) {
	path, err := tr.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Analyse(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := make([]bool, len(c.Findings))
	for _, r := range tr.Records {
		for _, w := range r.Want {
			i := match(t, c.Findings, w)
			if i < 0 {
				t.Errorf("%s:%d: no finding %s that says %q", tr.Name, r.Line, w.Rule, w.Summary)
				continue
			}
			found[i] = true
		}
	}
	for i, f := range c.Findings {
		if !found[i] {
			t.Errorf("%s: finding not wanted: %s: %s", tr.Name, f.Rule.ID, f.Summary)
		}
	}
}

func match(t *testing.T, findings []diag.Finding, w fixture.Want) int {
	re, err := regexp.Compile(w.Summary)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range findings {
		if f.Rule.ID == w.Rule && re.MatchString(f.Summary) {
			return i
		}
	}
	return -1
}

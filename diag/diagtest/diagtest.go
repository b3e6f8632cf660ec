// Package diagtest holds a family of diagnoses to what every diagnosis must
// have, and runs the text fixtures beside them.
//
// The fixture of the rule cap.len_zero is len_zero.txtar in the folder of its
// package: at least one trace in which the rule finds something, and at least
// two in which it must not. Each trace is written as a real file and analysed,
// and the findings must be exactly the wanted ones. A finding that is not
// wanted fails, so every fixture also guards against false alarms. Where tshark
// is installed, the filter of every finding must show the packets that prove it.
package diagtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/secrets"
)

// Negatives is how many traces without a finding a rule must have: the traps that its page names.
const Negatives = 2

// Run tests the rules of the package under test.
func Run(t *testing.T, rules []*diag.Rule) {
	files, err := filepath.Glob("*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if page, err := os.ReadFile(fileOf(r, ".md")); err != nil || string(page) != r.Page {
			t.Errorf("%s: its page is not %s: %v", r.ID, fileOf(r, ".md"), err)
		}
		if !slices.Contains(files, fileOf(r, ".txtar")) {
			t.Errorf("%s has no fixture %s", r.ID, fileOf(r, ".txtar"))
		}
	}
	for _, path := range files {
		i := slices.IndexFunc(rules, func(r *diag.Rule) bool { return fileOf(r, ".txtar") == path })
		if i < 0 {
			t.Errorf("%s is the fixture of no rule", path)
			continue
		}
		t.Run(path, func(t *testing.T) {
			traces, err := fixture.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			count(t, rules[i], traces)
			for _, group := range Together(traces) {
				name := group[0].Name
				if dir := filepath.Dir(name); dir != "." {
					name = dir
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					check(t, group)
				})
			}
		})
	}
}

// logs is the ending of Process Monitor logs.
const logs = ".pml"

// Together are the traces that are analysed as one case: those in one folder (lost/client.pcap, lost/server.pcap) are several capture points, and
// a log belongs to the capture of the same name, which comes first.
func Together(traces []*fixture.Trace) (out [][]*fixture.Trace) {
	for _, tr := range traces {
		i := slices.IndexFunc(out, func(group []*fixture.Trace) bool { return beside(group[0].Name, tr.Name) })
		switch {
		case i < 0:
			out = append(out, []*fixture.Trace{tr})
		case filepath.Ext(tr.Name) == logs:
			out[i] = append(out[i], tr)
		case filepath.Ext(out[i][0].Name) == logs:
			out[i] = append([]*fixture.Trace{tr}, out[i]...)
		default:
			out[i] = append(out[i], tr)
		}
	}
	return out
}

// beside reports whether traces with these names are of one case.
func beside(a, b string) bool {
	if dir := filepath.Dir(a); dir != "." {
		return filepath.Dir(b) == dir
	}
	log := func(name string) bool { return filepath.Ext(name) == logs }
	return strings.TrimSuffix(a, filepath.Ext(a)) == strings.TrimSuffix(b, filepath.Ext(b)) && log(a) != log(b)
}

// fileOf is the name of a rule's file: its id without the family, dots as underscores.
func fileOf(r *diag.Rule, ending string) string {
	_, name, _ := strings.Cut(r.ID, ".")
	return strings.ReplaceAll(name, ".", "_") + ending
}

// count holds the fixture to its positive and negative traces.
func count(t *testing.T, r *diag.Rule, traces []*fixture.Trace) {
	positive, negative := 0, 0
	for _, group := range Together(traces) {
		wanted := slices.ContainsFunc(group, func(tr *fixture.Trace) bool {
			return slices.ContainsFunc(tr.Records, func(rec fixture.Record) bool {
				return slices.ContainsFunc(rec.Want, func(w fixture.Want) bool { return w.Rule == r.ID })
			})
		})
		if wanted {
			positive++
		} else {
			negative++
		}
	}
	if positive < 1 || negative < Negatives {
		t.Errorf("%s has %d traces with a finding and %d without: want 1 and %d at least", r.ID, positive, negative, Negatives)
	}
}

// Analyse writes traces as files and analyses them as one case. path is that of the first.
func Analyse(t *testing.T, group ...*fixture.Trace) (path string, c *engine.Case) {
	t.Helper()
	paths, c := analyse(t, group)
	return paths[0], c
}

func analyse(t *testing.T, group []*fixture.Trace) (paths []string, c *engine.Case) {
	t.Helper()
	paths, opt := Write(t, group)
	c, err := engine.Analyse(context.Background(), paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	return paths, c
}

// Write writes traces as files. opt has the keys that they come with.
func Write(t *testing.T, group []*fixture.Trace) (paths []string, opt engine.Options) {
	t.Helper()
	dir := t.TempDir()
	for _, tr := range group {
		path, err := tr.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	opt.Points = true
	for i, tr := range group {
		if tr.Settings.KeyLog == "" {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("keys%d", i))
		if err := os.WriteFile(path, []byte(tr.Settings.KeyLog+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if opt.Secrets == nil {
			opt.Secrets = &secrets.Store{}
		}
		if err := opt.Secrets.Load(path); err != nil {
			t.Fatal(err)
		}
	}
	return paths, opt
}

func check(t *testing.T, group []*fixture.Trace) {
	paths, c := analyse(t, group)
	findings := withParts(c.Findings)
	found := make([]bool, len(findings))
	for _, tr := range group {
		for _, r := range tr.Records {
			for _, w := range r.Want {
				i := match(t, findings, w)
				if i < 0 {
					t.Errorf("%s:%d: no finding %s that says %q", tr.Name, r.Line, w.Rule, w.Summary)
					continue
				}
				found[i] = true
			}
		}
	}
	for i, f := range findings {
		if !found[i] {
			t.Errorf("%s: finding not wanted: %s: %s", group[0].Name, f.Rule.ID, f.Summary)
		}
	}
	complete(t, findings)
	for i, path := range paths {
		if filepath.Ext(path) == logs {
			continue
		}
		t.Run("filters", func(t *testing.T) { filters(t, path, i, c) })
	}
}

// withParts are the findings, each followed by those that are parts of it.
func withParts(list []diag.Finding) (out []diag.Finding) {
	for _, f := range list {
		out = append(append(out, f), f.Parts...)
	}
	return out
}

// complete holds every finding to what a reader needs.
func complete(t *testing.T, findings []diag.Finding) {
	for _, f := range findings {
		switch {
		case f.Summary == "" || strings.HasSuffix(f.Summary, ".") || strings.Contains(f.Summary, "1 packets"):
			t.Errorf("%s: summary %q", f.Rule.ID, f.Summary)
		case f.Severity == 0 || f.Confidence == 0:
			t.Errorf("%s: no severity or no confidence", f.Rule.ID)
		case len(f.Fix) == 0:
			t.Errorf("%s does not say what to do", f.Rule.ID)
		case !slices.IsSortedFunc(f.Where, byNumber):
			t.Errorf("%s: the records that prove it are not in order: %v", f.Rule.ID, f.Where)
		}
	}
}

func match(t *testing.T, findings []diag.Finding, w fixture.Want) int {
	re, err := regexp.Compile(w.Summary)
	if err != nil {
		t.Fatal(err)
	}
	return slices.IndexFunc(findings, func(f diag.Finding) bool { return f.Rule.ID == w.Rule && re.MatchString(f.Summary) })
}

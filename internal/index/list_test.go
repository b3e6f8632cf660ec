package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// fixtures writes the traces of a rule's fixtures: each file of them is one case.
func fixtures(t testing.TB, pattern string) (cases [][]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../diag", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, f := range files {
		traces, err := fixture.Load(f)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		var paths []string
		for _, tr := range traces {
			path, err := tr.Write(dir)
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
		cases = append(cases, paths)
	}
	return cases
}

// TestFixtures: each trace of the rules' fixtures alone, and those of one file together, as packets prints them.
func TestFixtures(t *testing.T) {
	for _, paths := range fixtures(t, "*/*.txtar") {
		for _, p := range paths {
			sameRows(t, build(t, []string{p}, index.Options{}), listed(t, []string{p}, nil))
		}
		if len(paths) > 1 {
			sameRows(t, build(t, paths, index.Options{}), listed(t, paths, nil))
		}
		if t.Failed() {
			t.Fatalf("of %v", paths)
		}
	}
}

// TestWorkers: conversations and owners too are the same for any number of workers, and those of the case.
func TestWorkers(t *testing.T) {
	for _, paths := range fixtures(t, "*/*.txtar") {
		var want []index.Row
		for _, workers := range []int{1, 2, 8} {
			x, c := analysed(t, paths, engine.Options{Workers: workers})
			n, _ := x.Total()
			p, err := x.Rows(context.Background(), 0, n, "")
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Rows {
				if r := &p.Rows[i]; r.Process != nil { // told by what it says
					copied := *r.Process
					r.Process = &copied
				}
			}
			if workers == 1 {
				want = p.Rows
				owned(t, paths, c, want)
				alone, err := engine.Analyse(context.Background(), paths, engine.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(findings(alone), findings(c)); diff != "" {
					t.Errorf("%v: findings without an index (-) and with one that is built beside (+):\n%s", paths, diff)
				}
			} else if diff := cmp.Diff(want, p.Rows); diff != "" {
				t.Fatalf("%v: with one worker (-) and with %d (+):\n%s", paths, workers, diff)
			}
		}
	}
}

func findings(c *engine.Case) (list []string) {
	for i := range c.Findings {
		f := &c.Findings[i]
		list = append(list, fmt.Sprint(f.Rule.ID, f.Summary, f.Where, f.Cost, f.Count, f.Facts, f.Filter))
	}
	return append(list, fmt.Sprint(len(c.Withheld), c.Requests.Requests))
}

// owned compares conversations and owners with those of a second pass over all sources.
func owned(t *testing.T, paths []string, c *engine.Case, rows []index.Row) {
	t.Helper()
	run, err := engine.Open(context.Background(), paths, engine.Options{Case: c, Applications: stream.NewChoice(stream.Rules{})})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	i := 0
	err = run.Each(func(row *engine.Row) error {
		if !row.Record.Numbered {
			return nil
		}
		conv, owner := -1, ""
		if row.Object.Conv != nil {
			conv = row.Object.Conv.ID
		}
		if p := row.Object.Process; p != nil {
			owner = fmt.Sprint(p.PID, " ", p.Name)
		}
		r := &rows[i]
		i++
		got := ""
		if r.Process != nil {
			got = fmt.Sprint(r.Process.PID, " ", r.Process.Name)
		}
		if r.Conversation != conv || got != owner {
			t.Errorf("%v: row %d is of conversation %d and process %q, want %d and %q", paths, i-1, r.Conversation, got, conv, owner)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeys: rows that keys open are those of a pass in order, however the index is built.
func TestKeys(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(captures, "KEYS.tsv"))
	if err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	for _, text := range strings.Split(string(b), "\n")[1:] {
		key, used, ok := strings.Cut(text, "\t")
		if !ok {
			continue
		}
		keys := new(secrets.Store)
		if err := keys.Load(filepath.Join(captures, key)); err != nil {
			continue // keys with a password, or of what is not read
		}
		for _, name := range strings.FieldsFunc(used, func(r rune) bool { return r == ',' || r == ' ' || r == ';' }) {
			found, _ := filepath.Glob(filepath.Join(captures, "*", name))
			if len(found) == 0 {
				continue
			}
			opt := engine.Options{Secrets: keys, Applications: stream.NewChoice(stream.Rules{})}
			want := listedWith(t, found[:1], opt, nil)
			opt.Applications = nil
			for _, workers := range []int{1, 2, 8} {
				opt.Workers = workers
				sameRows(t, build(t, found[:1], index.Options{Engine: opt}), want)
				x, _ := analysed(t, found[:1], opt)
				sameRows(t, x, want)
			}
		}
	}
}

// TestSources: any files together are in the order that packets has.
func TestSources(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	for _, names := range [][]string{
		{"twosided/ndpi_tls12uni__c2s.pcapng", "twosided/ndpi_tls12uni__s2c.pcapng"},
		{"twosided/zeek_sshhalf__c2s.pcap", "twosided/zeek_sshhalf__s2c.pcap"},
	} {
		var paths []string
		for _, n := range names {
			paths = append(paths, filepath.Join(captures, n))
		}
		for range 2 {
			sameRows(t, build(t, paths, index.Options{}), listed(t, paths, nil))
			slices.Reverse(paths)
		}
	}
}

// TestOneClock: several capture points are in the order of timeline when that is asked for.
func TestOneClock(t *testing.T) {
	tested := 0
	for _, paths := range fixtures(t, "path/*.txtar") {
		if len(paths) < 2 {
			continue
		}
		opt := engine.Options{Points: true}
		x := index.New(paths, index.Options{Engine: opt, Words: words, OneClock: true, TempDir: t.TempDir()})
		c, err := engine.Analyse(context.Background(), paths, x.Beside(opt))
		if err != nil {
			t.Fatal(err)
		}
		x.SetCase(c)
		if err := x.Build(context.Background()); err != nil {
			t.Fatal(err)
		}
		if c.Points != nil {
			clock := func(rec *trace.Record) int64 {
				at, _ := c.Points.Clock(rec.Pos.Source).At(rec.Pos.Number, rec.Time)
				return at
			}
			sameRows(t, x, listedWith(t, paths, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Clock: clock}, nil))
			tested++
		}
		x.Close()
	}
	if tested == 0 {
		t.Error("no fixture has several points")
	}
}

package index_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
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

// filters are of all kinds: of bytes, of the analysis of TCP, of applications, of order, of the case, of nothing that there is.
var filters = []string{
	"tcp", "tcp.analysis.flags", "ip.addr == 10.0.0.0/8 and tcp.port == 443", "frame.number % 3 == 1", "tcp.stream == 1", "frame.time_relative > 0.5",
	"http or tls or smb2 or dns", "tcp.len > 0 and not tcp.flags.syn", "udp", "frame.process.name", "ip.src == 203.0.113.77",
}

func TestFilters(t *testing.T) {
	for i, paths := range fixtures(t, "*/*.txtar") {
		if i%5 != 0 { // each filter takes a pass
			continue
		}
		x, c := analysed(t, paths, engine.Options{})
		for _, text := range filters {
			f, err := filter.Compile(text, filter.Options{})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var first *engine.Case
			if f.Final() {
				first = c
			}
			want := passing(t, paths, first, f)
			got, p := page(t, x, 0, 1000, text)
			for !p.Complete {
				got, p = page(t, x, 0, 1000, text)
			}
			if diff := cmp.Diff(want[:min(len(want), 1000)], got); diff != "" || p.Total != len(want) {
				t.Fatalf("%v: %s: %d rows, want %d (-want +got):\n%s", paths, text, p.Total, len(want), diff)
			}
			places(t, x, text, p)
		}
	}
}

// passing are the rows that pass a filter in a pass in order.
func passing(t *testing.T, paths []string, c *engine.Case, f *filter.Filter) (list []line) {
	t.Helper()
	run, err := engine.Open(context.Background(), paths, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Case: c})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	m := f.Matcher()
	err = run.Each(func(row *engine.Row) error {
		if !m.Match(row) || !row.Record.Numbered {
			return nil
		}
		list = append(list, lineOf(row, run.Info(row.Source)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// places finds each row again by its number and by its time.
func places(t *testing.T, x *index.Index, filter string, p index.Page) {
	t.Helper()
	for k, r := range p.Rows {
		at, offset, settled, err := x.Place(context.Background(), index.At{Source: r.Source, Frame: r.Frame}, filter)
		if err != nil || !settled || at != r.Index || offset != k {
			t.Fatalf("%s: record %d of source %d is row %d of the list and %d of the filter, want %d and %d (%v)", filter, r.Frame, r.Source, at, offset, r.Index, k, err)
		}
		if r.Time == trace.NoTime {
			continue
		}
		at, _, _, err = x.Place(context.Background(), index.At{Time: r.Time, ByTime: true}, filter)
		found, _ := x.Rows(context.Background(), at, 1, "")
		if err != nil || at > r.Index || len(found.Rows) != 1 || found.Rows[0].Time < r.Time {
			t.Fatalf("row %d of time %d: the first of that time or later is %d, of %v (%v)", r.Index, r.Time, at, found.Rows, err)
		}
	}
}

func TestWrongFilter(t *testing.T) {
	x := build(t, fixtures(t, "tcp/*.txtar")[0][:1], index.Options{})
	_, err := x.Rows(context.Background(), 0, 10, "tcp.port == ")
	var bad *filter.Error
	if !errors.As(err, &bad) {
		t.Fatalf("%v is no error of the filter", err)
	}
	if err := x.Check("ip.adr"); !errors.As(err, &bad) || bad.Column() != 1 {
		t.Errorf("Check: %v", err)
	}
	if err := x.Check("tcp"); err != nil {
		t.Error(err)
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

// TestCancel: an index that is not built to its end says so, and one that is closed answers nothing.
func TestCancel(t *testing.T) {
	path := fixtures(t, "tcp/*.txtar")[0][:1]
	ctx, stop := context.WithCancel(context.Background())
	stop()
	x := index.New(path, index.Options{Words: words, TempDir: t.TempDir()})
	if err := x.Build(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Build: %v", err)
	}
	if _, complete := x.Total(); complete {
		t.Error("what was cancelled is called complete")
	}
	if _, err := x.Rows(context.Background(), 0, 1, "tcp"); !errors.Is(err, context.Canceled) {
		t.Errorf("a filter over what was cancelled: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := x.Rows(context.Background(), 0, 1, ""); err == nil {
		t.Error("rows of a closed index")
	}
	if err := x.Close(); err != nil {
		t.Error("closed again: ", err)
	}
}

// TestNothingIsLeft: the temporary files of an index go away with it.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	for _, paths := range fixtures(t, "*/*.txtar")[:10] {
		x := index.New(paths, index.Options{Words: words, TempDir: dir})
		if err := x.Build(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
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

// TestCompressed: of a compressed capture records are read again from a private copy, in every pass.
func TestCompressed(t *testing.T) {
	for i, paths := range fixtures(t, "*/*.txtar") {
		if i%10 != 0 {
			continue
		}
		b, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(b)
		z.Close()
		path := filepath.Join(t.TempDir(), "x.gz")
		if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		want := listed(t, []string{path}, nil)
		beside, _ := analysed(t, []string{path}, engine.Options{})
		for _, x := range []*index.Index{build(t, []string{path}, index.Options{}), beside} {
			sameRows(t, x, want)
			for at := 0; at < len(want); at += 1 + len(want)/5 {
				if got := show(t, x, at); got != want[at] {
					t.Errorf("record of row %d: %+v, want %+v", at, got, want[at])
				}
			}
			if got, _ := page(t, x, 0, 1, "frame.number == 2"); len(want) > 1 && (len(got) != 1 || got[0] != want[1]) {
				t.Errorf("record 2 is %v, want %v", got, want[1])
			}
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

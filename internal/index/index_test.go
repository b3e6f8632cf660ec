package index_test

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

const captures = "../../../shared/captures"

// words are those of `wiretale packets`.
func words(row *engine.Row) index.Words {
	c := view.ColumnsOf(row)
	return index.Words{Source: c.Source, Destination: c.Destination, Protocol: c.Protocol, Info: c.Info, Length: c.Length, Mark: view.Mark(row)}
}

// A line is what is compared of a row.
type line struct {
	Source int
	Frame  int64
	Time   int64
	index.Words
	Event bool
}

func lineOf(row *engine.Row, info *trace.Info) line {
	l := line{row.Source, row.Record.Pos.Number, row.Record.Time, words(row), row.Packet == nil}
	if info.Untimed {
		l.Time = trace.NoTime
	}
	return l
}

// listed are the rows that a pass in order gives.
func listed(t testing.TB, paths []string, match func(*engine.Row) bool) (list []line) {
	t.Helper()
	return listedWith(t, paths, engine.Options{Applications: stream.NewChoice(stream.Rules{})}, match)
}

func listedWith(t testing.TB, paths []string, opt engine.Options, match func(*engine.Row) bool) (list []line) {
	t.Helper()
	run, err := engine.Open(context.Background(), paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	err = run.Each(func(row *engine.Row) error {
		if row.Record.Numbered && (match == nil || match(row)) {
			list = append(list, lineOf(row, run.Info(row.Source)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func build(t testing.TB, paths []string, opt index.Options) *index.Index {
	t.Helper()
	opt.Words = words
	if opt.TempDir == "" {
		opt.TempDir = t.TempDir()
	}
	x := index.New(paths, opt)
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := x.Build(context.Background()); err != nil {
		t.Fatal(err)
	}
	return x
}

// analysed is an index that is built beside an analysis.
func analysed(t testing.TB, paths []string, opt engine.Options) (*index.Index, *engine.Case) {
	t.Helper()
	x := index.New(paths, index.Options{Engine: opt, Words: words, TempDir: t.TempDir()})
	t.Cleanup(func() { x.Close() })
	c, err := engine.Analyse(context.Background(), paths, x.Beside(opt))
	if err != nil {
		t.Fatal(err)
	}
	x.SetCase(c)
	if err := x.Build(context.Background()); err != nil {
		t.Fatal(err)
	}
	return x, c
}

// page are rows of the index, as lines.
func page(t testing.TB, x *index.Index, offset, limit int, filter string) (list []line, p index.Page) {
	t.Helper()
	p, err := x.Rows(context.Background(), offset, limit, filter)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Rows {
		list = append(list, line{r.Source, r.Frame, r.Time, r.Words, r.Event})
	}
	return list, p
}

// sameRows compares all pages of the index, in several orders, with the rows of a pass in order.
func sameRows(t *testing.T, x *index.Index, want []line) {
	t.Helper()
	if n, complete := x.Total(); n != len(want) || !complete {
		t.Fatalf("%d rows, complete %v; want %d", n, complete, len(want))
	}
	random := rand.New(rand.NewPCG(1, 2))
	const size = 100
	starts := random.Perm((len(want) + size - 1) / size)
	for _, start := range starts {
		got, _ := page(t, x, start*size, size, "")
		if diff := cmp.Diff(want[start*size:min(len(want), (start+1)*size)], got); diff != "" {
			t.Fatalf("rows from %d on (-want +got):\n%s", start*size, diff)
		}
	}
}

// files are the captures of the shared folder up to a size.
func files(t testing.TB, most int64) (list []string) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	filepath.WalkDir(captures, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if i, err := d.Info(); err == nil && i.Size() <= most {
				list = append(list, path)
			}
		} else if err == nil && d.Name() == "expected" {
			return filepath.SkipDir
		}
		return nil
	})
	return list
}

// TestRowsAreThoseOfPackets: any page says what `wiretale packets` prints.
func TestRowsAreThoseOfPackets(t *testing.T) {
	for _, path := range files(t, 2<<20) {
		run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
		if err != nil {
			continue // no trace
		}
		run.Close()
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := listed(t, []string{path}, nil)
			sameRows(t, build(t, []string{path}, index.Options{}), want)
			beside, _ := analysed(t, []string{path}, engine.Options{})
			sameRows(t, beside, want)
		})
	}
}

// show is one record of the index, as line.
func show(t testing.TB, x *index.Index, at int) (l line) {
	t.Helper()
	err := x.Record(context.Background(), at, func(row *engine.Row, info *trace.Info) error {
		l = lineOf(row, info)
		return nil
	})
	if err != nil {
		t.Fatalf("record %d: %v", at, err)
	}
	return l
}

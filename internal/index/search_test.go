package index_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

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

package plot

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/proto"
)

// write makes a real file of a trace in the fixture language.
func write(t testing.TB, name, text string) string {
	t.Helper()
	traces, err := fixture.Parse([]byte("-- " + name + " --\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// analyse is the first pass.
func analyse(t testing.TB, path string) *engine.Case {
	t.Helper()
	c, err := engine.Analyse(t.Context(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// options are those of the command without flags, for a capture with times.
func options(t testing.TB, c *engine.Case, kind string) Options {
	t.Helper()
	opt := Options{Kind: KindNamed(kind), Interval: time.Second, Columns: 1000, Unit: UnitPackets, Smooth: 1, Filters: append(Filters(), transport("tcp", proto.TCP), transport("udp", proto.UDP))}
	ok := true
	if opt.Kind.Conversation {
		if opt.Conv, _ = Largest(c, nil); opt.Conv == nil {
			t.Fatal("no TCP conversation")
		}
		opt.Sender = Sender(opt.Conv)
		opt.Start, ok = Begin(c, opt.Conv)
	} else {
		opt.Start, opt.End, ok = Span(c)
	}
	if !ok {
		t.Fatal("no times")
	}
	return opt
}

func transport(name string, id proto.ID) Filter {
	return Filter{name, func(r *engine.Row) bool { return r.Packet != nil && r.Packet.Transport == id }}
}

// gather is the second pass.
func gather(t testing.TB, path string, c *engine.Case, opt Options) *Plot {
	t.Helper()
	run, err := engine.Open(t.Context(), []string{path}, engine.Options{Case: c})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	collector := Collect(opt)
	if err := run.Each(func(row *engine.Row) error {
		collector.Add(row)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return New(opt, collector, []string{path}, time.UTC)
}

func plotOf(t testing.TB, path, kind string) *Plot {
	t.Helper()
	c := analyse(t, path)
	return gather(t, path, c, options(t, c, kind))
}

// named is the series of that name of the first panel that has it.
func named(t testing.TB, p *Plot, name string) []Point {
	t.Helper()
	for _, panel := range p.Panels {
		for _, s := range panel.Series {
			if s.Name == name {
				points := slices.Clone(s.Points)
				for i := range points {
					points[i].Frame, points[i].Source = 0, 0
				}
				return points
			}
		}
	}
	t.Fatalf("no series %q", name)
	return nil
}

// ms is a point at a time in milliseconds.
func ms(t, low, high float64) Point { return Point{Time: int64(t * 1e6), Low: low, High: high} }

// at1 are points with one value each: time in milliseconds, value, and so on.
func at1(pairs ...float64) []Point {
	var out []Point
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, ms(pairs[i], pairs[i+1], pairs[i+1]))
	}
	return out
}

const captures = "../../../shared/captures"

// capture is a real capture; the test is skipped where it is not.
func capture(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(captures, name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/captures is not here: " + err.Error())
	}
	return path
}

package view_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/view"
)

// TestTree: of every record of the rules' fixtures, nodes lie in their buffers, and the filter of each passes its record.
func TestTree(t *testing.T) {
	files, err := filepath.Glob("../diag/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	compiled := map[string]*filter.Matcher{}
	for i, f := range files {
		if i%4 != 0 {
			continue
		}
		traces, err := fixture.Load(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range traces {
			path, err := tr.Write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			tested(t, path, compiled)
		}
	}
	if len(compiled) < 1000 {
		t.Errorf("%d filters: the fixtures test little", len(compiled))
	}
}

func tested(t *testing.T, path string, compiled map[string]*filter.Matcher) {
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{Applications: stream.NewChoice(stream.Rules{})})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	number := 0
	err = run.Each(func(row *engine.Row) error {
		if number++; number > 40 {
			return nil
		}
		buffers := view.Buffers(row)
		var walk func(list []view.Node)
		walk = func(list []view.Node) {
			for i := range list {
				n := &list[i]
				if n.Buffer != view.NoBuffer && n.Length > 0 && n.Offset+n.Length > len(buffers[n.Buffer].Bytes) {
					t.Errorf("%s, record %d: %s lies at %d to %d of %d bytes", path, number, n.Label(), n.Offset, n.Offset+n.Length, len(buffers[n.Buffer].Bytes))
				}
				if n.Filter != "" {
					passes(t, row, n, compiled)
				}
				walk(n.Children)
			}
		}
		walk(view.Tree(row, run.Info(0), true))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func passes(t *testing.T, row *engine.Row, n *view.Node, compiled map[string]*filter.Matcher) {
	m := compiled[n.Filter]
	if m == nil {
		f, err := filter.Compile(n.Filter, filter.Options{})
		if err != nil {
			t.Errorf("%s: %v", n.Filter, err)
			return
		}
		m = f.Matcher()
		compiled[n.Filter] = m
	}
	if !m.Match(row) {
		t.Errorf("record %d of %s does not pass %s", row.Record.Pos.Number, row.Info.Name, n.Filter)
	}
}

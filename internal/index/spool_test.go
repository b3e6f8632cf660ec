package index_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/index"
)

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

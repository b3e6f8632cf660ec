package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// collecting are the options of an analysis that collects requests.
func collecting(workers int) engine.Options {
	return engine.Options{Workers: workers, Requests: true, Applications: stream.NewChoice(stream.Rules{})}
}

// inOrder analyses a file in one goroutine, record by record.
func inOrder(t *testing.T, path string, keys *secrets.Store) *engine.Case {
	t.Helper()
	run, err := engine.Open(context.Background(), []string{path}, opening(0, keys))
	if errors.Is(err, trace.ErrUnknownFormat) || errors.Is(err, trace.ErrTruncated) { // no trace, or one cut before its table of frames
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if err := run.Each(nil); err != nil {
		t.Fatal(err)
	}
	return run.Case()
}

// TestLanesSayTheSame analyses every capture in order and in lanes, with
// several numbers of workers, and wants the same to the last field.
func TestLanesSayTheSame(t *testing.T) {
	const root = "../../../shared/captures"
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == "expected" || e.Name() == "keys" || e.Name() == "etl" {
				return filepath.SkipDir
			}
			return nil
		}
		t.Run(filepath.ToSlash(path[len(root)+1:]), func(t *testing.T) {
			want := said(t, inOrder(t, path, nil))
			for _, workers := range []int{1, 2, 8} {
				got, err := engine.Analyse(context.Background(), []string{path}, collecting(workers))
				if err != nil {
					t.Fatal(err)
				}
				if got := said(t, got); !bytes.Equal(got, want) {
					t.Errorf("in order (-) and with %d workers (+):\n%.4000s", workers, cmp.Diff(string(want), string(got)))
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// said is all that a case says, in the order in which it says it.
func said(t *testing.T, c *engine.Case) []byte {
	t.Helper()
	findings := make([]string, 0, len(c.Findings))
	for _, f := range c.Findings {
		findings = append(findings, fmt.Sprint(f.Rule.ID, f.Summary, f.Where, f.Cost, f.Count, f.Facts, f.Filter))
	}
	text, err := json.MarshalIndent(struct {
		Sources       []*engine.Source
		Conversations []*flow.Conversation
		Hosts         []*flow.Host
		Findings      []string
		Withheld      int
		Requests      request.List
		End           string
	}{c.Sources, slices.Collect(c.Conversations.All()), c.Hosts, findings, len(c.Withheld), c.Requests, fmt.Sprint(c.Sources[0].Err)}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

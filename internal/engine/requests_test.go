package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// asks is a rule for which requests are collected.
var asks = []*diag.Rule{{ID: "test.asks", Requests: true, Run: func(*diag.Input) []diag.Finding { return nil }}}

// collected are the requests as an analysis collects them for its rules, and as a pass whose packets are shown has them.
func collected(t *testing.T, path string) (bare, all *engine.Case) {
	bare, err := engine.Analyse(t.Context(), []string{path}, engine.Options{Rules: asks})
	if err != nil {
		t.Skip(err)
	}
	all, err = engine.Analyse(t.Context(), []string{path}, engine.Options{Rules: []*diag.Rule{}, Applications: stream.NewChoice(stream.Rules{}), Requests: true})
	if err != nil {
		t.Fatal(err)
	}
	all.Requests.Requests = slices.DeleteFunc(all.Requests.Requests, func(r request.Request) bool { return r.Protocol == proto.TLS || r.Protocol == proto.DTLS })
	return bare, all
}

func compareRequests(t *testing.T, path string) (n int) {
	bare, all := collected(t, path)
	if len(bare.Requests.Requests) != len(all.Requests.Requests) {
		t.Errorf("%s: %d requests, %d with packets", path, len(bare.Requests.Requests), len(all.Requests.Requests))
		return 0
	}
	for i := range bare.Requests.Requests {
		if got, want := bare.Requests.Requests[i], all.Requests.Requests[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: request %d is\n%+v, with packets\n%+v", path, i, got, want)
			return 0
		}
	}
	return len(bare.Requests.Requests)
}

// TestRulesGetTheSameRequests holds the requests of an analysis, which keeps only the heads of messages, to those of a pass that shows packets.
func TestRulesGetTheSameRequests(t *testing.T) {
	traces, err := fixture.Load("../../testdata/post2_A.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	compareRequests(t, path)
	c, err := engine.Analyse(t.Context(), []string{path}, engine.Options{Rules: []*diag.Rule{}})
	if err != nil || len(c.Requests.Requests) > 0 {
		t.Errorf("%d requests without a rule that looks at them: %v", len(c.Requests.Requests), err)
	}
}

func TestRulesGetTheSameRequestsOfCaptures(t *testing.T) {
	if _, err := os.Stat(shared); err != nil {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	files, requests, i := 0, 0, 0
	err := filepath.WalkDir(shared, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if st, err := d.Info(); err != nil || st.Size() > 1<<20 {
			return err
		}
		if i++; i%3 != 0 { // a third is enough
			return nil
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			if n := compareRequests(t, path); n > 0 {
				files, requests = files+1, requests+n
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests in %d captures", requests, files)
	if files < 20 {
		t.Errorf("only %d captures have requests", files)
	}
}

package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
)

// inOrder analyses a file in one goroutine, record by record.
func inOrder(t *testing.T, path string) *engine.Case {
	t.Helper()
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Skip(err)
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
			want := inOrder(t, path)
			for _, workers := range []int{1, 2, 8} {
				got, err := engine.Analyse(context.Background(), []string{path}, engine.Options{Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				sameCase(t, fmt.Sprintf("%d workers", workers), want, got)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sameCase(t *testing.T, name string, want, got *engine.Case) {
	t.Helper()
	unexported := cmpopts.IgnoreUnexported(flow.Conversation{}, flow.Host{}, engine.Case{})
	rules := cmp.Comparer(func(a, b *diag.Rule) bool { return a == b })
	errs := cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
	if diff := cmp.Diff(want, got, unexported, rules, errs, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
		t.Errorf("in order (-) and with %s (+):\n%.4000s", name, diff)
	}
}

package filter_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
)

// sample is the capture of testdata/sample.txtar.
func sample(t testing.TB) *capture {
	t.Helper()
	traces, err := fixture.Load("testdata/sample.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return load(t, path)
}

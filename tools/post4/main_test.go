package main

import (
	"os"
	"testing"
)

func TestFixtureIsCurrent(t *testing.T) {
	const golden = "../../../shared/golden"
	if _, err := os.Stat(golden + "/post4_rows.tsv"); err != nil {
		t.Skip("../shared/golden is not here: nothing to compare the fixture with")
	}
	want, err := Build(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../testdata/post4.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("testdata/post4.txtar is not what tools/post4 writes: run go run . in tools/post4")
	}
}

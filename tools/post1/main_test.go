package main

import (
	"os"
	"testing"
)

func TestFixtureIsCurrent(t *testing.T) {
	const golden = "../../../shared/golden/post1_events.tsv"
	if _, err := os.Stat(golden); err != nil {
		t.Skip("../shared/golden is not here: nothing to compare the fixture with")
	}
	want, err := Build(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("testdata/post1.txtar is not what tools/post1 writes: run go run . in tools/post1")
	}
}

package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/view/jsonl"
)

// TestLinesAreOfTheSchema holds what commands write with -T jsonl to the published schema, and to no field beyond it: of the fixtures of all
// diagnoses, and of the shared captures where they are.
func TestLinesAreOfTheSchema(t *testing.T) {
	text, err := jsonl.JSONSchema(true)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	lines := func(args ...string) {
		var out, errs strings.Builder
		if code := run(t.Context(), append(args, "-T", "jsonl"), strings.NewReader(""), &out, &errs); code != exitOK && code != exitDamaged {
			return // no trace, or nothing to say
		}
		wrong := 0
		for line := range strings.Lines(out.String()) {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err != nil {
				t.Fatalf("%v: %v: %s", args, err, line)
			}
			if err := schema.Validate(v); err != nil && wrong < 3 {
				wrong++
				t.Errorf("%v: %v\n%s", args, err, line)
			}
			kinds[v.(map[string]any)["kind"].(string)]++
		}
	}
	bad := map[string]any{"schema": jsonl.Schema, "kind": "finding", "rank": "one"}
	if schema.Validate(bad) == nil || schema.Validate(map[string]any{"schema": jsonl.Schema, "kind": "unheard"}) == nil {
		t.Error("the schema takes what is none of its lines")
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "diag", "*", "*.txtar"))
	for _, path := range files {
		traces, err := fixture.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		tr := traces[0]
		file, err := tr.Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		lines(file)
		lines("requests", file)
	}
	lines("rules")
	filepath.WalkDir(filepath.Join("..", "..", "..", "shared", "captures"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".tsv") || strings.Contains(path, "expected") {
			return nil
		}
		info, err := d.Info()
		if err != nil || info.Size() > 1<<20 {
			return nil
		}
		lines(path)
		if info.Size() > 1<<14 {
			return nil
		}
		for _, command := range []string{"packets", "convs", "story"} {
			lines(command, path)
		}
		return nil
	})
	for _, kind := range []string{"source", "finding", "spending", "withheld", "conversation", "request", "rule", "summary"} {
		if kinds[kind] == 0 {
			t.Errorf("no line of kind %s", kind)
		}
	}
	t.Log(kinds)
}

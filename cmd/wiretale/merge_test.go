package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMergedReadsAsSeparate: a merged file has the findings and the conversations of its parts, and says of points what they say.
func TestMergedReadsAsSeparate(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "captures")
	lab := func(name string) []string {
		files, _ := filepath.Glob(filepath.Join(root, "lab", "points", name+".*.pcap"))
		return files
	}
	sets := map[string][]string{"loss": lab("loss2pct"), "nat": lab("nat_echo"), "dropped": lab("syn_dropped"), "rejected": lab("reject_icmp"), "hole": lab("pmtu_hole")}
	for name, files := range sets {
		if len(files) < 2 {
			t.Skip("../shared/captures/lab is not here")
		}
		out := filepath.Join(t.TempDir(), "merged.pcapng")
		var errs strings.Builder
		if code := run(t.Context(), append([]string{"merge", "-q", "-w", out}, files...), strings.NewReader(""), &errs, &errs); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", name, code, errs.String())
		}
		want, got := told(t, files...), told(t, out)
		if !slices.Equal(want, got) {
			t.Errorf("%s: the merged file tells otherwise\n%s", name, firstDifference(got, want))
		}
	}
}

// told is what the report says of findings, conversations and points, without frame numbers and times.
func told(t *testing.T, files ...string) (lines []string) {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), append([]string{"-T", "jsonl"}, files...), strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		switch row["kind"] {
		case "finding":
			lines = append(lines, fmt.Sprint("finding ", row["rule"], row["severity"], row["count"]))
		case "conversation":
			lines = append(lines, fmt.Sprint("conversation ", row["transport"], end(row["a"]), end(row["b"]), row["packets"], row["bytes"], row["end"]))
		case "path":
			lines = append(lines, fmt.Sprint("path ", row["a"], row["b"], row["conversations"]))
		}
	}
	slices.Sort(lines)
	return lines
}

// end is one side of a conversation without the frames that it names.
func end(v any) string {
	m, _ := v.(map[string]any)
	for name, value := range m {
		if _, place := value.(map[string]any); place {
			delete(m, name)
		}
	}
	return fmt.Sprint(m)
}

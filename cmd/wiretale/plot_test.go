package main

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
)

// TestPlotProcess: a process stands for its largest conversation, in an IO graph for all of them.
func TestPlotProcess(t *testing.T) {
	traces, err := fixture.Load("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	plot := func(args ...string) (stdout, stderr string, code int) {
		path, err := traces[0].Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		code = run(t.Context(), append(args, path), strings.NewReader(""), &out, &errs)
		return out.String(), errs.String(), code
	}
	if _, stderr, code := plot("plot", "stevens", "--process", "tcpserver.exe"); code != exitUnusable || !strings.Contains(stderr, "the records have no times") {
		t.Errorf("records without times: exit code %d, %s", code, stderr)
	}
	for i := range traces[0].Records {
		traces[0].Records[i].Time = int64(i) * 1e6
	}
	for kind, want := range map[string]string{"stevens": "data from 192.168.1.200:55908 to 192.168.1.212:13000", "io": ">total<"} {
		if stdout, stderr, code := plot("plot", kind, "--process", "tcpserver"); code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit code %d, %s, lacks %q", kind, code, stderr, want)
		}
	}
	if _, stderr, code := plot("plot", "stevens", "--process", "4"); code != exitUnusable || !strings.Contains(stderr, "process") {
		t.Errorf("a process without conversations: exit code %d, %s", code, stderr)
	}
}

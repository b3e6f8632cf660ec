package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/view/web"
)

// TestReportPage: a program that was built with its pages writes one file, one without says so and still writes Markdown.
func TestReportPage(t *testing.T) {
	traces, err := fixture.Parse([]byte("-- x.pcap --\n0.0 packet 0 in 10.0.0.7:50000 > 10.0.0.9:445 S seq=1000 mss=1460\n0.1 packet 0 out 10.0.0.9:445 > 10.0.0.7:50000 AR seq=0 ack=1001\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, err := traces[0].Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "x.html")
	report := func(args ...string) (int, string, string) {
		var out, errs strings.Builder
		code := run(t.Context(), append([]string{"report", file}, args...), strings.NewReader(""), &out, &errs)
		return code, out.String(), errs.String()
	}
	code, _, errs := report("-o", page)
	if web.Built() == nil {
		if code != exitUnusable || !strings.Contains(errs, "built without its pages") || !strings.Contains(errs, "-T md works") {
			t.Errorf("exit code %d: %s", code, errs)
		}
		if _, err := os.Stat(page); err == nil {
			t.Error("a file was made")
		}
	} else {
		text, err := os.ReadFile(page)
		if code != exitOK || err != nil || !strings.Contains(string(text), `id="wiretale-data"`) {
			t.Errorf("exit code %d: %s %v", code, errs, err)
		}
		code, out, _ := report() // piped
		if code != exitOK || out != string(text) {
			t.Errorf("to standard output: exit code %d, %d bytes, %d in the file", code, len(out), len(text))
		}
	}
	if code, out, errs := report("-T", "md"); code != exitOK || !strings.Contains(out, "## Findings") {
		t.Errorf("Markdown: exit code %d: %s", code, errs)
	}
}

// TestReportWithKeysIsPrivate: what keys open is for the user alone, also in a file that was there before.
func TestReportWithKeysIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	traces, err := fixture.Parse([]byte("-- x.pcap --\n0.0 packet 0 in 10.0.0.7:50000 > 10.0.0.9:445 S seq=1000 mss=1460\n"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := traces[0].Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	keys, out := filepath.Join(dir, "keys.log"), filepath.Join(dir, "x.md")
	line := "CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48) + "\n"
	for path, text := range map[string]string{keys: line, out: ""} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		args []string
		mode os.FileMode
	}{{nil, 0o644}, {[]string{"--keys", keys}, 0o600}} {
		var errs strings.Builder
		if code := run(t.Context(), append([]string{"report", file, "-o", out}, step.args...), strings.NewReader(""), &strings.Builder{}, &errs); code != exitOK {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		if st, err := os.Stat(out); err != nil || st.Mode().Perm() != step.mode {
			t.Errorf("%v: mode %v, want %v", step.args, st.Mode().Perm(), step.mode)
		}
	}
}

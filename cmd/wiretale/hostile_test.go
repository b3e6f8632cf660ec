package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// everyCommand is each command that reads a file, with the arguments that follow the file.
var everyCommand = [][]string{
	{}, {"-T", "jsonl"}, {"packets"}, {"packets", "-T", "jsonl"}, {"packets", "--columns", "netmon"}, {"packets", "--columns", "wireshark", "--no-tso"}, {"packets", "-T", "fields", "-e", "frame.number", "-e", "tcp.options.mss_val", "-e", "frame.protocols"},
	{"timeline"}, {"timeline", "-T", "jsonl"}, {"convs"}, {"convs", "-T", "jsonl"}, {"requests"}, {"requests", "--list"}, {"requests", "-T", "jsonl"}, {"info"}, {"info", "-T", "jsonl"},
}

// TestBadCaptures runs every command on every capture that was made or found to break readers.
func TestBadCaptures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(captures, "bad", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("../shared/captures is not here")
	}
	for _, file := range files {
		for _, command := range everyCommand {
			survives(t, command, file)
		}
		survives(t, []string{"compare"}, file, file)
		survives(t, []string{"show"}, file, "1")
		survives(t, []string{"show", "-T", "jsonl"}, file, "1")
	}
}

// TestSpoiledCaptures cuts captures of each format in the middle and writes a
// length that lies into it: what could be read is printed, then what was lost.
func TestSpoiledCaptures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"link/pcpp_sll.pcap", "formats/ptcpdump_curl-user.pcapng", "formats/ms_WMOD_Example4.cap", "formats/pcpp_solaris.snoop", "formats/tcptrace_eth.erf.gz"} {
		whole, err := os.ReadFile(filepath.Join(captures, name))
		if err != nil {
			t.Skip("../shared/captures is not here")
		}
		path := filepath.Join(t.TempDir(), filepath.Base(name))
		for _, data := range [][]byte{whole[:len(whole)/2], spoil(whole, len(whole)/2), spoil(whole, len(whole)/3), append(bytes.Clone(whole), "garbage behind the end"...)} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range everyCommand {
				survives(t, command, path)
			}
		}
	}
}

// spoil writes 0xff over 16 bytes.
func spoil(data []byte, at int) []byte {
	out := bytes.Clone(data)
	copy(out[at:], strings.Repeat("\xff", 16))
	return out
}

// survives runs a command: exit code 0, or 3 with what was lost, or 2 with a message when nothing of the file can be read; JSON is JSON.
func survives(t *testing.T, command []string, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	line := append(append([]string{}, command...), args...)
	code := run(t.Context(), line, strings.NewReader(""), &out, &errs)
	said := out.String() + errs.String()
	switch {
	case strings.Contains(said, "goroutine ") || strings.Contains(said, "runtime error"):
		t.Errorf("%v: %s", line, said)
	case code == exitOK:
	case code == exitDamaged && (strings.Contains(said, "Lost") || strings.Contains(said, `"kind":"loss"`) || errs.Len() > 0):
	case code == exitUnusable && out.Len() == 0 && strings.HasPrefix(errs.String(), "wiretale: "):
	default:
		t.Errorf("%v: exit code %d\n%.300s\n%.300s", line, code, out.String(), errs.String())
	}
	if !strings.Contains(strings.Join(command, " "), "jsonl") {
		return
	}
	for object := range bytes.Lines(out.Bytes()) {
		if !json.Valid(object) {
			t.Errorf("%v: %.200q is no JSON", line, object)
			return
		}
	}
}

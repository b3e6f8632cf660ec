package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/fixture"
)

const golden = "../../../shared/golden"

// facts skips a test where the facts of the post are not there.
func facts(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(golden, "post2_A_rows.tsv")); err != nil {
		t.Skip("../shared/golden is not here: nothing to compare the fixtures with")
	}
}

func TestFixturesAreCurrent(t *testing.T) {
	facts(t)
	for _, r := range []Run{A, B} {
		want, err := r.Build(golden)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../../testdata/" + r.Name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("testdata/%s.txtar is not what tools/post2 writes: run go run . in tools/post2", r.Name)
		}
	}
}

// TestTsharkShowsTheListing holds the fixtures to the post: with streams not put
// together, as the post has them, the rows of SMB 2 have its numbers, its times and its Info.
func TestTsharkShowsTheListing(t *testing.T) {
	facts(t)
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed: the rows of the fixtures were not tried")
	}
	for _, c := range []struct {
		run  Run
		time string // the column of the listing
		ends int    // rows behind the listing
	}{{A, "frame.time_delta_displayed", 0}, {B, "frame.time_epoch", B.after}} {
		rows, err := c.run.Rows(golden)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]string, len(rows))
		for i, r := range rows {
			when := fmt.Sprintf("0.%06d000", c.run.opened)
			switch {
			case c.time == "frame.time_epoch":
				when = fmt.Sprintf("%d.%06d000", 1285084769, 436_686+r.time) // 2010-09-21 15:59:29
			case i > 0:
				when = fmt.Sprintf("0.%06d000", r.time-rows[i-1].time)
			}
			info := "Read Response"
			if r.request {
				info = fmt.Sprintf("Read Request Len:65536 Off:%d File: %s", r.offset, c.run.file)
			}
			want[i] = fmt.Sprintf("%d %s %s", r.frame, when, info)
		}
		if diff := cmp.Diff(want, listing(t, &c.run, c.time, rows[0].frame, len(rows), c.ends)); diff != "" {
			t.Errorf("%s (-post +tshark):\n%s", c.run.Name, diff)
		}
	}
}

// listing is tshark's rows of SMB 2 from the frame on: number, time and Info without what it says of the part that is missing.
func listing(t *testing.T, r *Run, time string, from, rows, ends int) []string {
	t.Helper()
	out := tshark(t, r, "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "smb2", "-T", "fields", "-E", "separator= ",
		"-e", "frame.number", "-e", time, "-e", "_ws.col.Info")
	var got []string
	for line := range strings.Lines(out) {
		number := 0
		fmt.Sscan(line, &number)
		if number >= from {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "[")
			got = append(got, line)
		}
	}
	if len(got) != rows+ends {
		t.Fatalf("%s: %d rows, want %d and %d behind them", r.Name, len(got), rows, ends)
	}
	return got[:rows]
}

func tshark(t *testing.T, r *Run, args ...string) string {
	t.Helper()
	traces, err := fixture.Load("../../testdata/" + r.Name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("tshark", append([]string{"-r", path}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSessionsAreWhole puts the streams together: every request has its
// response of 64 KiB, nothing is lost, repeated or malformed.
func TestSessionsAreWhole(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed: the streams of the fixtures were not tried")
	}
	for _, c := range []struct {
		run   Run
		reads int
	}{{A, 14}, {B, 48}} {
		requests, responses := 0, 0
		out := tshark(t, &c.run, "-Y", "smb2.cmd==8 or _ws.malformed or tcp.analysis.flags", "-T", "fields", "-E", "separator=|",
			"-e", "smb2.flags.response", "-e", "nbss.length", "-e", "smb2.time", "-e", "_ws.col.Info")
		for line := range strings.Lines(out) {
			switch f := strings.Split(strings.TrimSpace(line), "|"); {
			case f[0] == "0" && strings.HasSuffix(f[3], "File: "+c.run.file):
				requests++
			case f[0] == "1" && f[1] == "65616" && f[2] != "" && f[3] == "Read Response":
				responses++
			default:
				t.Errorf("%s: %s", c.run.Name, line)
			}
		}
		if requests != c.reads || responses != c.reads {
			t.Errorf("%s: %d requests and %d whole responses, want %d of each", c.run.Name, requests, responses, c.reads)
		}
	}
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/fixture"
)

// A read is a request of post 2 as wiretale lists it; times are microseconds since the first row of the post's listing.
type read struct {
	Command    string
	Name       string
	Offset     int64
	AskedBytes int64 `json:"asked_bytes"`
	MovedBytes int64 `json:"moved_bytes"`
	Time       time.Time
	Frame      int64
	FirstFrame int64 `json:"first_frame"`
	Service    int64 `json:"service_ns"`
	Transfer   int64 `json:"transfer_ns"`

	asked, first, last int64
}

// post2 is the reads in a trace of the second post, whose listing begins with the frame.
func post2(t *testing.T, name string, frame int64) []read {
	t.Helper()
	traces, err := fixture.Load("../../testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"requests", "--list", "-T", "jsonl", path}, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var reads []read
	for line := range strings.Lines(out.String()) {
		var r read
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Command == "Read" {
			reads = append(reads, r)
		}
	}
	i := slices.IndexFunc(reads, func(r read) bool { return r.Frame == frame })
	if i < 0 {
		t.Fatalf("no read in frame %d", frame)
	}
	start := reads[i].Time
	for i := range reads {
		r := &reads[i]
		r.asked = r.Time.Sub(start).Microseconds()
		r.first = r.asked + r.Service/1000
		r.last = r.first + r.Transfer/1000
	}
	return reads
}

// TestPost2Listings: requests and the first bytes of their answers are the rows of the post.
func TestPost2Listings(t *testing.T) {
	for _, c := range []struct{ name, file, time string }{
		{"post2_A", `\\192.168.2.77\share\TEST\100MBFile.txt`, "t_us"},
		{"post2_B", `\\192.168.2.77\share\xcopytest\100MBFile.txt`, "t_us_from_first"},
	} {
		type row struct {
			frame, time int64
			what        string
		}
		number := func(s string) int64 {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		var want, got []row
		for _, r := range table(t, c.name+"_rows.tsv") {
			what := "Read Response"
			if r["kind"] == "req" {
				what = "Read Request Len:" + r["len"] + " Off:" + r["offset"] + " " + c.file
			}
			want = append(want, row{number(r["frame"]), number(r[c.time]), what})
		}
		for _, r := range post2(t, c.name, want[0].frame) {
			if r.MovedBytes != 65536 {
				t.Errorf("%s: frame %d moved %d bytes", c.name, r.Frame, r.MovedBytes)
			}
			got = append(got, row{r.Frame, r.asked, fmt.Sprintf("Read Request Len:%d Off:%d %s", r.AskedBytes, r.Offset, r.Name)}, row{r.FirstFrame, r.first, "Read Response"})
		}
		slices.SortFunc(got, func(a, b row) int { return cmp.Compare(a.frame, b.frame) })
		got = slices.DeleteFunc(got, func(r row) bool { return r.frame < want[0].frame || r.frame > want[len(want)-1].frame })
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(row{})); diff != "" {
			t.Errorf("%s (-post +wiretale):\n%s", c.name, diff)
		}
	}
}

// TestPost2Budget: the six full cycles of the slow copy are 8,520 us until the first
// byte, 64,408 us of transfer and 234,598 us in which the client asked for nothing; the good copy is 4.636 times as fast.
func TestPost2Budget(t *testing.T) {
	slow := post2(t, "post2_A", 16475)
	if len(slow) != 14 {
		t.Fatalf("%d reads, want 14", len(slow))
	}
	var first, transfer int64
	var pauses []int64
	for i := 0; i+2 < len(slow); i += 2 {
		first += slow[i].first - slow[i].asked
		transfer += slow[i+1].last - slow[i].first
		pauses = append(pauses, slow[i+2].asked-slow[i+1].last)
	}
	if want := []int64{75130, 515, 64721, 476, 43109, 50647}; first != 8520 || transfer != 64408 || !slices.Equal(pauses, want) {
		t.Errorf("first byte %d, transfer %d, pauses %v; want 8520, 64408, %v", first, transfer, pauses, want)
	}
	good := post2(t, "post2_B", 5445)
	at := func(offset int64) int64 {
		i := slices.IndexFunc(good, func(r read) bool { return r.Offset == offset })
		if i < 0 {
			t.Fatalf("no read at %d", offset)
		}
		return good[i].asked
	}
	const mib = 1 << 20
	rateA := float64(slow[12].Offset-slow[0].Offset) * 8 / float64(slow[12].asked)
	rateB := float64(mib) * 8 / float64(at(13*mib)-at(12*mib))
	if got, want := fmt.Sprintf("%.3f %.3f %.3f", rateA, rateB, rateB/rateA), "20.458 94.843 4.636"; got != want {
		t.Errorf("Mbit/s and their ratio %s, want %s", got, want)
	}
}

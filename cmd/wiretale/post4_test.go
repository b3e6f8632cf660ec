package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/fixture"
)

// post4 runs wiretale on a trace of the fourth post, which is added to the arguments.
func post4(t *testing.T, path string, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), append(args, path), strings.NewReader(""), &out, &errs); code != exitOK && code != exitDamaged {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

// post4Fixture is the trace with the numbers of the post's first listing.
func post4Fixture(t *testing.T) string {
	t.Helper()
	traces, err := fixture.Load("../../testdata/post4.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// The filters of the post: the second one shows the segment that the first does not.
const (
	post4Hosts  = "ip.addr==192.168.100.23 and ip.addr==192.168.121.51"
	post4Filter = post4Hosts + " and tcp.port==3268 and tcp.port==8081"
)

// TestPost4Listings: both listings of the post, line by line. The first has no
// SACK_PERM=1, which its capture has; Wireshark 4 gives the FIN and its
// acknowledgement verdicts that Wireshark 1 did not give, and it did not look for HTTP on port 8081.
func TestPost4Listings(t *testing.T) {
	newer := strings.NewReplacer("[TCP Previous segment lost] 8081 > 3268 [FIN, ACK]", "8081 > 3268 [FIN, ACK]",
		"[TCP ACKed lost segment] 3268 > 8081 [ACK] Seq=286 Ack=2582", "3268 > 8081 [ACK] Seq=286 Ack=2582", " SACK_PERM=1", "")
	path := post4Fixture(t)
	first := table(t, "post4_rows.tsv")
	for _, c := range []struct {
		listing string
		args    []string
		same    func(string) string
		shift   int // numbers of the second listing are lower: its packets are the same
	}{
		{"before", []string{"--no-tso"}, newer.Replace, 0},
		{"after", nil, func(s string) string { return s }, 2},
	} {
		var want []string
		for _, row := range first {
			if row["listing"] != c.listing {
				continue
			}
			number, err := strconv.Atoi(row["frame"])
			if err != nil {
				t.Fatal(err)
			}
			us, err := strconv.Atoi(row["time_us"])
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("%7d %-11s %-21s %-21s %-8s %s", number+c.shift, fmt.Sprintf("%d.%06d", us/1e6, us%1e6), row["src"], row["dst"], "TCP", row["info"]))
		}
		text := post4(t, path, append([]string{"packets", "--columns", "wireshark", "-d", "tcp.port==8081,data", "-Y", post4Filter}, c.args...)...)
		got := strings.Split(strings.TrimSuffix(c.same(text), "\n"), "\n")
		if got[0] != "No.     Time        Source                Destination           Protocol Info" {
			t.Errorf("%s: heading %q", c.listing, got[0])
		}
		if diff := cmp.Diff(want, got[1:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.listing, diff)
		}
	}
	rows := strings.Split(post4(t, path, "packets", "--columns", "wireshark", "--no-tso", "-Y", post4Hosts), "\n")
	if bogus := rows[7]; len(rows) != 14 || !strings.HasPrefix(bogus, "   8852 17.661030   ") || !strings.HasSuffix(bogus, " IP       Bogus IP length (0, less than header length 20)") {
		t.Errorf("%d rows; the segment that is none: %s", len(rows), bogus)
	}
}

// TestPost4Rebuilt: the rebuilt capture says the same as the fixture, but for numbers.
func TestPost4Rebuilt(t *testing.T) {
	path := filepath.Join(captures, "rebuilt", "post4_lso.pcapng")
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/captures is not here: " + err.Error())
	}
	for _, args := range [][]string{nil, {"--no-tso"}} {
		fields := []string{"packets", "-Y", post4Filter, "-T", "fields", "-e", "frame.len", "-e", "tcp.seq", "-e", "tcp.ack", "-e", "tcp.len", "-e", "tcp.analysis.ack_rtt", "-e", "_ws.col.Info"}
		want := post4(t, post4Fixture(t), append(fields, args...)...)
		got := post4(t, path, append(fields, args...)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-fixture +rebuilt):\n%s", args, diff)
		}
	}
}

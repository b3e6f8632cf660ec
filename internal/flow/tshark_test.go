package flow

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/packet"
)

// liveFields are the fields of the analysis that are held against a running tshark.
var liveFields = []string{
	"tcp.stream", "tcp.completeness", "tcp.seq", "tcp.nxtseq", "tcp.ack", "tcp.window_size", "tcp.window_size_scalefactor",
	"tcp.time_relative", "tcp.time_delta", "tcp.connection.fin_active", "tcp.connection.fin_passive",
	"tcp.analysis", "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.analysis.initial_rtt", "tcp.analysis.bytes_in_flight",
	"tcp.analysis.push_bytes_sent", "tcp.analysis.flags", "tcp.analysis.rto", "tcp.analysis.rto_frame", "tcp.analysis.duplicate_ack_num",
	"tcp.analysis.duplicate_ack_frame", "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
	"tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
	"tcp.analysis.duplicate_ack", "tcp.analysis.window_update", "tcp.analysis.window_full", "tcp.analysis.zero_window",
	"tcp.analysis.zero_window_probe", "tcp.analysis.zero_window_probe_ack", "tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack",
	"tcp.analysis.reused_ports", "tcp.analysis.tfo_syn", "tcp.analysis.tfo_ack", "tcp.analysis.tfo_ignored",
}

func requireTshark(t testing.TB) {
	t.Helper()
	out, err := exec.Command("tshark", "--version").Output()
	if err != nil {
		t.Skip("tshark is not installed")
	}
	if v, _, _ := strings.Cut(string(out), " ("); !strings.HasPrefix(v, "TShark (Wireshark) 4.0.") && !strings.Contains(string(out[:40]), " 4.0.") {
		t.Skipf("%s is not the 4.0 that the analysis follows", v)
	}
}

// tsharkRows is what tshark says of each TCP frame in one pass: the values of [liveFields] by frame number.
func tsharkRows(t testing.TB, path string) map[int64][]string {
	t.Helper()
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", "-Y", "tcp", "-e", "frame.number"}
	for _, f := range liveFields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command("tshark", args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("tshark %s: %v: %s", path, err, stderr.String()) // a damaged file: what could be read counts
	}
	rows := map[int64][]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		var n int64
		if _, err := fmt.Sscan(cells[0], &n); err != nil || len(cells) != 1+len(liveFields) {
			t.Fatalf("tshark %s: line %q", path, lines.Text())
		}
		rows[n] = cells[1:]
	}
	return rows
}

// printed is a value as -T fields of tshark has it.
func printed(f *field.Of[Sighting], s *Sighting) string {
	v, ok := f.Get(s)
	if !ok {
		return ""
	}
	switch n := int64(v.U); v.Type {
	case field.None:
		return "1"
	case field.Int:
		return fmt.Sprint(n)
	case field.Duration:
		sign := ""
		if n < 0 {
			sign, n = "-", -n
		}
		return fmt.Sprintf("%s%d.%09d", sign, n/1e9, n%1e9)
	}
	return fmt.Sprint(v.U)
}

func fieldNamed(t testing.TB, name string) *field.Of[Sighting] {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	t.Fatalf("no field %s", name)
	return nil
}

// A difference is one value of one frame.
type difference struct {
	frame            int64
	field, ours, its string
}

// compareLive returns every difference in the frames that hold a TCP segment
// for both, and how many values were compared that one of them has.
func compareLive(t testing.TB, path string) (diffs []difference, values int) {
	t.Helper()
	rows := tsharkRows(t, path)
	list := make([]*field.Of[Sighting], len(liveFields))
	for i, name := range liveFields {
		list[i] = fieldNamed(t, name)
	}
	walk(t, path, func(p *packet.Packet, s *Sighting) {
		n := p.Record.Pos.Number
		want, ok := rows[n]
		if !ok || !s.TCP {
			return
		}
		for i, f := range list {
			ours, its := printed(f, s), want[i]
			if its != "" && f.Type == field.None {
				its = "1"
			}
			if ours != "" || its != "" {
				values++
			}
			if ours != its {
				diffs = append(diffs, difference{n, f.Name, ours, its})
			}
		}
	})
	return diffs, values
}

// live is a capture to compare, for instance one that a seed of a generator gave trouble with.
var live = flag.String("live", "", "captures to compare with tshark, separated by commas")

// seeds are as many seeds of every generator as are compared.
var seeds = flag.Uint64("seeds", 1, "seeds of each generator of conversations to compare with tshark")

func TestCaptureEqualsTshark(t *testing.T) {
	if *live == "" {
		t.Skip("no -live file")
	}
	requireTshark(t)
	for path := range strings.SplitSeq(*live, ",") {
		t.Run(path, func(t *testing.T) { wantEqual(t, path) })
	}
}

// TestAnalysisEqualsTshark compares every field of the analysis on generated conversations.
func TestAnalysisEqualsTshark(t *testing.T) {
	requireTshark(t)
	for _, g := range generators {
		for seed := range *seeds {
			t.Run(fmt.Sprintf("%s/%d", g.name, seed), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "generated.pcap")
				writeCapture(t, path, g.frames(seed))
				wantEqual(t, path)
			})
		}
	}
}

func wantEqual(t *testing.T, path string) {
	t.Helper()
	diffs, values := compareLive(t, path)
	t.Logf("%d values compared, %d differences", values, len(diffs))
	for _, d := range diffs[:min(len(diffs), 20)] {
		t.Errorf("frame %d: %s is %q, tshark says %q", d.frame, d.field, d.ours, d.its)
	}
}

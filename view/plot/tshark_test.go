package plot

import (
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/view"
)

// tshark lists fields of the conversation's segments, times as nanoseconds since the plot's time 0.
func tshark(t *testing.T, path string, opt Options, fields ...string) [][]string {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	args := []string{"-r", path, "-Y", "tcp.stream==" + strconv.Itoa(opt.Conv.Stream), "-T", "fields", "-e", "frame.time_epoch", "-e", "ip.src", "-e", "tcp.srcport"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(bytes.TrimRight(out, "\n"))) {
		row := strings.Split(strings.TrimRight(line, "\n"), "\t")
		row[0] = strconv.FormatInt(nanoseconds(t, row[0])-opt.Start, 10)
		row = append([]string{row[0], row[1] + ":" + row[2]}, row[3:]...)
		rows = append(rows, row)
	}
	return rows
}

func nanoseconds(t *testing.T, s string) int64 {
	t.Helper()
	whole, part, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(part + "000000000")[:9], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRTTAgreesWithTshark: a value of tcp.analysis.ack_rtt is our sample of
// the same ACK. Where segments were lost there are fewer of ours, as bytes that
// were sent twice have none, and shorter ones, as SACK blocks are measured.
func TestRTTAgreesWithTshark(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lossy bool
	}{
		{"lab/points/rate20mbit_bufferbloat.client.pcap", false}, {"lab/points/echo.client.pcap", false}, {"tcp/zeek_ssh.pcap", false},
		{"lab/points/loss2pct.client.pcap", true}, {"lab/points/zero_window.client.pcap", true},
	} {
		path := capture(t, tt.name)
		c := analyse(t, path)
		opt := options(t, c, "rtt")
		ours := map[int64]float64{}
		for _, p := range named(t, gather(t, path, c, opt), "sample of an ACK") {
			ours[p.Time] = p.Low
		}
		same := 0
		for _, row := range tshark(t, path, opt, "tcp.analysis.ack_rtt") {
			if row[2] == "" || row[1] == sender(opt) {
				continue
			}
			got, ok := ours[when(t, row)]
			want := float64(nanoseconds(t, row[2]))
			switch {
			case ok && got == want:
				same++
			case !tt.lossy || ok && got > want:
				t.Errorf("%s: the ACK after %s ns has %v (%v), tshark says %v", tt.name, row[0], got, ok, want)
			}
		}
		if same < 5 {
			t.Errorf("%s: only %d samples to compare", tt.name, same)
		}
		t.Logf("%s: %d samples, %d as in tshark", tt.name, len(ours), same)
	}
}

func sender(opt Options) string { return view.Endpoint(opt.Conv.Ends[opt.Sender], opt.Conv.Proto) }

func when(t *testing.T, row []string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(row[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSequenceAgreesWithTshark: bars, acknowledgements, windows and SACK blocks are those of tshark's fields.
func TestSequenceAgreesWithTshark(t *testing.T) {
	for _, name := range []string{"lab/points/loss2pct.client.pcap", "lab/points/zero_window.client.pcap", "tcp/zeek_ssh.pcap", "tcp/ws_retrans-tls.pcap", "tso/ms_ADOD_Example2_4_2019.pcapng"} {
		path := capture(t, name)
		c := analyse(t, path)
		opt := options(t, c, "tcptrace")
		opt.Columns = 10_000 // so that none is thinned out
		var want struct{ data, acks, edges, sacks []Point }
		for _, row := range tshark(t, path, opt, "tcp.seq", "tcp.len", "tcp.ack", "tcp.window_size", "tcp.options.sack_le", "tcp.options.sack_re", "tcp.flags") {
			at, f := when(t, row), func(i int) float64 { v, _ := strconv.ParseFloat(row[i], 64); return v }
			flags, _ := strconv.ParseUint(row[8], 0, 16)
			switch {
			case row[1] == sender(opt) && f(3) > 0:
				want.data = append(want.data, Point{Time: at, Low: f(2), High: f(2) + f(3)})
			case row[1] != sender(opt) && flags&0x14 == 0x10: // ACK without RST
				want.acks = append(want.acks, Point{Time: at, Low: f(4), High: f(4)})
				want.edges = append(want.edges, Point{Time: at, Low: f(4) + f(5), High: f(4) + f(5)})
				if row[6] == "" {
					continue
				}
				right := strings.Split(row[7], ",")
				for i, left := range strings.Split(row[6], ",") {
					l, _ := strconv.ParseFloat(left, 64)
					r, _ := strconv.ParseFloat(right[i], 64)
					want.sacks = append(want.sacks, Point{Time: at, Low: l, High: r})
				}
			}
		}
		p := gather(t, path, c, opt)
		data := slices.Concat(named(t, p, "segment"), named(t, p, "out of order"), named(t, p, "retransmission"))
		slices.SortStableFunc(data, func(a, b Point) int { return cmp.Compare(a.Time, b.Time) })
		for _, series := range []struct {
			name      string
			got, want []Point
		}{
			{"data", data, want.data}, {"acknowledged", named(t, p, "acknowledged"), want.acks},
			{"edge", named(t, p, "window's edge"), want.edges}, {"SACK", named(t, p, "SACK"), want.sacks},
		} {
			if !slices.Equal(series.got, series.want) {
				t.Errorf("%s, %s: %d points, tshark has %d; the first that differs: %s", name, series.name, len(series.got), len(series.want), firstDifference(series.got, series.want))
			}
		}
		t.Logf("%s: %d segments, %d acknowledgements, %d SACK blocks as in tshark", name, len(want.data), len(want.acks), len(want.sacks))
	}
}

func firstDifference(got, want []Point) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%v, want %v", got[i], want[i])
		}
	}
	return "one is longer"
}

package flow

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures"

func requireCaptures(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: " + err.Error())
	}
}

// readTable reads a gzip TSV with a header line; all occurrences of a field are joined with ';'.
func readTable(t *testing.T, path string, visit func(row map[string]string)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	var head []string
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if head == nil {
			head = cells
			continue
		}
		row := make(map[string]string, len(head))
		for i, h := range head {
			if i < len(cells) {
				row[h] = cells[i]
			}
		}
		visit(row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// walk feeds the packets of a capture to a tracker.
func walk(t testing.TB, path string, visit func(p *packet.Packet, s *Sighting)) *Tracker {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		t.Skipf("%s cannot be opened: %v", path, err)
	}
	defer rd.Close()
	tr := NewTracker(0)
	var rec trace.Record
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	for {
		err := rd.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Logf("%s: %v", path, err)
			break
		}
		if rec.Kind != trace.Packet {
			continue
		}
		d.Decode(&rec, &p)
		tr.Add(&p, &s)
		visit(&p, &s)
	}
	tr.End()
	return tr
}

// fieldsOf prints the derived fields of a sighting as tshark prints them.
func fieldsOf(s *Sighting, p *packet.Packet) map[string]string {
	m := map[string]string{"tcp.stream": "", "udp.stream": ""}
	for _, st := range s.Streams[:s.NStreams] {
		name := st.Proto.String() + ".stream"
		if m[name] != "" {
			m[name] += ";"
		}
		m[name] += fmt.Sprint(st.Number)
	}
	for _, n := range []string{"tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size"} {
		m[n] = ""
	}
	if s.TCP {
		m["tcp.seq"], m["tcp.ack"] = fmt.Sprint(s.RelSeq), fmt.Sprint(s.RelAck)
		m["tcp.len"], m["tcp.window_size"] = fmt.Sprint(p.PayloadLen), fmt.Sprint(s.Window)
	}
	return m
}

func TestFieldsAgreeWithTshark(t *testing.T) {
	requireCaptures(t)
	for _, group := range []string{"formats", "link", "tso", "tcp", "app", "smb2", "tls"} {
		dirs, _ := filepath.Glob(filepath.Join(captures, "expected", group, "*"))
		for _, dir := range dirs {
			name := filepath.Base(dir)
			if _, err := os.Stat(filepath.Join(dir, "frames.tsv.gz")); err != nil {
				continue
			}
			t.Run(group+"/"+name, func(t *testing.T) { compareFields(t, filepath.Join(captures, group, name), dir) })
		}
	}
}

// accepted are the captures that differ from tshark 4.0.17 on purpose.
var accepted = map[string]string{
	"ms_RMSOD_Example2.cap":                    "an IPv6 payload length of 0 from segmentation offload: the segment is read, tshark's preference for it is off",
	"ms_WMOD_Example4.cap":                     "an IPv6 payload length of 0 from segmentation offload: the segment is read, tshark's preference for it is off",
	"tcpdump_bigtcp-ipv6.pcap":                 "an IPv6 payload length of 0 from segmentation offload: the segment is read, tshark's preference for it is off",
	"zeek_nfs_write.pcap":                      "tshark's RPC dissector widens a conversation to any port, so two pairs share a number",
	"gopacket_linux_sll_oversized_addr.pcapng": "the TCP header says it is longer than the datagram: its numbers are not used",
}

func compareFields(t *testing.T, path, dir string) {
	got := map[string]map[string]string{}
	walk(t, path, func(p *packet.Packet, s *Sighting) {
		got[fmt.Sprint(p.Record.Pos.Number)] = fieldsOf(s, p)
	})
	wrong, frames := 0, 0
	readTable(t, filepath.Join(dir, "frames.tsv.gz"), func(want map[string]string) {
		frames++
		n := want["frame.number"]
		g, ok := got[n]
		if !ok {
			if want["tcp.stream"]+want["udp.stream"] == "" {
				return
			}
			g = map[string]string{}
		}
		quotes := strings.Contains(want["frame.protocols"], "icmp")
		for _, f := range []string{"tcp.stream", "udp.stream", "tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size"} {
			if g[f] == want[f] || quotes && f != "tcp.stream" && f != "udp.stream" {
				continue
			}
			if wrong++; wrong <= 5 && accepted[filepath.Base(path)] == "" {
				t.Errorf("frame %s: %s is %q, tshark says %q (%s)", n, f, g[f], want[f], want["frame.protocols"])
			}
		}
	})
	if why := accepted[filepath.Base(path)]; why != "" {
		if wrong == 0 {
			t.Errorf("it agrees: the accepted difference (%s) is gone", why)
		}
		return
	}
	if wrong > 5 {
		t.Errorf("%d differences in %d frames", wrong, frames)
	}
}

// marks are the kinds of Wireshark's sequence analysis that a sighting has, by its names.
func marks(s *Sighting) map[string]bool {
	return map[string]bool{
		"retransmission": s.Retransmission, "out_of_order": s.OutOfOrder, "lost_segment": s.Gap, "duplicate_ack": s.DupAck,
		"zero_window": s.ZeroWindow, "zero_window_probe": s.WindowProbe, "keep_alive": s.KeepAlive,
	}
}

// kind is our mark for a flag of tshark: three kinds of retransmission are one here.
var kind = map[string]string{
	"retransmission": "retransmission", "fast_retransmission": "retransmission",
	"spurious_retransmission": "retransmission", "out_of_order": "out_of_order",
	"lost_segment": "lost_segment", "duplicate_ack": "duplicate_ack", "zero_window": "zero_window",
	"zero_window_probe": "zero_window_probe", "keep_alive": "keep_alive",
}

// allowed is how many frames of all captures may differ. Wireshark forgets
// segments once they are acknowledged, and calls their copies out of order when
// they come soon enough; a copy of what was captured is a retransmission here.
var allowed = map[string]int{"retransmission": 38, "out_of_order": 31}

// The marks are simpler than Wireshark's; over all captures they must agree on nearly every frame.
func TestMarksAgreeWithTshark(t *testing.T) {
	requireCaptures(t)
	type score struct{ both, ours, theirs int }
	total := map[string]*score{}
	for _, k := range kind {
		total[k] = &score{}
	}
	for _, group := range []string{"formats", "link", "tso", "tcp", "app", "smb2", "tls"} {
		files, _ := filepath.Glob(filepath.Join(captures, "expected", group, "*", "analysis.tsv.gz"))
		for _, file := range files {
			name := filepath.Base(filepath.Dir(file))
			if accepted[name] != "" {
				continue
			}
			want := map[string]map[string]bool{}
			readTable(t, file, func(row map[string]string) {
				m := map[string]bool{}
				for _, v := range row {
					for _, flag := range strings.Split(v, ",") {
						if k := kind[flag]; k != "" {
							m[k] = true
						}
					}
				}
				want[firstOf(row, "frame", "frame.number")] = m
			})
			walk(t, filepath.Join(captures, group, name), func(p *packet.Packet, s *Sighting) {
				n := fmt.Sprint(p.Record.Pos.Number)
				for k, ours := range marks(s) {
					sc := total[k]
					switch theirs := want[n][k]; {
					case ours && theirs:
						sc.both++
					case ours:
						sc.ours++
						t.Logf("%s/%s %s: only here: %s", group, name, n, k)
					case theirs:
						sc.theirs++
						t.Logf("%s/%s %s: only tshark: %s", group, name, n, k)
					}
				}
			})
		}
	}
	for k, sc := range total {
		t.Logf("%-18s both %5d, only here %4d, only tshark %4d", k, sc.both, sc.ours, sc.theirs)
		if sc.both == 0 || sc.ours+sc.theirs > allowed[k] {
			t.Errorf("%s: both %d, only here %d, only tshark %d", k, sc.both, sc.ours, sc.theirs)
		}
	}
}

func firstOf(row map[string]string, names ...string) string {
	for _, n := range names {
		if v, ok := row[n]; ok {
			return v
		}
	}
	return ""
}

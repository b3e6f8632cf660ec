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
	return walkSome(t, path, func(*packet.Packet) bool { return false }, visit)
}

// walkSome leaves packets out, and takes every other for one of its own, as tshark does.
func walkSome(t testing.TB, path string, skip func(*packet.Packet) bool, visit func(p *packet.Packet, s *Sighting)) *Tracker {
	t.Helper()
	tr := NewTracker(0)
	tr.KeepDuplicates()
	return follow(t, path, tr, skip, visit)
}

// follow feeds the packets of a capture but those to skip to a tracker.
func follow(t testing.TB, path string, tr *Tracker, skip func(*packet.Packet) bool, visit func(p *packet.Packet, s *Sighting)) *Tracker {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		t.Skipf("%s cannot be opened: %v", path, err)
	}
	defer rd.Close()
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
		if skip(&p) {
			continue
		}
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

func firstOf(row map[string]string, names ...string) string {
	for _, n := range names {
		if v, ok := row[n]; ok {
			return v
		}
	}
	return ""
}

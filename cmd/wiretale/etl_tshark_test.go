package main

import (
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// etlFields are compared frame by frame. tshark cannot open ETL files itself on
// any OS but Windows, so it reads the packets from a pcapng file made of them.
var etlFields = []string{
	"frame.len", "frame.cap_len", "frame.protocols", "eth.dst", "eth.src", "eth.type", "ip.src", "ip.dst", "ip.id", "ip.ttl", "ip.len", "ip.proto", "ip.checksum", "ip.dsfield.dscp",
	"ipv6.src", "ipv6.dst", "ipv6.plen", "ipv6.nxt", "ipv6.hlim", "arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4",
	"tcp.srcport", "tcp.dstport", "tcp.stream", "tcp.seq", "tcp.seq_raw", "tcp.ack", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.window_size", "tcp.checksum", "tcp.len", "tcp.hdr_len",
	"udp.srcport", "udp.dstport", "udp.stream", "udp.length", "udp.checksum", "icmp.type", "icmp.code", "icmp.checksum", "icmp.ident", "icmp.seq", "icmpv6.type", "icmpv6.code", "icmpv6.checksum", "igmp.type",
}

// pcapngOf writes the packets of a trace as pcapng: one interface a link type, nanoseconds.
func pcapngOf(t *testing.T, file string) (path string, numbers []int64) {
	t.Helper()
	run, err := engine.Open(context.Background(), []string{file}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	le := binary.LittleEndian
	block := func(kind uint32, body []byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		n := uint32(12 + len(body))
		b := append(le.AppendUint32(le.AppendUint32(nil, kind), n), body...)
		return le.AppendUint32(b, n)
	}
	head := block(0x0a0d0d0a, append(le.AppendUint32(le.AppendUint32(nil, 0x1a2b3c4d), 1), 255, 255, 255, 255, 255, 255, 255, 255))
	var links []trace.LinkType
	var packets []byte
	err = run.Each(func(row *engine.Row) error {
		if row.Packet == nil {
			return nil
		}
		rec := row.Record
		at := slices.Index(links, rec.Link)
		if at < 0 {
			at = len(links)
			links = append(links, rec.Link)
		}
		b := le.AppendUint32(nil, uint32(at))
		b = le.AppendUint32(le.AppendUint32(b, uint32(uint64(rec.Time)>>32)), uint32(rec.Time))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(rec.Data))), uint32(rec.WireLen))
		packets = append(packets, block(6, append(b, rec.Data...))...)
		numbers = append(numbers, rec.Pos.Number)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		head = append(head, block(1, append(le.AppendUint32(le.AppendUint32(nil, uint32(l)), 0), 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0))...)
	}
	path = filepath.Join(t.TempDir(), "packets.pcapng")
	if err := os.WriteFile(path, append(head, packets...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, numbers
}

// below is the part of a protocol list that this program follows: tshark goes on with what lies above the transport.
func below(list string) string {
	for _, top := range []string{"tcp", "udp", "icmpv6", "icmp", "igmp", "arp"} {
		if at := strings.Index(list+":", ":"+top+":"); at >= 0 {
			return list[:at+1+len(top)]
		}
	}
	return ""
}

// TestPacketsOfETLAreTsharks compares what is decoded of every packet of the real ETL files with tshark's reading of the same bytes.
func TestPacketsOfETLAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	files := map[string]int{"small-system-misc-ping.etl": 43, "pktmon-20348.etl": 114}
	for name, want := range files {
		file := filepath.Join(captures, "etl", name)
		if _, err := os.Stat(file); err != nil {
			t.Skip("../shared/captures is not here: no real ETL file to compare")
		}
		if n := compareETL(t, file); n != want {
			t.Errorf("%s: %d packets compared, want %d", name, n, want)
		}
	}
}

func compareETL(t *testing.T, file string) int {
	t.Helper()
	path, numbers := pcapngOf(t, file)
	args := []string{"-n", "-r", path, "-T", "fields", "-o", "tcp.analyze_sequence_numbers:TRUE"}
	ours := []string{"packets", "-q", "-T", "fields", "-e", "frame.number"}
	for _, f := range etlFields {
		args, ours = append(args, "-e", f), append(ours, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got, errs strings.Builder
	run(t.Context(), append(ours, file), strings.NewReader(""), &got, &errs)
	theirs := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	var mine []string
	for line := range strings.Lines(got.String()) {
		number, fields, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if len(mine) < len(numbers) && number == strconv.FormatInt(numbers[len(mine)], 10) {
			mine = append(mine, fields)
		}
	}
	if len(mine) != len(theirs) || len(mine) != len(numbers) {
		t.Fatalf("%s: %d packets, tshark reads %d: %s", file, len(mine), len(theirs), errs.String())
	}
	wrong := 0
	for i := range mine {
		a, b := strings.Split(mine[i], "\t"), strings.Split(theirs[i], "\t")
		for k, name := range etlFields {
			g, w := a[k], b[k]
			if name == "frame.protocols" {
				g, w = below(g), below(w)
			}
			if g != w {
				if wrong++; wrong <= 20 {
					t.Errorf("%s, record %d: %s is %q, tshark says %q", filepath.Base(file), numbers[i], name, g, w)
				}
			}
		}
	}
	return len(mine)
}

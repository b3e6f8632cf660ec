package flow

import (
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// tracked decodes and follows a capture, with lengths of 0 taken at their word or not.
func tracked(t *testing.T, path string, asSent bool, visit func(*packet.Packet, *Sighting)) *Tracker {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	tr, d := NewTracker(0), packet.Decoder{LengthAsSent: asSent}
	var rec trace.Record
	var p packet.Packet
	var s Sighting
	for {
		err := rd.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
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

// knownAnswers are tshark's figures of a capture as the index has them: with
// support for segmentation offload, and without.
func knownAnswers(text string) (with, without map[string]int) {
	text, _, _ = strings.Cut(text, "; peer answers")
	one, other, _ := strings.Cut(text, "; ip.tso_support FALSE:")
	read := func(s string) map[string]int {
		m := map[string]int{}
		for word := range strings.FieldsSeq(s) {
			if k, v, ok := strings.Cut(word, "="); ok {
				m[k], _ = strconv.Atoi(strings.TrimRight(v, ";"))
			}
		}
		return m
	}
	return read(one), read(other)
}

// indexed reads the rows of one group of the captures' index: file and known answers.
func indexed(t *testing.T, group string) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(captures, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, row := range rows {
		for _, cell := range row {
			if row[0] == group && strings.HasPrefix(cell, "tshark ") {
				out[row[1]] = cell
			}
		}
	}
	return out
}

// TestOffloadIsNoLoss: with the lengths of the frames no capture with
// segmentation offload has a lost segment; with the length of 0 at its word there are
// exactly those that tshark reports without its support for it.
func TestOffloadIsNoLoss(t *testing.T) {
	requireCaptures(t)
	verdicts := map[string]Analysis{
		"lost_segment": LostSegment, "ack_lost_segment": AckLostSegment, "retransmission": Resent, "keep_alive": KeepAlive, "window_update": WindowUpdate,
	}
	rows := indexed(t, "tso")
	if len(rows) < 10 {
		t.Fatalf("%d captures of the group tso in the index", len(rows))
	}
	lost := 0
	for file, text := range rows {
		with, without := knownAnswers(text)
		for asSent, want := range map[bool]map[string]int{false: with, true: without} {
			got := map[string]int{}
			tr := tracked(t, filepath.Join(captures, "tso", file), asSent, func(_ *packet.Packet, s *Sighting) {
				for name, v := range verdicts {
					if s.Analysis.Has(v) {
						got[name]++
					}
				}
			})
			streams := 0
			for c := range tr.All() {
				if c.Proto == proto.TCP {
					streams++
				}
			}
			for name := range verdicts {
				if got[name] != want[name] {
					t.Errorf("%s, as sent %v: %d times %s, tshark %d", file, asSent, got[name], name, want[name])
				}
			}
			if file != "tcpdump_bigtcp-ipv6.pcap" && streams != want["tcp.streams"] { // tshark reads no segment behind an IPv6 length of 0
				t.Errorf("%s, as sent %v: %d TCP conversations, tshark %d", file, asSent, streams, want["tcp.streams"])
			}
			if !asSent && got["lost_segment"]+got["ack_lost_segment"] > 0 {
				t.Errorf("%s: lost segments: %v", file, got)
			}
			lost += got["lost_segment"] + got["ack_lost_segment"]
		}
	}
	if lost == 0 {
		t.Error("no capture loses anything without support for offload: nothing was tested")
	}
}

// TestOffloadIsCounted holds bytes and segments of the captures with GSO and
// BIG TCP to what the sequence numbers and the sizes of the segments say.
func TestOffloadIsCounted(t *testing.T) {
	requireCaptures(t)
	files, _ := filepath.Glob(filepath.Join(captures, "lab", "offload", "*.pcap*"))
	files = append(files, filepath.Join(captures, "rebuilt", "post4_lso.pcapng"))
	if len(files) < 7 {
		t.Fatalf("%d captures", len(files))
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			segments := map[string]int64{} // by conversation and sender
			zero := int64(0)
			tr := tracked(t, path, false, func(p *packet.Packet, s *Sighting) {
				if s.Analysis.Has(LostSegment | AckLostSegment | Resent | OutOfOrder) {
					t.Errorf("frame %d: %s", p.Record.Pos.Number, s.Analysis)
				}
				if b := p.Record.Data; len(b) > 20 && binary.BigEndian.Uint16(b[12:]) == 0x0800 && b[16] == 0 && b[17] == 0 {
					zero++
				}
				if s.TCP {
					segments[fmt.Sprint(s.Conv.ID, p.Src)] += max(1, segmentsOf(p, s.Conv.TCP))
				}
			})
			flagged, oversized := int64(0), int64(0)
			for c := range tr.All() {
				for i := range c.Dir {
					d := &c.Dir[i]
					flagged, oversized = flagged+int64(d.LengthZero), oversized+int64(d.Oversized)
					if c.TCP == nil {
						continue
					}
					if want := segments[fmt.Sprint(c.ID, c.Ends[i].Addr())]; d.Segments() != want {
						t.Errorf("conversation %d, side %d: %d segments, want %d", c.ID, i, d.Segments(), want)
					}
					if want := sequenced(c.TCP, i); want >= 0 && d.Payload != want {
						t.Errorf("conversation %d, side %d: %d bytes, the sequence numbers say %d", c.ID, i, d.Payload, want)
					}
				}
			}
			if flagged != zero || strings.HasPrefix(name, "bigtcp4") && zero != 471 {
				t.Errorf("%d packets with a length of 0, the frames say %d", flagged, zero)
			}
			if clean := strings.HasPrefix(name, "nooffload"); clean != (oversized == 0) {
				t.Errorf("%d oversized packets", oversized)
			}
			t.Logf("%d with a length of 0, %d oversized", zero, oversized)
		})
	}
}

// segmentsOf is how many segments the payload fills, by the sizes that both SYNs told.
func segmentsOf(p *packet.Packet, t *TCP) int64 {
	size := min(t.Sides[0].MSS, t.Sides[1].MSS) - (p.TCP.Len - 20)
	if size <= 0 {
		return 1
	}
	return int64((p.PayloadLen + size - 1) / size)
}

// sequenced is how many bytes a side sent by its first and last number, -1 when the SYN was not captured.
func sequenced(t *TCP, side int) int64 {
	s := &t.Sides[side]
	if !s.ISNKnown {
		return -1
	}
	n := int64(s.NextSeq - s.ISN - 1)
	if s.FIN.Seen() {
		n--
	}
	return n
}

// TestPartialSumsAreToldApart: in captures of the sending host, whatever the
// length field says, every TCP frame above 1,514 bytes has the sum without the
// length, no other frame has it, and no checksum is wrong.
func TestPartialSumsAreToldApart(t *testing.T) {
	requireCaptures(t)
	folder := filepath.Join(captures, "netmon")
	if all27 := os.Getenv("WIRETALE_NETCAPS"); all27 != "" { // a folder with all of them
		folder = all27
	}
	files, _ := filepath.Glob(filepath.Join(folder, "MS-*.cap"))
	if len(files) == 0 {
		t.Fatal("no capture of Network Monitor")
	}
	var sums [6]int
	frames := 0
	for _, path := range files {
		tracked(t, path, false, func(p *packet.Packet, s *Sighting) {
			if p.Transport != proto.TCP {
				return
			}
			frames++
			sums[s.Checksum]++
			if lso := s.Checksum == packet.ChecksumPartialLSO; lso != (p.Record.WireLen > 1514) {
				t.Errorf("%s, frame %d: checksum %d in %d bytes", filepath.Base(path), p.Record.Pos.Number, s.Checksum, p.Record.WireLen)
			}
		})
	}
	if sums[packet.ChecksumBad]+sums[packet.ChecksumUnknown] > 0 || sums[packet.ChecksumPartialLSO] == 0 || sums[packet.ChecksumPartial] == 0 || sums[packet.ChecksumGood] == 0 {
		t.Errorf("checksums %v", sums)
	}
	t.Logf("%d files, %d TCP frames: %d good, %d partial, %d partial without the length", len(files), frames,
		sums[packet.ChecksumGood], sums[packet.ChecksumPartial], sums[packet.ChecksumPartialLSO])
}

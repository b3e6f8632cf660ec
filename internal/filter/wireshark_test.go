package filter_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures"

// A wireshark answers filters with Wireshark's own engine, many of them in one process.
type wireshark struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

type answer struct {
	frames []int64
	err    string // the filter is refused
}

func startWireshark(t *testing.T, file string) *wireshark {
	t.Helper()
	cmd := exec.Command("sharkd", "-")
	cmd.Env = append(os.Environ(), "TZ=UTC")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	w := &wireshark{in: in, out: bufio.NewScanner(out)}
	w.out.Buffer(nil, 64<<20)
	if a := w.call(t, "load", map[string]any{"file": file}, nil); a != "" {
		t.Fatal(a)
	}
	return w
}

// call returns Wireshark's message when it refuses.
func (w *wireshark) call(t *testing.T, method string, params map[string]any, result any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	for w.out.Scan() {
		line := w.out.Bytes()
		if len(line) == 0 || line[0] != '{' {
			continue
		}
		var reply struct {
			Result json.RawMessage
			Error  struct{ Message string }
		}
		if err := json.Unmarshal(line, &reply); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if reply.Error.Message == "" && result != nil {
			if err := json.Unmarshal(reply.Result, result); err != nil {
				t.Fatalf("%v: %s", err, reply.Result)
			}
		}
		return reply.Error.Message
	}
	t.Fatalf("sharkd ended: %v", w.out.Err())
	return ""
}

func (w *wireshark) ask(t *testing.T, text string) (a answer) {
	if a.err = w.call(t, "check", map[string]any{"filter": text}, nil); a.err != "" {
		return a
	}
	var rows []struct{ Num int64 }
	if a.err = w.call(t, "frames", map[string]any{"filter": text, "column0": "frame.number:1"}, &rows); a.err != "" {
		return a
	}
	for _, r := range rows {
		a.frames = append(a.frames, r.Num)
	}
	return a
}

// A capture is read once and asked many filters.
type capture struct {
	path string
	rows []session.Row
}

// load keeps every row of a file.
func load(t testing.TB, path string) *capture {
	t.Helper()
	c := &capture{path: path}
	err := each(path, func(row *session.Row) {
		r := *row
		if row.Packet == nil {
			return // captures for load have packets alone
		}
		rec, p, s := *row.Record, row.Packet.Clone(), *row.Sighting
		rec.Data = slices.Clone(rec.Data)
		p.Record = &rec
		r.Record, r.Packet, r.Sighting = &rec, p, &s
		c.rows = append(c.rows, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// each visits the frames of a file.
func each(path string, visit func(*session.Row)) error {
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		return err
	}
	defer rd.Close()
	var (
		r trace.Record
		d = packet.Decoder{Applications: true}
		p packet.Packet
		s flow.Sighting
	)
	tracker, streams := flow.NewTracker(0), stream.New(stream.NewChoice(stream.Rules{}), 0, nil)
	tracker.KeepDuplicates()
	for {
		if err := rd.Next(&r); err != nil {
			return nil // cut files end early
		}
		switch {
		case r.Kind == trace.Packet:
			d.Decode(&r, &p)
			tracker.Add(&p, &s)
			streams.Add(&p, &s)
			visit(&session.Row{Record: &r, Packet: &p, Sighting: &s})
		case r.Numbered: // a frame without a packet
			visit(&session.Row{Record: &r})
		}
	}
}

func (c *capture) ask(text string) (a answer) {
	f, err := filter.Compile(text, filter.Options{})
	if err != nil {
		return answer{err: err.Error()}
	}
	m := f.Matcher()
	for i := range c.rows {
		if m.Match(&c.rows[i]) {
			a.frames = append(a.frames, c.rows[i].Record.Pos.Number)
		}
	}
	return a
}

// A filterLine is a filter of testdata/filters.txt. Section says what is expected of it.
type filterLine struct{ section, text string }

func readFilters(t *testing.T) (lines []filterLine) {
	t.Helper()
	b, err := os.ReadFile("testdata/filters.txt")
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "== "):
			section = strings.TrimPrefix(line, "== ")
		case line != "":
			lines = append(lines, filterLine{section, line})
		}
	}
	return lines
}

// compared are captures that have a bit of everything.
var compared = []string{
	"app/ndpi_false_positives.pcapng", "formats/ws_dns+icmp.pcapng.gz", "link/zeek_erspan.pcap", "link/pcpp_ip6_fragments.pcap",
	"link/tcpdump_mpls-traceroute.pcap", "link/pcpp_sll.pcap", "app/zeek_smtp.pcap", "app/zeek_rdp-to-ssl.pcap", "tcp/zeek_timeout-with-pings.pcap",
}

func TestFiltersAreWiresharks(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: no captures to filter")
	}
	if _, err := exec.LookPath("sharkd"); err != nil {
		t.Skip("sharkd (package wireshark-common) is not installed: nothing to compare with")
	}
	lines := readFilters(t)
	same, matched := 0, map[string]bool{}
	for _, name := range compared {
		path := filepath.Join(captures, name)
		w, c := startWireshark(t, path), load(t, path)
		for _, line := range lines {
			want, got := w.ask(t, line.text), c.ask(line.text)
			if len(got.frames) > 0 && len(got.frames) < len(c.rows) {
				matched[line.text] = true
			}
			if diff := unexpected(line.section, want, got); diff != "" {
				t.Errorf("%s: %s: %s", name, line.text, diff)
				continue
			}
			same++
		}
	}
	t.Logf("%d filters on %d captures: %d answers as expected; %d filters select some frames of a capture but not all", len(lines), len(compared), same, len(matched))
}

// TestEngineIsTsharks: sharkd, which answers many filters, and tshark -Y, which people know, say the same.
func TestEngineIsTsharks(t *testing.T) {
	path := filepath.Join(captures, compared[0])
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/captures is not here: no captures to filter")
	}
	for _, tool := range []string{"sharkd", "tshark"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: nothing to compare with", tool)
		}
	}
	w, c := startWireshark(t, path), load(t, path)
	for _, text := range []string{"ip.addr#2 == 10.0.0.0/8", "udp.port in {2152} and frame.len > 100", "frame contains 00:00", "frame.time_delta > 0.5", "not tcp", "tcp.port == 65536", "frame matches \"(?-i)[A-Z]{4}\""} {
		cmd := exec.Command("tshark", "-r", path, "-Y", text, "-T", "fields", "-e", "frame.number")
		cmd.Env = append(os.Environ(), "TZ=UTC")
		out, err := cmd.Output()
		var frames []int64
		for word := range strings.FieldsSeq(string(out)) {
			n, bad := strconv.ParseInt(word, 10, 64)
			if bad != nil {
				t.Fatal(bad)
			}
			frames = append(frames, n)
		}
		engine, own := w.ask(t, text), c.ask(text)
		if (err != nil) != (engine.err != "") || !slices.Equal(frames, engine.frames) || !slices.Equal(frames, own.frames) {
			t.Errorf("%s: tshark %v %v, sharkd %v, wiretale %v", text, short(frames), err, short(engine.frames), short(own.frames))
		}
	}
}

// unexpected says what is not as the section has it.
func unexpected(section string, want, got answer) string {
	switch word, _, _ := strings.Cut(section, ":"); word {
	case "same":
		if (want.err != "") != (got.err != "") {
			return fmt.Sprintf("got error %q, Wireshark %q", got.err, want.err)
		}
		if !slices.Equal(want.frames, got.frames) {
			return fmt.Sprintf("got %d frames %v, Wireshark %d %v", len(got.frames), short(got.frames), len(want.frames), short(want.frames))
		}
	case "refused":
		if want.err == "" || got.err == "" {
			return fmt.Sprintf("got error %q, Wireshark %q; want two errors", got.err, want.err)
		}
	case "beyond":
		if want.err == "" || got.err != "" {
			return fmt.Sprintf("got error %q, Wireshark %q; want it taken here and refused there", got.err, want.err)
		}
	case "less":
		if want.err != "" || got.err == "" {
			return fmt.Sprintf("got error %q, Wireshark %q; want it refused here and taken there", got.err, want.err)
		}
	case "different":
		if want.err != "" || got.err != "" {
			return fmt.Sprintf("got error %q, Wireshark %q; want it taken by both", got.err, want.err)
		}
	default:
		return "unknown section " + section
	}
	return ""
}

func short(frames []int64) []int64 { return frames[:min(len(frames), 12)] }

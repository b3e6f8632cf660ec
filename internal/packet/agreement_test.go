package packet_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

const captures = "../../../shared/captures"

// compared are the fields held against tshark's; frame.protocols besides, up to the last layer that wiretale decodes.
var compared = strings.Fields(`ip.src ip.dst ipv6.src ipv6.dst ip.proto ipv6.nxt ip.id ip.ttl ip.len
	tcp.srcport tcp.dstport udp.srcport udp.dstport tcp.seq_raw tcp.len tcp.flags`)

// A difference from tshark that is wanted: the reason, and what it applies
// to. Each is listed in docs/compat-tshark.md, "Decoding", by the same id.
type difference struct {
	id    string
	holds func(p *packet.Packet, field, got, want string) bool
}

// accepted differences are rules on the packet, not on files. A rule that no
// frame of the captures needs fails the test.
var accepted = []difference{
	{"length-zero", func(p *packet.Packet, f, got, want string) bool {
		return p.Has(packet.LengthZero) && f == "ip.len" && slices.Contains(strings.Split(got, ";"), "0")
	}},
	{"length-zero-ipv6", func(p *packet.Packet, f, got, want string) bool {
		return p.Has(packet.LengthZero) && p.Src.Is6() && strings.HasPrefix(f, "tcp.") && want == ""
	}},
	{"cut-header", func(p *packet.Packet, f, got, want string) bool {
		return (p.Has(packet.Cut) || p.Has(packet.Malformed)) && strings.HasPrefix(got, want)
	}},
	{"recorder-header", func(p *packet.Packet, f, got, want string) bool {
		rest, ok := strings.CutPrefix(want, "netmon_header:")
		if !ok {
			rest, ok = strings.CutPrefix(want, "erf:")
		}
		return ok && f == "frame.protocols" && sameProtocols(got, rest)
	}},
	{"too-deep", func(p *packet.Packet, f, got, want string) bool {
		return p.Has(packet.TooDeep) && f == "frame.protocols" && strings.HasPrefix(want, got)
	}},
	{"type-aaaa", func(p *packet.Packet, f, got, want string) bool {
		return f == "frame.protocols" && want == "eth" && got == "eth:ethertype:data"
	}},
	{"version-6", func(p *packet.Packet, f, got, want string) bool {
		return f == "frame.protocols" && p.N > 2 && p.Layers[2].Proto == proto.IPv6 && strings.Replace(want, ":ip:ipv6", ":ipv6", 1) == got
	}},
	{"guessed-application", func(p *packet.Packet, f, got, want string) bool {
		return p.Transport == proto.UDP && f == "frame.protocols" && strings.TrimSuffix(got, "data")+"dns" == want && p.SrcPort != 53 && p.DstPort != 53
	}},
	{"quoted-cut", func(p *packet.Packet, f, got, want string) bool {
		return p.QuotedSrc.IsValid() && f == "tcp.seq_raw" && strings.HasPrefix(got, want)
	}},
}

func TestFieldsEqualTshark(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	used := map[string]int{}
	for _, group := range []string{"formats", "link", "tso", "tcp", "app", "smb2", "tls", "twosided", "bad"} {
		var total tally
		for _, expected := range glob(t, group) {
			name := filepath.Base(filepath.Dir(expected))
			path := filepath.Join(captures, group, name)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			one := agree(t, path, expected, used)
			total.add(one)
		}
		t.Logf("%-9s %d frames, %d fields compared, %d equal, %d accepted, %d different", group, total.frames, total.compared, total.equal, total.accepted, total.compared-total.equal-total.accepted)
	}
	for _, d := range accepted {
		t.Logf("accepted %-18s %d", d.id, used[d.id])
		if used[d.id] == 0 {
			t.Errorf("accepted difference %q is needed nowhere: remove it here and in docs/compat-tshark.md", d.id)
		}
	}
}

func glob(t *testing.T, group string) []string {
	files, err := filepath.Glob(filepath.Join(captures, "expected", group, "*", "frames.tsv.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("group %s: %d expected files, %v", group, len(files), err)
	}
	return files
}

type tally struct{ frames, compared, equal, accepted int }

func (a *tally) add(b tally) {
	a.frames += b.frames
	a.compared += b.compared
	a.equal += b.equal
	a.accepted += b.accepted
}

// agree compares one capture; a difference without a reason is an error.
func agree(t *testing.T, path, expected string, used map[string]int) (sum tally) {
	want := readExpected(t, expected)
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		return sum
	}
	defer rd.Close()
	var (
		r    trace.Record
		d    = packet.Decoder{Applications: true}
		p    packet.Packet
		said int
	)
	for {
		err := rd.Next(&r)
		if err != nil {
			if err != io.EOF && !errors.As(err, new(*trace.Error)) {
				t.Errorf("%s: %v", path, err)
			}
			return sum
		}
		if !r.Numbered || r.Kind != trace.Packet && r.Link != trace.LinkNetMonEvent {
			continue
		}
		row, ok := want[r.Pos.Number]
		if !ok {
			continue
		}
		d.Decode(&r, &p)
		sum.frames++
		for _, f := range append(compared, "frame.protocols") {
			sum.compared++
			got, exp := text(&p, f), row[f]
			if f == "frame.protocols" {
				if sameProtocols(got, exp) {
					sum.equal++
					continue
				}
			} else if got == exp {
				sum.equal++
				continue
			}
			if id := reason(&p, f, got, exp); id != "" {
				sum.accepted++
				used[id]++
				continue
			}
			if said++; said <= 5 {
				t.Errorf("%s frame %d %s: got %q, tshark has %q [%s]", filepath.Base(path), r.Pos.Number, f, got, exp, row["frame.protocols"])
			}
		}
	}
}

func reason(p *packet.Packet, f, got, want string) string {
	for _, d := range accepted {
		if d.holds(p, f, got, want) {
			return d.id
		}
	}
	return ""
}

// text is all occurrences of a field as tshark prints them, joined with ';'.
func text(p *packet.Packet, name string) string {
	var all []string
	p.Each(name, func(_ field.Span, v field.Value) bool {
		switch name {
		case "ip.id", "tcp.flags":
			all = append(all, fmt.Sprintf("0x%04x", v.U))
		default:
			all = append(all, v.String())
		}
		return true
	})
	return strings.Join(all, ";")
}

var (
	lastData = regexp.MustCompile(`(:|^)data$`)
	ours     = func() map[string]bool {
		m := map[string]bool{}
		for id := proto.None + 1; id < proto.Count; id++ {
			m[id.String()] = true
		}
		delete(m, "data")
		for _, s := range all.Streams() { // package stream finds them, and whoever looks at whole rows compares them
			delete(m, s.ID.String())
		}
		for _, id := range []proto.ID{proto.SMB, proto.SMB2, proto.DTLS} { // inside frames of those, or found by what was said before
			delete(m, id.String())
		}
		m[proto.DNS.String()] = true // over UDP it is found here
		return m
	}()
)

// sameProtocols is the rule for frame.protocols: without a last "data", our
// chain begins tshark's, and what tshark has beyond it is the application's:
// none of the layers that wiretale knows.
func sameProtocols(got, want string) bool {
	want = strings.ReplaceAll(want, "igmp:igmp", "igmp") // tshark names the version's dissector again
	got = lastData.ReplaceAllString(got, "")
	rest, ok := strings.CutPrefix(want, got)
	if !ok || rest != "" && rest[0] != ':' && got != "" {
		return false
	}
	for _, name := range strings.Split(rest, ":") {
		if ours[name] && !(name == proto.DNS.String() && strings.HasSuffix(got, ":tcp")) {
			return false
		}
	}
	return true
}

func readExpected(t *testing.T, path string) map[int64]map[string]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	var header []string
	rows := map[int64]map[string]string{}
	for s.Scan() {
		cells := strings.Split(s.Text(), "\t")
		if header == nil {
			header = cells
			continue
		}
		n, err := strconv.ParseInt(cells[0], 10, 64)
		if err != nil {
			continue
		}
		row := make(map[string]string, len(cells))
		for i, c := range cells {
			if i < len(header) {
				row[header[i]] = c
			}
		}
		rows[n] = row
	}
	return rows
}

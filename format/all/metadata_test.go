package all_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

// capinfos is what capinfos said of a capture: its own lines, and those of each interface.
type capinfos struct {
	file       map[string]string
	interfaces []map[string]string
}

func readCapinfos(t *testing.T, path string) (capinfos, bool) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var meta struct{ Capinfos string }
	if err := json.Unmarshal(b, &meta); err != nil {
		t.Fatal(err)
	}
	c := capinfos{file: map[string]string{}}
	to := c.file
	for line := range strings.Lines(meta.Capinfos) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Interface #") {
			to = map[string]string{}
			c.interfaces = append(c.interfaces, to)
			continue
		}
		name, value, ok := strings.Cut(line, " = ")
		if !ok {
			name, value, ok = strings.Cut(line, ":")
		}
		if ok && to[name] == "" {
			to[name] = strings.TrimSpace(value)
		}
	}
	return c, c.file["Number of packets"] != ""
}

// summary is what a reader says of the same.
type summary struct {
	packets     int64
	first, last int64
	info        *trace.Info
	comments    map[int64][]string
}

func summarise(t *testing.T, path string) (summary, bool) {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		return summary{}, false
	}
	defer rd.Close()
	s := summary{first: trace.NoTime, info: rd.Info(), comments: map[int64][]string{}}
	var rec trace.Record
	for rd.Next(&rec) == nil {
		if !rec.Numbered {
			continue
		}
		if rec.Meta != nil && len(rec.Meta.Comments) > 0 {
			s.comments[rec.Pos.Number] = slices.Clone(rec.Meta.Comments)
		}
		if rec.Kind != trace.Packet { // capinfos counts journal entries and custom blocks apart
			continue
		}
		s.packets++
		if rec.Time != trace.NoTime {
			if s.first == trace.NoTime || rec.Time < s.first {
				s.first = rec.Time
			}
			s.last = max(s.last, rec.Time)
		}
	}
	return s, true
}

// otherwise are captures of which capinfos says something else on purpose; each has its line in docs/compat-tshark.md, "Capture files".
var otherwise = map[string]string{
	"formats/pcpp_pcapng-example.pcapng":     "times",
	"formats/pcpp_pcapng-example.pcapng.zst": "times",
	"bad/ndpi_fuzz-2021-10-13.pcap":          "times",
	"bad/gopacket_le_test901.pcapng":         "all",
}

// TestSummariesEqualCapinfos compares counts, times, encapsulation and interfaces of every capture with what capinfos printed.
func TestSummariesEqualCapinfos(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures, "expected", "*", "*", "meta.json"))
	if err != nil || len(files) == 0 {
		t.Skip("../shared/captures is not here")
	}
	compared := 0
	for _, meta := range files {
		dir := filepath.Dir(meta)
		name := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
		want, ok := readCapinfos(t, meta)
		if _, err := os.Stat(filepath.Join(captures, name)); err != nil || !ok || otherwise[name] == "all" {
			continue
		}
		got, ok := summarise(t, filepath.Join(captures, name))
		if !ok {
			continue
		}
		compared++
		check := func(what string, have, expected any) {
			if have != expected {
				t.Errorf("%s: %s is %v, capinfos says %v", name, what, have, expected)
			}
		}
		check("number of packets", strconv.FormatInt(got.packets, 10), want.file["Number of packets"])
		if first := want.file["First packet time"]; first != "" && first != "n/a" && otherwise[name] == "" {
			check("first time", precise(got.first, first), first)
			check("last time", precise(got.last, want.file["Last packet time"]), want.file["Last packet time"])
		}
		compareInterfaces(check, &got, want)
	}
	t.Logf("%d captures compared", compared)
}

// precise prints a time as capinfos does, with as many decimals as the expected one has.
func precise(ns int64, like string) string {
	_, decimals, _ := strings.Cut(like, ".")
	layout := "2006-01-02 15:04:05"
	if len(decimals) > 0 {
		layout += "." + strings.Repeat("0", len(decimals))
	}
	return time.Unix(0, ns).UTC().Format(layout)
}

var encapsulation = regexp.MustCompile(`\(\d+ - ([^)]+)\)`)

func compareInterfaces(check func(what string, have, want any), got *summary, want capinfos) {
	in := got.info
	if !in.NamesInterfaces || want.file["Number of interfaces in file"] == "" {
		return
	}
	check("number of interfaces", strconv.Itoa(len(in.Interfaces)), want.file["Number of interfaces in file"])
	for i, w := range want.interfaces {
		if i >= len(in.Interfaces) || w["Number of packets"] == "" { // the end of a long list was not kept
			return
		}
		have := &in.Interfaces[i]
		at := func(field string) string { return fmt.Sprintf("interface %d: %s", i, field) }
		name, _, _ := strings.Cut(have.Name, "\n") // capinfos prints the whole, the line was read
		check(at("name"), strings.TrimSpace(name), w["Name"])
		check(at("description"), have.Description, w["Description"])
		check(at("system"), have.OS, w["Operating system"])
		check(at("filter"), have.Filter, w["Filter string"])
		check(at("snap length"), strconv.Itoa(have.SnapLen), w["Capture length"])
		if m := encapsulation.FindStringSubmatch(w["Encapsulation"]); m != nil {
			check(at("encapsulation"), have.Link.String(), m[1])
		}
		if w["Comment"] != "" && (len(have.Comments) == 0 || have.Comments[0] != w["Comment"]) {
			check(at("comment"), have.Comments, w["Comment"])
		}
		if last := in.Interfaces[len(in.Interfaces)-1]; last.Section == 0 { // capinfos counts by number, over all sections
			check(at("packets"), strconv.FormatInt(have.Packets, 10), w["Number of packets"])
		}
	}
}

// TestCommentsEqualTshark compares the comments of every frame of every capture.
func TestCommentsEqualTshark(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures, "expected", "*", "*", "comments.tsv.gz"))
	if err != nil || len(files) == 0 {
		t.Skip("../shared/captures is not here")
	}
	frames := 0
	for _, path := range files {
		dir := filepath.Dir(path)
		name := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
		if _, err := os.Stat(filepath.Join(captures, name)); err != nil {
			continue
		}
		got, ok := summarise(t, filepath.Join(captures, name))
		if !ok || got.info.Format != "pcapng" {
			continue // tshark has the comments of Network Monitor under other names
		}
		lines := strings.Split(strings.TrimRight(unzip(t, path), "\n"), "\n")
		for _, line := range lines {
			number, want, ok := strings.Cut(line, "\t")
			n, err := strconv.ParseInt(number, 10, 64)
			if !ok || err != nil {
				continue
			}
			frames++
			if have := escaped(strings.Join(got.comments[n], ",")); have != want {
				t.Errorf("%s frame %d: comment %q, tshark has %q", name, n, have, want)
			}
			delete(got.comments, n)
		}
		for n, c := range got.comments {
			t.Errorf("%s frame %d: comment %q, tshark has none", name, n, c)
		}
	}
	t.Logf("%d commented frames compared", frames)
	if frames == 0 {
		t.Error("no comment was compared")
	}
}

// escaped writes text as tshark -T fields does.
func escaped(s string) string {
	return strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
}

func unzip(t *testing.T, path string) string {
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
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

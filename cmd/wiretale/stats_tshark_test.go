package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
)

// sampleFiles are captures of every link and of TCP in all conditions.
func sampleFiles(t *testing.T, groups ...string) []string {
	t.Helper()
	need(t, "tshark")
	var files []string
	for _, group := range groups {
		found, err := filepath.Glob(filepath.Join(captures, group, "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, slices.DeleteFunc(found, isDirectory)...)
	}
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	return files
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// each calls a function with the files, for as many at a time as there are processors.
func each(files []string, do func(file string)) {
	queue := make(chan string)
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for file := range queue {
				do(file)
			}
		})
	}
	for _, file := range files {
		queue <- file
	}
	close(queue)
	done.Wait()
}

// byTshark is what tshark prints. It fails on files that are cut, after what could be read.
func byTshark(args ...string) string {
	cmd := exec.Command("tshark", append([]string{"-n"}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, _ := cmd.Output()
	return string(out)
}

// wiretale is what this program prints, with every record a packet of its own, as for tshark.
func wiretale(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), append([]string{"--keep-duplicates"}, args...), strings.NewReader(""), &out, &errs); code == exitUnusable {
		t.Errorf("%v: %s", args, errs.String())
	}
	return out.String()
}

// eachObject calls each with the objects of a JSON Lines output.
func eachObject(t *testing.T, text string, each func(map[string]any)) {
	t.Helper()
	for line := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("%v in %s", err, line)
			return
		}
		each(o)
	}
}

// sameCounts compares two sets of lines, each with how often it occurs.
func sameCounts(t *testing.T, what string, got, want map[string]int) (compared int) {
	t.Helper()
	said := 0
	tell := func(format string, args ...any) {
		if said++; said <= 5 {
			t.Errorf(what+": "+format, args...)
		}
	}
	for line, n := range want {
		compared += n
		if got[line] != n {
			tell("%d times %q, tshark has it %d times", got[line], line, n)
		}
	}
	for line, n := range got {
		if want[line] == 0 {
			tell("%d times %q, which tshark has not", n, line)
		}
	}
	return compared
}

var (
	pairLine     = regexp.MustCompile(`^(\S+) +<-> (\S+) +(\d+) (\d+ \w+) +(\d+) (\d+ \w+) +(\d+) (\d+ \w+) +(-?\d+\.\d+) +(-?\d+\.\d+)$`)
	endpointLine = regexp.MustCompile(`^(\S+) +(?:(\d+) +)?(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) *$`)
)

// sizeText is a number of bytes as tshark 4.0 prints it in conversations.
func sizeText(n int64) string {
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if n < 10_000 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n /= 1000
	}
	return "?"
}

func volumeOf(o map[string]any) (packets, bytes int64) {
	return int64(o["packets"].(float64)), int64(o["bytes"].(float64))
}

var (
	protocolLine = regexp.MustCompile(`^( *)(\S+) +frames:(\d+) bytes:(\d+)$`)
	remarkLine   = regexp.MustCompile(`^ +(\d+) +Sequence +TCP +(.*)$`)
)

// theirStatistics are the lines of tshark's output that can be compared, by kind.
func theirStatistics(text string) map[string]map[string]int {
	lines := map[string]map[string]int{"protocol": {}, "remark": {}}
	kind := ""
	var path []string
	hierarchy := hierarchy{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		for level, title := range levelTitles {
			switch line {
			case title + " Conversations":
				kind = "pair " + string(level)
				lines[kind] = map[string]int{}
			case title + " Endpoints":
				kind = "endpoint " + string(level)
				lines[kind] = map[string]int{}
			}
		}
		if m := pairLine.FindStringSubmatch(line); m != nil {
			start, _ := strconv.ParseFloat(m[9], 64) // whose last digits tshark rounds
			lines[kind][fmt.Sprintf("%s %.6f", strings.Join(m[1:9], " "), start)]++
		} else if m := endpointLine.FindStringSubmatch(line); m != nil {
			lines[kind][strings.Join(m[1:], " ")]++
		} else if m := protocolLine.FindStringSubmatch(line); m != nil {
			path = append(path[:len(m[1])/2], m[2])
			packets, _ := strconv.Atoi(m[3])
			bytes, _ := strconv.Atoi(m[4])
			hierarchy.add(path, packets, bytes)
		} else if m := remarkLine.FindStringSubmatch(line); m != nil {
			lines["remark"][m[2]+" "+m[1]]++
		}
	}
	for path, sum := range hierarchy {
		lines["protocol"][fmt.Sprintf("%s %d %d", path, sum[0], sum[1])]++
	}
	return lines
}

// A hierarchy has the packets and bytes of each path that is known.
type hierarchy map[string][2]int

// segments is where tshark lists the segments that a message was put together from, between what the last one was before and after that.
const segments = "tcp.segments"

// add counts a line of the hierarchy. What lies under segments is of the protocol above them.
func (h hierarchy) add(path []string, packets, bytes int) {
	if path[len(path)-1] == segments {
		return
	}
	name := strings.Join(slices.DeleteFunc(slices.Clone(path), func(p string) bool { return p == segments }), ":")
	if knownPath(name) {
		h[name] = [2]int{h[name][0] + packets, h[name][1] + bytes}
	}
}

var knownProtocols = func() map[string]bool {
	known := map[string]bool{}
	for id := proto.None + 1; id < proto.Count; id++ {
		known[id.String()] = id != proto.Data && id != proto.Malformed
	}
	return known
}()

// knownPath reports whether all protocols of a path are decoded.
func knownPath(path string) bool {
	for name := range strings.SplitSeq(path, ":") {
		if !knownProtocols[name] {
			return false
		}
	}
	return true
}

// ourStatistics are the same lines from the objects of wiretale.
func ourStatistics(t *testing.T, text string) map[string]map[string]int {
	lines := map[string]map[string]int{"protocol": {}, "remark": {}}
	for _, level := range levelNames() {
		lines["pair "+level], lines["endpoint "+level] = map[string]int{}, map[string]int{}
	}
	eachObject(t, text, func(o map[string]any) {
		switch o["kind"] {
		case "pair":
			ap, ab := volumeOf(o["a_to_b"].(map[string]any))
			bp, bb := volumeOf(o["b_to_a"].(map[string]any))
			ends := strings.NewReplacer("[", "", "]", "").Replace(fmt.Sprint(o["a"], " ", o["b"]))
			lines[fmt.Sprint("pair ", o["type"])][fmt.Sprintf("%s %d %s %d %s %d %s %.6f", ends, bp, sizeText(bb), ap, sizeText(ab), ap+bp, sizeText(ab+bb), o["start_ns"].(float64)/1e9)]++
		case "endpoint":
			sp, sb := volumeOf(o["sent"].(map[string]any))
			rp, rb := volumeOf(o["received"].(map[string]any))
			address, port := o["address"].(string), ""
			if o["type"] == "tcp" || o["type"] == "udp" {
				i := strings.LastIndexByte(address, ':')
				address, port = strings.Trim(address[:i], "[]"), address[i+1:]
			}
			lines[fmt.Sprint("endpoint ", o["type"])][fmt.Sprintf("%s %s %d %d %d %d %d %d", address, port, sp+rp, sb+rb, sp, sb, rp, rb)]++
		case "protocol":
			if packets, bytes := volumeOf(o); knownPath(o["path"].(string)) {
				lines["protocol"][fmt.Sprintf("%s %d %d", o["path"], packets, bytes)]++
			}
		case "remark":
			if o["group"] == "Sequence" {
				lines["remark"][fmt.Sprintf("%s %.0f", o["summary"], o["count"])]++
			}
		}
	})
	return lines
}

// leftOut are captures with packets that tshark leaves out of its statistics, and why.
var leftOut = map[string]string{
	"suri_tcp-empty-sack.pcap":     "segments with options that tshark calls malformed",
	"tcptrace_bad_ack_code.dmp.gz": "segments with options that tshark calls malformed",
	"zeek_truncated-header.pcap":   "segments whose header was cut",
	"pcpp_ip6_fragments.pcap":      "fragments over IPv6 that do not complete a datagram",
}

// TestStatisticsAreTsharks compares conversations and endpoints of every
// level (ends, frames and bytes each way, start), the protocol hierarchy and
// the remarks on TCP with tshark's, all by the same -z.
func TestStatisticsAreTsharks(t *testing.T) {
	t.Parallel()
	args := []string{"-q", "-z", "io,phs", "-z", "expert"}
	for _, level := range levelNames() {
		args = append(args, "-z", "conv,"+level, "-z", "endpoints,"+level)
	}
	compared, used := map[string]int{}, make([]bool, len(applicationsDiffer))
	var mu sync.Mutex
	each(sampleFiles(t, "tcp", "link"), func(file string) {
		if leftOut[filepath.Base(file)] != "" {
			return
		}
		args := slices.Concat(args, []string{"-r", file})
		want, got := theirStatistics(byTshark(args...)), ourStatistics(t, wiretale(t, append(args, "-T", "jsonl")...))
		mu.Lock()
		defer mu.Unlock()
		if !maps.Equal(got["protocol"], want["protocol"]) {
			withoutKnown(filepath.Base(file), got["protocol"], used)
			withoutKnown(filepath.Base(file), want["protocol"], used)
		}
		for line := range want["remark"] { // those of protocols above, and of verdicts that the analysis has not
			if got["remark"][line] == 0 && !strings.HasPrefix(line, "Connection") {
				delete(want["remark"], line)
			}
		}
		for kind := range got {
			compared[kind] += sameCounts(t, filepath.Base(file)+", "+kind, got[kind], want[kind])
		}
	})
	for i, d := range applicationsDiffer {
		if !used[i] {
			t.Errorf("%s: %s does not differ", d.file, d.path)
		}
	}
	t.Log("compared: ", compared)
	for kind, least := range map[string]int{"pair tcp": 100, "pair udp": 50, "pair ip": 100, "endpoint tcp": 100, "protocol": 200, "remark": 50} {
		if compared[kind] < least {
			t.Errorf("only %d lines of %s compared: the captures or the pattern changed", compared[kind], kind)
		}
	}
}

// applicationsDiffer are lines of the hierarchy that differ, with the reason; those of docs/compat-tshark.md, "Streams".
var applicationsDiffer = []struct{ file, path, why string }{
	{"ndpi_tls_multiple_synack_different_seq.pcapng", "eth:ip:tcp:tls", "resent: the server's bytes come for the first time, and tshark takes them for sent again (frames 6, 7, 10)"},
	{"zeek_qi_internet_SYNACK_curl_jsonip.pcap", "eth:ip:tcp:http", "resent: most bytes of frame 9 come for the first time"},
	{"zeek_reassembly.pcap", "eth:ip:tcp:http", "resent: bytes missing before frame 110"},
	{"ws_http-ooo.pcap", "ip:tcp:http", "resent: segments out of order fill their place (frames 4, 7, 10)"},
	{"arkime_wireshark-retrans.pcap", "eth:ip:tcp:http", "again: messages of fast retransmissions are shown once (frames 42, 86)"},
	{"ndpi_reasm_segv_anon.pcapng", "eth:ip:udp:gtp:ip:tcp:http", "no message yet: all segments are the middle of a body"},
	{"suri_tcp-urgp-01-oob.pcap", "eth:ip:tcp:http", "no message yet: urgent data splits the method (frame 8)"},
	{"tcptrace_http.dmp.gz", "eth:ip:tcp:http:http", "behind: bytes behind a message without a body (frame 692)"},
	{"zeek_payload-syn.pcap", "raw:ip:tcp:http:http", "behind: bytes behind a message without a body (frame 1)"},
	{"ws_grpc_stream_reassembly_sample.pcapng.gz", "sll:ip:tcp:http2", "any port: HTTP/2 is found by its preface"},
	{"ws_grpc_stream_reassembly_sample.pcapng.gz", "sll:ip:tcp:http2:http2", "any port: HTTP/2 is found by its preface"},
	{"ws_grpc_stream_reassembly_sample.pcapng.gz", "eth:ip:tcp:http2", "any port: HTTP/2 is found by its preface"},
	{"ws_grpc_stream_reassembly_sample.pcapng.gz", "eth:ip:tcp:http2:http2", "any port: HTTP/2 is found by its preface"},
}

// withoutKnown takes the lines of the hierarchy out that are known to differ in a capture, and marks these as used.
func withoutKnown(file string, lines map[string]int, used []bool) {
	for i, d := range applicationsDiffer {
		if d.file != file {
			continue
		}
		maps.DeleteFunc(lines, func(line string, _ int) bool {
			hit := strings.HasPrefix(line, d.path+" ")
			used[i] = used[i] || hit
			return hit
		})
	}
}

// TestIntervalsAreTsharks compares intervals, for several filters at once, of a third of the captures; of all of them with WIRETALE_ALL=1.
func TestIntervalsAreTsharks(t *testing.T) {
	t.Parallel()
	filters := []string{"tcp", "", "udp or arp", "ip.ttl > 64"}
	row := regexp.MustCompile(`^\| *[\d.]+ <> *[\d.Dur]+ *\|(.*)\|$`)
	compared := 0
	for _, file := range shortOnes(t, sampled(sampleFiles(t, "app"))) {
		for _, interval := range []string{"1", "0"} {
			var want, got []string
			for l := range strings.Lines(byTshark("-q", "-r", file, "-z", "io,stat,"+interval+","+strings.Join(filters, ","))) {
				if m := row.FindStringSubmatch(strings.TrimRight(l, "\n")); m != nil {
					want = append(want, strings.Join(strings.Fields(strings.ReplaceAll(m[1], "|", " ")), " "))
				}
			}
			if len(want) == 0 { // a capture without a duration has no intervals there
				continue
			}
			args := []string{"stats", "io", "-q", "-i", interval, "-T", "jsonl"}
			for _, f := range filters {
				args = append(args, "--filter", f)
			}
			var cells []string
			eachObject(t, wiretale(t, append(args, file)...), func(o map[string]any) {
				packets, bytes := volumeOf(o)
				if cells = append(cells, fmt.Sprintf("%d %d", packets, bytes)); len(cells) == len(filters) {
					got, cells = append(got, strings.Join(cells, " ")), nil
				}
			})
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s, %s s: %d rows, tshark has %d; first difference %s", filepath.Base(file), interval, len(got), len(want), firstDifference(got, want))
			}
			compared += len(want)
		}
	}
	t.Logf("%d intervals compared", compared)
	if compared < 100 {
		t.Errorf("only %d intervals compared: the captures or the pattern changed", compared)
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("row %d: %q, tshark has %q", i, got[i], want[i])
		}
	}
	return "at the end"
}

// shortOnes are the captures of an hour at most: tshark takes long for many intervals.
func shortOnes(t *testing.T, files []string) []string {
	t.Helper()
	var short []string
	for _, file := range files {
		c, err := engine.Analyse(t.Context(), []string{file}, engine.Options{})
		if err == nil && c.Sources[0].Last-c.Sources[0].First < 3600e9 {
			short = append(short, file)
		}
	}
	return short
}

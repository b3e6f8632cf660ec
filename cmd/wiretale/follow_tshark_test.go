package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A followed conversation of tshark's -z follow,PROTOCOL,raw: chunks with their side.
type followedChunks struct {
	node0 string
	lines []string
}

// followedIn takes the output of -z follow apart, by filter.
func followedIn(out string) map[string]followedChunks {
	all := map[string]followedChunks{}
	const rule = "==================================================================="
	for _, s := range strings.Split(out, "\n"+rule+"\nFollow: ")[1:] {
		body, _, _ := strings.Cut(s, rule)
		lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
		if len(lines) < 4 {
			continue
		}
		all[strings.TrimPrefix(lines[1], "Filter: ")] = followedChunks{strings.TrimPrefix(lines[2], "Node 0: "), lines[4:]}
	}
	return all
}

// sides are the bytes of each side.
func (f *followedChunks) sides() (b [2][]byte) {
	for _, l := range f.lines {
		dir := 0
		if strings.HasPrefix(l, "\t") {
			dir = 1
		}
		part, _ := hex.DecodeString(strings.TrimSpace(l))
		b[dir] = append(b[dir], part...)
	}
	return b
}

// followDifferences are why what is followed may differ from tshark's; docs/compat-tshark.md has the reasons, "Follow".
var followDifferences = []struct{ file, filter, why string }{
	{"ws_http2_follow_multistream.pcapng", "tcp.stream eq 0", "tshark hands on 96 of the 130 records that it decrypts"},
	{"pcpp_unidirectional_missing.pcap", "tcp.stream eq 0", "unacknowledged"},
	{"tcptrace_bad_tcp_checksum.dmp.gz", "tcp.stream eq 0", "unacknowledged"},
	{"tcptrace_urgent.dmp.gz", "tcp.stream eq 0", "cut"},
	{"tcptrace_bad_ack_code.dmp.gz", "tcp.stream eq 0", "node 0"},
	{"ws_tls-over-tls.pcapng.gz", "", "tshark prints records of the only conversation for each number that there is not"},
}

// TestFollowIsTsharks compares what is followed with tshark's, chunk by chunk, of TCP, UDP and what TLS carries.
func TestFollowIsTsharks(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	table, err := os.ReadFile(filepath.Join(captures, "KEYS.tsv"))
	if err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	keys := map[string]string{}
	for _, line := range strings.Split(string(table), "\n") {
		if words := strings.Split(line, "\t"); len(words) > 1 {
			keys[filepath.Base(words[1])] = filepath.Join(captures, words[0])
		}
	}
	compared := 0
	for _, group := range []struct{ protocol, pattern string }{
		{"tls", "tls/*"}, {"tcp", "tcp/*"}, {"tcp", "app/zeek_[a-k]*"}, {"udp", "app/*dns*"},
	} {
		files, _ := filepath.Glob(filepath.Join(captures, group.pattern))
		for i, file := range files {
			if st, err := os.Stat(file); err != nil || st.IsDir() || i%3 != 0 && os.Getenv("WIRETALE_ALL") == "" {
				continue
			}
			compared += compareFollow(t, tshark, file, group.protocol, keys[filepath.Base(file)])
		}
	}
	if compared < 20 {
		t.Errorf("%d conversations were compared", compared)
	}
}

// mostFollowed bounds the conversations of a file that are compared.
const mostFollowed = 12

func compareFollow(t *testing.T, tshark, file, protocol, keys string) (compared int) {
	var theirs, ours []string
	if keys != "" {
		ours = append(ours, "--keys", keys)
		if b, _ := os.ReadFile(keys); bytes.Contains(b, []byte("_RANDOM ")) || bytes.Contains(b, []byte("TRAFFIC_SECRET")) {
			theirs = append(theirs, "-o", "tls.keylog_file:"+keys)
		} else {
			theirs = append(theirs, "-o", `uat:rsa_keys:"`+keys+`",""`)
		}
	}
	var taps []string
	for n := range mostFollowed {
		taps = append(taps, "-z", "follow,"+protocol+",raw,"+strconv.Itoa(n))
	}
	out, err := exec.Command(tshark, append(append([]string{"-n", "-q", "-r", file}, theirs...), taps...)...).Output()
	if err != nil && len(out) == 0 {
		return 0
	}
	var got strings.Builder
	args := append(append([]string{"-q", "--keep-duplicates", "-r", file}, ours...), taps...)
	if code := run(t.Context(), args, nil, &got, io.Discard); code != exitOK && code != exitDamaged {
		t.Errorf("%s: exit code %d", file, code)
		return 0
	}
	mine := followedIn(got.String())
	for filter, want := range followedIn(string(out)) {
		if want.node0 == ":0" {
			continue
		}
		compared++
		have := mine[filter]
		if fmt.Sprint(have) == fmt.Sprint(want) {
			continue
		}
		name := filepath.Base(file)
		if accepted(name, filter) {
			continue
		}
		if a, b := have.sides(), want.sides(); have.node0 == want.node0 && bytes.Equal(a[0], b[0]) && bytes.Equal(a[1], b[1]) { // segments that overlap, cut elsewhere
			continue
		}
		if len(want.lines) == 0 && len(have.lines) == 0 {
			continue
		}
		t.Errorf("%s, %s, %s: %d chunks from %s, tshark has %d from %s", name, protocol, filter, len(have.lines), have.node0, len(want.lines), want.node0)
	}
	return compared
}

func accepted(file, filter string) bool {
	for _, d := range followDifferences {
		if d.file == file && (d.filter == filter || d.filter == "" && filter != "tcp.stream eq 0") {
			return true
		}
	}
	return false
}

// TestFollowPeers: the answers of Wireshark's own tests for -z follow,tls.
func TestFollowPeers(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(captures, "PEER_ANSWERS_wireshark.tsv"))
	if err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	tap := regexp.MustCompile(`-z (follow,tls,\S+)`)
	option := regexp.MustCompile(`-o tls\.(keylog_file|psk):(\S+)`)
	asked := 0
	for _, line := range strings.Split(string(table), "\n") {
		words := strings.Split(line, "\t")
		if len(words) < 3 || !tap.MatchString(words[1]) {
			continue
		}
		contains, ok := strings.CutPrefix(strings.ReplaceAll(strings.Trim(words[2], `"`), `""`, `"`), "contains ")
		key := option.FindStringSubmatch(words[1])
		if !ok || key == nil {
			continue
		}
		path := filepath.Join(captures, key[2])
		if key[1] == "psk" {
			path = filepath.Join(t.TempDir(), "psk")
			if err := os.WriteFile(path, []byte("TLS_PSK "+key[2]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		run(t.Context(), []string{"-q", "--keys", path, "-z", tap.FindStringSubmatch(words[1])[1], "-r", filepath.Join(captures, words[0])}, nil, &out, io.Discard)
		if want := strings.Trim(contains, `"`); !strings.Contains(out.String(), want) {
			t.Errorf("%s %s: %d bytes without %q", words[0], words[1], out.Len(), want)
		}
		asked++
	}
	if asked < 8 {
		t.Errorf("%d answers were asked for", asked)
	}
}

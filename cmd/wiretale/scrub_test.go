package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

// scrubbedOtherwise are captures whose analysis is another one when they are scrubbed, and why.
var scrubbedOtherwise = map[string]string{
	"tls/zeek_client-certificate.pcap": "messages with certificates become zeros, and tls.slow needs to know that one was asked for",
}

// TestScrubKeepsTheAnalysis: findings, conversations and what became of them are those of the original.
func TestScrubKeepsTheAnalysis(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	key := filepath.Join(t.TempDir(), "key") // the same at every run
	if err := os.WriteFile(key, []byte("thirty-two bytes that are a key!"), 0o600); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, pattern := range []string{"app/*", "tcp/*", "tso/*", "smb2/*", "tls/*", "rebuilt/*", "lab/*/*.pcap*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name, _ := filepath.Rel(root, path)
			if st, err := os.Stat(path); err != nil || st.IsDir() || st.Size() > 400<<10 || scrubbedOtherwise[name] != "" || strings.HasSuffix(name, ".tsv") {
				continue
			}
			out := filepath.Join(t.TempDir(), "out.pcapng")
			var errs strings.Builder
			if code := run(t.Context(), []string{"scrub", "-q", "--key-file", key, path, "-w", out}, strings.NewReader(""), &errs, &errs); code != exitOK && code != exitDamaged {
				t.Errorf("%s: exit code %d: %s", name, code, errs.String())
				continue
			}
			want, got := outline(t, path), outline(t, out)
			if !slices.Equal(want, got) {
				t.Errorf("%s: the analysis of the scrubbed file is another one\n%s", name, strings.Join(onlyIn(want, got), "\n"))
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("%d captures compared", compared)
	}
}

// outline is what the report says without addresses and names.
func outline(t *testing.T, path string) (lines []string) {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"-T", "jsonl", path}, strings.NewReader(""), &out, &errs); code != exitOK && code != exitDamaged {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		switch row["kind"] {
		case "finding":
			lines = append(lines, fmt.Sprint("finding ", row["rule"], row["severity"], row["count"]))
		case "conversation":
			a, _ := row["a"].(map[string]any)
			b, _ := row["b"].(map[string]any)
			lines = append(lines, fmt.Sprint("conversation ", row["transport"], row["packets"], row["bytes"], row["end"], a["packets"], b["packets"], a["retransmissions"], b["retransmissions"], a["gaps"], b["gaps"]))
		}
	}
	slices.Sort(lines)
	return lines
}

// onlyIn are the lines that one of two lists lacks.
func onlyIn(want, got []string) (lines []string) {
	for _, l := range want {
		if !slices.Contains(got, l) {
			lines = append(lines, "        missing: "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			lines = append(lines, "        too much: "+l)
		}
	}
	return lines
}

// plainWords are words of at least six letters that may stay in a scrubbed capture: terms of protocols.
var plainWords = map[string]bool{}

func init() {
	for _, w := range strings.Fields(`servername instancename isclustered version connection content length transfer encoding accept language cookie referer origin authorization
		authenticate server expires location control pragma modified forwarded powered chunked keep alive close upgrade expect ranges range retry after user agent
		options delete connect propfind update notify subscribe msearch encoded json html text plain javascript octet stream image application website expire
		multipart form data urlencoded font xml soap gzip deflate identity bytes proxy localhost localdomain isatap tcpfast websocket insecure requests
		rpc_in_data rpc_out_data continue timeout services
		starttls pipelining chunking enhancedstatuscodes smtputf8 resp codes capability authenticate select examine envelope internaldate bodystructure
		expunge exists search uidnext uidvalidity permanentflags answered flagged deleted unseen messages recent status append logout subject received sender
		message return version references header fields disposition bitmime`) {
		plainWords[w] = true
	}
}

// TestScrubLeavesNoText: no word of a packet is in its place afterwards, unless it is a term of a protocol, and no address is anywhere.
func TestScrubLeavesNoText(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("a key of 16 bytes or more"), 0o600); err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`(^|[^A-Za-z_])[A-Za-z]{6,}`)
	seen := 0
	for _, pattern := range []string{"app/*", "tcp/*", "tso/*", "smb2/*", "tls/*", "link/*", "formats/*", "lab/*/*.pcap*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			name, _ := filepath.Rel(root, path)
			if st, err := os.Stat(path); err != nil || st.IsDir() || st.Size() > 400<<10 {
				continue
			}
			out := filepath.Join(t.TempDir(), "out.pcapng")
			var errs strings.Builder
			if code := run(t.Context(), []string{"scrub", "-q", "--key-file", key, path, "-w", out}, strings.NewReader(""), &errs, &errs); code != exitOK && code != exitDamaged {
				if !strings.Contains(errs.String(), "the list of frames is at the end") {
					t.Errorf("%s: exit code %d: %s", name, code, errs.String())
				}
				continue
			}
			was, is := packetsOf(t, path), packetsOf(t, out)
			if len(was) != len(is) {
				t.Errorf("%s: %d packets of %d", name, len(is), len(was))
				continue
			}
			stay, said := map[string]bool{}, 0
			for i := range was {
				if len(was[i]) != len(is[i]) {
					t.Errorf("%s: packet %d has %d bytes of %d", name, i+1, len(is[i]), len(was[i]))
					break
				}
				for _, at := range word.FindAllIndex(was[i], -1) {
					for !letter(was[i][at[0]]) {
						at[0]++
					}
					w := string(was[i][at[0]:at[1]])
					if at[0] > headers && w == string(is[i][at[0]:at[1]]) && !plainWords[strings.ToLower(w)] && !stay[w] {
						if stay[w] = true; said < 8 {
							t.Errorf("%s: packet %d keeps %q at byte %d", name, i+1, w, at[0])
						}
						said++
					}
				}
			}
			addresses(t, name, path, is)
			seen++
		}
	}
	if seen < 100 {
		t.Errorf("%d captures looked at", seen)
	}
}

// headers is as far as the numbers of headers reach at most in the first bytes of a packet, which may look like words.
const headers = 66

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// packetsOf are copies of the bytes of all packets that have a link type.
func packetsOf(t *testing.T, path string) (list [][]byte) {
	t.Helper()
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	for rec, err := range trace.Records(rd) {
		if err != nil {
			break
		}
		if rec.Kind == trace.Packet && rec.Link <= 0xffff {
			list = append(list, slices.Clone(rec.Data))
		}
	}
	return list
}

// addresses fails when an address of the capture that stands for a host is anywhere in the scrubbed packets.
func addresses(t *testing.T, name, path string, is [][]byte) {
	t.Helper()
	var out, errs strings.Builder
	run(t.Context(), []string{"packets", "-q", "-T", "fields", "-e", "ip.addr", "-e", "ipv6.addr", "-e", "arp.src.proto_ipv4", "-e", "dns.a", "-e", "dns.aaaa", path}, strings.NewReader(""), &out, &errs)
	known := map[netip.Addr]bool{}
	for _, text := range strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\n' || r == '\t' || r == ',' }) {
		a, err := netip.ParseAddr(text)
		if err != nil || known[a] || a.IsMulticast() || a.IsLoopback() || a.IsUnspecified() || a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 224) || a.IsLinkLocalUnicast() {
			continue
		}
		known[a] = true
		if b := a.AsSlice(); len(b) == 4 && (b[1] == 0 && b[2] == 0 || b[0] == 10) { // 10.0.0.1 is the same bytes as many a number
			continue
		}
		for i, data := range is {
			if bytes.Contains(data, a.AsSlice()) {
				t.Errorf("%s: packet %d has %v", name, i+1, a)
				break
			}
		}
	}
}

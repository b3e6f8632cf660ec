package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fieldChoice is a selection of fields with one, several and no occurrences.
var fieldChoice = strings.Fields("-e frame.number -e frame.len -e eth.addr -e eth.type -e ip.src -e ip.addr -e ip.ttl -e ip.id -e ipv6.addr -e tcp.flags -e tcp.port -e tcp.seq_raw -e tcp.options.mss_val -e udp.port -e udp.length -e icmp.type -e arp.src.proto_ipv4")

// TestShapesAreTsharks holds -T fields with every -E, and -T json and ek with -e, to tshark's bytes.
func TestShapesAreTsharks(t *testing.T) {
	t.Parallel()
	forms := [][]string{
		{"-T", "json"}, {"-T", "ek"}, {"-T", "fields"}, {"-T", "fields", "-Y", "frame.number == 0", "-E", "header=y"}, {"-T", "json", "-Y", "frame.number == 0"},
		{"-T", "fields", "-E", "header=y", "-E", "bom=y"}, {"-T", "fields", "-E", "separator=,", "-E", "quote=d"}, {"-T", "fields", "-E", "separator=/s", "-E", "quote=s"},
		{"-T", "fields", "-E", "separator=/t", "-E", "quote=n"}, {"-T", "fields", "-E", "occurrence=f"}, {"-T", "fields", "-E", "occurrence=l"},
		{"-T", "fields", "-E", "occurrence=a", "-E", "aggregator=/s"}, {"-T", "fields", "-E", "aggregator=;", "-c", "3"},
	}
	sampleFiles(t, "app")
	for _, name := range []string{"app/zeek_wikipedia.pcap", "link/pcpp_ip6_fragments.pcap", "tcp/zeek_retransmit-timeout.pcapng"} {
		for _, form := range forms {
			args := slices.Concat(form, fieldChoice, []string{"-r", filepath.Join(captures, name)})
			got, want := wiretale(t, append([]string{"packets", "-q"}, args...)...), byTshark(args...)
			if got != want {
				t.Errorf("%s %v: %s", name, form, firstDifference(strings.Split(got, "\n"), strings.Split(want, "\n")))
			}
		}
	}
}

// otherwise are fields that are shown in another form than tshark's, with the reason.
var otherwise = map[string]string{
	"frame.time":            "ISO 8601 here, as since Wireshark 4.6",
	"frame.protocols":       "protocols of applications",
	"tcp.options.sack_perm": "a label here, the bytes of the option there",
	"ip.checksum.status":    "verified here, not verified there unless asked for",
	"tcp.checksum.status":   "the same",
	"udp.checksum.status":   "the same",
}

// leaves puts the values of an object by their keys, however deep.
func leaves(v any, key string, into map[string][]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			leaves(inner, k, into)
		}
	case []any:
		for _, inner := range v {
			leaves(inner, key, into)
		}
	default:
		into[key] = append(into[key], fmt.Sprint(v))
	}
}

func frames(t *testing.T, text string) []map[string][]string {
	t.Helper()
	var list []any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	var out []map[string][]string
	for _, o := range list {
		values := map[string][]string{}
		leaves(o, "", values)
		for _, v := range values {
			slices.Sort(v)
		}
		out = append(out, values)
	}
	return out
}

// TestJSONIsTsharks compares the values of all fields that both have, in full objects.
func TestJSONIsTsharks(t *testing.T) {
	t.Parallel()
	sampleFiles(t, "app")
	compared, said := 0, map[string]bool{}
	for _, name := range []string{"app/zeek_wikipedia.pcap", "app/zeek_dns53.pcap", "tcp/tcptrace_http.dmp.gz", "tcp/zeek_window-scale-range.pcap"} {
		file := filepath.Join(captures, name)
		want := frames(t, byTshark("-r", file, "-c", "200", "-T", "json", "--no-duplicate-keys"))
		got := frames(t, wiretale(t, "packets", "-q", "-c", "200", "-T", "json", file))
		if len(got) != len(want) {
			t.Errorf("%s: %d objects, tshark has %d", name, len(got), len(want))
			continue
		}
		for i := range want {
			for key, values := range got[i] {
				theirs, ok := want[i][key]
				if !ok || otherwise[key] != "" || strings.HasPrefix(key, "_") && key != "_index" {
					continue
				}
				compared++
				if !slices.Equal(values, theirs) && !said[key] {
					said[key] = true
					t.Errorf("%s, frame %d: %s is %.100q, tshark has %.100q", name, i+1, key, values, theirs)
				}
			}
		}
	}
	t.Logf("%d values compared", compared)
	if compared < 5000 {
		t.Errorf("only %d values compared", compared)
	}
}

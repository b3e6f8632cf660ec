package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// streamGroups are the captures with applications over TCP.
var streamGroups = []string{"app", "tls", "tcp", "formats"}

// rowColumns are what is compared of a row.
var rowColumns = []string{"frame.number", "_ws.col.Protocol", "_ws.col.Info"}

// withSecrets are captures that hold the keys of their connections: tshark shows them decrypted.
var withSecrets = regexp.MustCompile(`dsb|http2|secrets|test301|quic|http3`)

// label is what tshark adds to a segment that ends inside a message.
const label = " [TCP segment of a reassembled PDU]"

// lengthZeroIPv6 are the captures with segments that tshark does not read for their IPv6 length of 0, so that it misses their bytes.
var lengthZeroIPv6 = regexp.MustCompile(`ms_(RMSOD_Example2|WMOD_Example4)\.cap$`)

// behindAnother are the captures of connections that go over to TLS, where tshark looks for the protocol before.
var behindAnother = regexp.MustCompile(`zeek_rdp-to-ssl\.pcap$`)

// rowDifferences are why a row of TCP or of what it carries may differ from tshark's. The reasons are those of docs/compat-tshark.md, "Streams".
var rowDifferences = []struct {
	why   string
	holds func(file, got, want string) bool
}{
	{"resent", func(_, got, want string) bool { return resent.MatchString(want) && verdicts(got) == verdicts(want) }},
	{"resent", func(_, got, want string) bool {
		text, _, ok := strings.Cut(want, "[Reassembly error")
		return ok && (text == got || text == got+label)
	}},
	{"other protocols", func(_, got, want string) bool {
		plain := strings.Contains(got, " → ") && !strings.HasSuffix(got, label)
		return plain && (want == got+label || strings.HasSuffix(want, "\tTCP\t"+label[1:])) || strings.TrimSpace(ntlm.ReplaceAllString(want, "")) == got
	}},
	{"TLS behind another protocol", func(file, got, want string) bool {
		return behindAnother.MatchString(file) && (strings.Contains(got, "\tTLS") || strings.HasSuffix(got, label[1:])) && strings.HasSuffix(want, label[1:])
	}},
	{"cut", func(_, got, want string) bool {
		return strings.TrimSpace(strings.TrimSuffix(want, "[Packet size limited during capture]")) == got
	}},
	{"accurate ECN", func(_, got, want string) bool {
		return accurateECN.ReplaceAllString(got, "") == accurateECN.ReplaceAllString(want, "")
	}},
	{"length-zero-ipv6", func(file, got, want string) bool {
		missed := strings.Contains(verdicts(want), "[TCP ACKed unseen segment]") || strings.Contains(verdicts(want), "[TCP Previous segment not captured]")
		return lengthZeroIPv6.MatchString(file) && missed && strings.Replace(strings.TrimSuffix(ntlm.ReplaceAllString(want, ""), label), verdicts(want), verdicts(got), 1) == got
	}},
}

// ntlm is what tshark shows of tokens in headers of HTTP.
var ntlm = regexp.MustCompile(`, NTLMSSP_\w+(, User: \S*)?`)

// verdicts are those of the analysis at the beginning of a row.
func verdicts(row string) string {
	return regexp.MustCompile(`^\d+\t[^\t]*\t((\[TCP [^]]*\] )*)`).FindStringSubmatch(row)[1]
}

// rowsDiffer are single rows that differ, with the reason.
var rowsDiffer = []struct{ file, frame, why string }{
	{"zeek_reassembly.pcap", "110", "resent"},
	{"ws_http-ooo.pcap", "3", "resent"},
	{"ws_http-ooo.pcap", "7", "resent"},
	{"suri_tcp-urgp-01-oob.pcap", "8", "no message yet"},
	{"tcpflow_test1-out-of-order.pcap", "1", "no message yet"},
	{"pcpp_pcapng-example.pcapng", "141", "no message yet"},
	{"pcpp_pcapng-example.pcapng.zst", "141", "no message yet"},
	{"tcptrace_http.dmp.gz", "692", "behind"},
	{"zeek_payload-syn.pcap", "1", "behind"},
	{"gopacket_linux_sll_oversized_addr.pcapng", "87", "malformed-segment"},
	{"gopacket_linux_sll_oversized_addr.pcapng", "95", "malformed-segment"},
	{"suri_tcp-empty-sack.pcap", "24", "SACK option without blocks"},
}

// whyRow is why a row differs, "" when it may not.
func whyRow(file, got, want string) string {
	file = filepath.Base(file)
	for _, d := range rowsDiffer {
		if d.file == file && strings.HasPrefix(want, d.frame+"\t") {
			return d.why
		}
	}
	for _, d := range rowDifferences {
		if d.holds(file, got, want) {
			return d.why
		}
	}
	return ""
}

// streamRow are the rows that are compared.
var streamRow = regexp.MustCompile(`^\d+\t(TCP|TLS|SSL|HTTP(/JSON|/XML)?\t)`)

// TestStreamRowsAreTsharks compares Protocol and Info of TCP, TLS and HTTP/1 with tshark's.
func TestStreamRowsAreTsharks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	rows, reasons := 0, map[string]int{}
	each(sampled(sampleFiles(t, streamGroups...)), func(file string) {
		if withSecrets.MatchString(filepath.Base(file)) {
			return
		}
		args := []string{"-r", file, "-T", "fields"}
		for _, c := range rowColumns {
			args = append(args, "-e", c)
		}
		want := strings.Split(byTshark(args...), "\n")
		if len(want) == 1 { // no trace
			return
		}
		got := strings.Split(wiretale(t, append([]string{"packets", "-q"}, args...)...), "\n")
		if len(want) != len(got) {
			t.Errorf("%s: %d rows, tshark has %d", filepath.Base(file), len(got)-1, len(want)-1)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range want {
			g, w := strings.TrimSpace(got[i]), strings.TrimSpace(want[i])
			if !streamRow.MatchString(w) {
				continue
			}
			if rows++; g == w {
				continue
			}
			why := whyRow(file, g, w)
			if reasons[why]++; why == "" && reasons[why] <= 20 {
				t.Errorf("%s\n got %.200s\nwant %.200s", filepath.Base(file), g, w)
			}
		}
	})
	t.Logf("%d rows of TCP, TLS and HTTP/1 compared; rows that differ, by reason: %v", rows, reasons)
	if rows < 1000 {
		t.Errorf("only %d rows compared: the captures or the pattern changed", rows)
	}
}

// fieldDifferences are why a field of TLS or HTTP/1 may differ from tshark's. The reasons are those of docs/compat-tshark.md, "Streams".
var fieldDifferences = []struct {
	why   string
	files *regexp.Regexp // nil for all
	holds func(v *value) bool
}{
	{"no Host", nil, func(v *value) bool {
		return v.name == "http.request.full_uri" && v.got == nil && strings.HasPrefix(v.want[0], "http:///")
	}},
	{"resent", nil, func(v *value) bool {
		return v.row.Sighting != nil && v.row.Sighting.Analysis&sentAgain != 0 && either(v)
	}},
	{"resent", regexp.MustCompile(`^ws_http-ooo|^ndpi_tls_multiple_synack|^zeek_reassembly|^arkime_wireshark-retrans`), func(v *value) bool { return either(v) || countsMessages(v.name) }},
	{"other sig_hash_alg", nil, func(v *value) bool {
		return strings.HasPrefix(v.name, "tls.handshake.sig_hash_alg") && within(v.got, v.want)
	}},
	{"100 Continue", regexp.MustCompile(`^zeek_100-continue|^zeek_zero-length-bodies-with-drops`), func(v *value) bool { return v.name == "http.request_number" }},
	{"HTTP over UDP", nil, func(v *value) bool { return v.row.Packet.Transport == proto.UDP && v.got == nil }},
	{"cut", nil, func(v *value) bool { return v.row.Record.WireLen > len(v.row.Record.Data) && v.got == nil }},
	{"TLS behind another protocol", regexp.MustCompile(`^zeek_irc-starttls|^ndpi_rdp_over_tls|^zeek_rdp-to-ssl`), func(v *value) bool { return v.want == nil }},
	{"length-zero-ipv6", lengthZeroIPv6, func(v *value) bool { return v.want == nil || countsMessages(v.name) }},
	{"behind", regexp.MustCompile(`^tcptrace_http`), func(v *value) bool { return v.want == nil || countsMessages(v.name) }},
	{"SSL 2", nil, func(v *value) bool { return v.name == "tls.handshake.session_id_length" && v.got == nil }},
	{"SSL 2", regexp.MustCompile(`^zeek_ssl-v2`), either},
	{"drafts of TLS 1.3", regexp.MustCompile(`^ws_tls13-20-`), func(v *value) bool { return strings.HasPrefix(v.name, "tls.handshake.") }},
}

// sentAgain are the verdicts on segments that tshark does not look into, or looks into again.
const sentAgain = flow.Retransmission | flow.FastRetransmission | flow.SpuriousRetransmission | flow.OutOfOrder

// either reports whether only one of both has the field.
func either(v *value) bool { return v.got == nil || v.want == nil }

// countsMessages reports whether a field follows from the messages before.
func countsMessages(name string) bool {
	return name == "http.request_number" || name == "http.response_number" || name == "http.request_in" || name == "http.time"
}

// TestStreamFieldsAreTsharks compares every field of TLS and HTTP/1.
func TestStreamFieldsAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	names := slices.DeleteFunc(comparedFields(t), func(n string) bool { return !strings.HasPrefix(n, "tls.") && !strings.HasPrefix(n, "http.") })
	var mu sync.Mutex
	reasons := make([]int, len(fieldDifferences))
	compared := eachFile(t, streamGroups, func(path string) int {
		file := filepath.Base(path)
		if isDirectory(path) || withSecrets.MatchString(file) {
			return 0
		}
		return compareFields(t, path, names, nil, func(v *value) {
			mu.Lock()
			defer mu.Unlock()
			for i, d := range fieldDifferences {
				if (d.files == nil || d.files.MatchString(file)) && d.holds(v) {
					reasons[i]++
					return
				}
			}
			t.Errorf("%s frame %d %s: got %.200q, tshark has %.200q", file, v.row.Record.Pos.Number, v.name, v.got, v.want)
		})
	})
	for i, d := range fieldDifferences {
		t.Logf("%-28s %d", d.why, reasons[i])
		if reasons[i] == 0 && compareAll {
			t.Errorf("%s, %v: needed nowhere", d.why, d.files)
		}
	}
	t.Logf("%d values of %d fields compared", compared, len(names))
}

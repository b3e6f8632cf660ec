package filter_test

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/session"
)

// table reads a file of tab-separated values without its header.
func table(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(captures, name))
	if err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// A difference from tshark's counts that is known: in which filters, and in
// which files (patterns). The reasons are those of docs/compat-tshark.md.
type difference struct {
	why     string
	filters string // ids
	files   string
}

var knownDifferences = []difference{
	{"files that are broken on purpose: what can be read of a damaged header is a field", "F04 F06 F07 F29 F32 F62 F63 F64 F66 F68 F73", "bad/*"},
	{"a length of 0 is what the wire said, and tshark shows the length of the frame", "F62", "formats/ms_*.cap tso/*"},
	{"segments behind an IPv6 length of 0 are decoded", "F15 F16 F21 F29 F30 F33 F66 F74", "formats/ms_RMSOD_Example2.cap formats/ms_WMOD_Example4.cap tso/tcpdump_bigtcp-ipv6.pcap"},
	{"tshark's malformed are also those of protocols that are not decoded", "F66", "app/zeek_kinit.pcap app/zeek_nfs_write.pcap smb2/ms_FASOD_Example1_2019.pcapng tcp/tcptrace_http.dmp.gz tso/ms_ADOD_Example2_4_2019.pcapng tso/zeek_kerberos_tso.pcapng"},
	{"bytes that are sent again are no damage", "F66", "tcp/arkime_wireshark-retrans.pcap tcp/pcpp_one_tcp_stream_max_seq.pcap tcp/ws_http-ooo.pcap"},
	{"padding behind a PPPoE length is no damage", "F66", "link/zeek_pppoe-over-qinq.pcap"},
	{"what multicast DNS announces answers nobody's question", "F54", "link/pcpp_ip6_fragments.pcap"},
	{"a SACK option without blocks is no damage", "F66", "tcp/suri_tcp-empty-sack.pcap"},
	{"a TCP header of a length below 20 is damage", "F66", "formats/gopacket_linux_sll_oversized_addr.pcapng"},
	{"Network Monitor files have comments that tshark does not read", "F75", "formats/ms_*.cap"},
	{"a segment whose TCP header contradicts its length is in no stream", "F29", "formats/gopacket_linux_sll_oversized_addr.pcapng"},
	{"checksums are verified; tshark does that when it is asked to", "F64", "*/*"},
	{"the table has other numbers than tshark 4.0.17 gives when it is asked, and those are ours", "F35", "formats/ms_*.cap"},
	{"SYNs that differ are held against tshark in internal/flow", "F15 F16 F24", "tcp/ndpi_tls_multiple_synack_different_seq.pcapng"},
	{"bytes that tshark takes for sent again are read when they come for the first time", "F48 F50 F52", "tcp/ndpi_tls_multiple_synack_different_seq.pcapng"},
	{"TLS is found where it begins, also behind another protocol", "F47 F48 F49 F50 F52", "app/ndpi_rdp_over_tls.pcap app/zeek_rdp-to-ssl.pcap tls/zeek_irc-starttls.pcap"},
	{"tshark decrypts with the secrets of the file", "F50", "formats/gopacket_le_test301.pcapng tls/ws_http2_follow_multistream.pcapng"},
	{"tshark decrypts with the secrets of the file", "F08 F10", "formats/gopacket_le_test301.pcapng tls/ws_tls12-dsb.pcapng"},
	{"messages over UDP are not looked for; the table has none on ports that tshark 4.0.17 recognises HTTP on", "F08", "formats/rusticata_wireshark_samples-test.pcapng formats/ms_WSUSOD_Example3.cap"},
	{"segments behind an IPv6 length of 0 are decoded", "F08 F10 F55 F56 F58", "formats/ms_RMSOD_Example2.cap"},
	{"segments that come out of order fill their place", "F08", "tcp/ws_http-ooo.pcap bad/ws_http-ooo-fuzzed.pcapng"},
	{"what is sent again is read once", "F70", "tcp/arkime_wireshark-retrans.pcap"},
	{"QUIC is not decoded", "F47 F48 F51", "app/ws_http3-qpack.pcapng link/ndpi_dlt_ppp.pcap link/zeek_ppp_quic-interop-retry.pcap tls/*quic*.pcap* tls/pcap2qlog_ngtcp2-29-dsb.pcapng"},
	{"names of files in responses, listings and answers of SMB need its state, or are not decoded", "F45", "formats/derived_smb2rw.* smb2/ms_FASOD_Example1_2019.pcapng smb2/suri_smb2-01.pcap smb2/suri_smb2-delete.pcap smb2/suri_smb2-frames-gap-payload-logging*.pcap smb2/zeek_smb2readwrite.pcap"},
	{"a record without a time is not at 1970", "F36", "formats/hadriel_*.pcapng"},
}

// covers is the pattern by which a difference is that of a filter on a file, "" when it is not.
func (d *difference) covers(id, file string) string {
	if !slices.Contains(strings.Fields(d.filters), id) {
		return ""
	}
	for pattern := range strings.FieldsSeq(d.files) {
		if ok, _ := filepath.Match(pattern, file); ok {
			return pattern
		}
	}
	return ""
}

// knownDifference is the first one that covers a filter on a file, with the pattern; -1 when there is none.
func knownDifference(id, file string) (int, string) {
	for i := range knownDifferences {
		if pattern := knownDifferences[i].covers(id, file); pattern != "" {
			return i, pattern
		}
	}
	return -1, ""
}

// TestCountsAreTsharks runs the filters that people use over every capture and compares the number of frames with tshark's.
func TestCountsAreTsharks(t *testing.T) {
	want := map[[2]string]int{}
	files := []string{}
	for _, row := range table(t, "FILTER_COUNTS.tsv") {
		n, err := strconv.Atoi(row[2])
		if err != nil {
			t.Fatal(err)
		}
		want[[2]string{row[0], row[1]}] = n // filters without a match have no row
		files = append(files, row[1])
	}
	slices.Sort(files)
	files = slices.Compact(files)
	type compiled struct {
		id, text string
		filter   *filter.Filter
	}
	var all []compiled
	missing := 0
	for _, row := range table(t, "FILTERS.tsv") {
		f, err := filter.Compile(row[1], filter.Options{})
		var bad *filter.Error
		if errors.As(err, &bad) {
			missing++
			t.Logf("not decoded: %s %s: %s", row[0], row[1], bad)
			continue
		}
		all = append(all, compiled{row[0], row[1], f})
	}
	equal, compared := map[string]int{}, 0
	used := make([]map[string]int, len(knownDifferences)) // answers by pattern, and by filter
	for i := range used {
		used[i] = map[string]int{}
	}
	for _, file := range files {
		counts := make([]int, len(all))
		matchers := make([]*filter.Matcher, len(all))
		for i := range all {
			matchers[i] = all[i].filter.Matcher()
		}
		err := each(filepath.Join(captures, file), func(row *session.Row) {
			for i, m := range matchers {
				if m.Match(row) {
					counts[i]++
				}
			}
		})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		compared++
		for i, c := range all {
			if counts[i] == want[[2]string{c.id, file}] {
				equal[c.id]++
				continue
			}
			at, pattern := knownDifference(c.id, file)
			if at < 0 {
				t.Errorf("%s: %s %s: %d, tshark %d", file, c.id, c.text, counts[i], want[[2]string{c.id, file}])
				continue
			}
			used[at][pattern]++
			used[at][c.id]++
		}
	}
	for i, d := range knownDifferences {
		for part := range strings.FieldsSeq(d.files + " " + d.filters) {
			if used[i][part] == 0 {
				t.Errorf("%s: %s does not differ for this reason", d.why, part)
			}
		}
		t.Logf("known difference, %v: %s", used[i], d.why)
	}
	whole, answers := 0, 0
	for _, c := range all {
		answers += equal[c.id]
		if equal[c.id] == compared {
			whole++
		}
	}
	t.Logf("%d filters, %d of fields that are decoded, %d of them with equal counts on all of %d files; %d of %d counts equal",
		len(all)+missing, len(all), whole, compared, answers, len(all)*compared)
}

package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// streamGroups are the captures with applications over TCP.
var streamGroups = []string{"app", "tls", "tcp", "formats"}

// rowColumns are what is compared of a row.
var rowColumns = []string{"frame.number", "_ws.col.Protocol", "_ws.col.Info"}

// withSecrets are captures that hold the keys of their connections: tshark shows them decrypted.
var withSecrets = regexp.MustCompile(`dsb|http2|secrets|test301|quic|http3`)

// rowDifferences are why a row of TCP or of what it carries may differ from tshark's. The reasons are those of docs/compat-tshark.md, "Streams".
var rowDifferences = []struct {
	why  string
	want *regexp.Regexp // tshark's row
}{
	{"resent", regexp.MustCompile(`\[TCP ((Fast |Spurious )?Retransmission|Out-Of-Order)\]|Reassembly error`)},
	{"other protocols", regexp.MustCompile(`\[TCP segment of a reassembled PDU\]$|NTLMSSP|Kerberos`)},
	{"cut", regexp.MustCompile(`\[Packet size limited during capture\]$|\[Malformed Packet\]$`)},
	{"accurate ECN", regexp.MustCompile(`ACE=|E[EC][01E]B=|Reserved|\bAE\b`)},
	{"IPv6 length of 0", regexp.MustCompile(`ACKed unseen|Previous segment not captured`)},
}

// application are the rows that are compared.
var streamRow = regexp.MustCompile(`^\d+\t(TCP|TLS|SSL|HTTP(/JSON|/XML)?\t)`)

// TestStreamRowsAreTsharks compares Protocol and Info of TCP, TLS and HTTP/1 with tshark's, in order to print how many agree.
func TestStreamRowsAreTsharks(t *testing.T) {
	t.Parallel()
	rows, equal, reasons := 0, 0, map[string]int{}
	for i, file := range sampleFiles(t, streamGroups...) {
		if !compareAll && i%everyNth != 0 || withSecrets.MatchString(filepath.Base(file)) {
			continue
		}
		args := []string{"-r", file, "-T", "fields"}
		for _, c := range rowColumns {
			args = append(args, "-e", c)
		}
		want, got := strings.Split(byTshark(args...), "\n"), strings.Split(wiretale(t, append([]string{"packets", "-q"}, args...)...), "\n")
		if len(want) != len(got) {
			continue // held by TestRowsAreTsharks
		}
		for k := range want {
			if !streamRow.MatchString(want[k]) {
				continue
			}
			rows++
			if strings.TrimSpace(got[k]) == strings.TrimSpace(want[k]) {
				equal++
				continue
			}
			why := "none"
			if at := slices.IndexFunc(rowDifferences, func(d struct {
				why  string
				want *regexp.Regexp
			}) bool {
				return d.want.MatchString(want[k])
			}); at >= 0 {
				why = rowDifferences[at].why
			} else if reasons[why] < 20 {
				t.Logf("%s\n got %.200s\nwant %.200s", filepath.Base(file), got[k], want[k])
			}
			reasons[why]++
		}
	}
	t.Logf("%d rows of TCP, TLS and HTTP/1 compared, %d equal; reasons of the others: %v", rows, equal, reasons)
	if rows == 0 || equal*1000 < rows*975 || reasons["none"]*1000 > rows*5 {
		t.Errorf("%d of %d rows are tshark's, %d differ without a reason", equal, rows, reasons["none"])
	}
}

// fieldFiles are captures in which tshark and wiretale find the same messages.
var fieldFiles = []string{
	"tls/zeek_client-certificate.pcap", "tls/zeek_tls13-ech.pcap", "tls/ws_rsasnakeoil2.pcap", "app/zeek_wikipedia.pcap",
	"app/pcpp_four_ipv6_http_streams.pcap", "tcp/pcpp_one_tcp_stream_max_seq.pcap", "tls/zeek_tls13_psk_succesfull.pcap",
}

// TestStreamFieldsAreTsharks compares every field of TLS and HTTP/1.
func TestStreamFieldsAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	names := slices.DeleteFunc(comparedFields(t), func(n string) bool {
		return !strings.HasPrefix(n, "tls.") && !strings.HasPrefix(n, "http.") ||
			// those of certificate requests, key exchanges and other extensions are no fields here
			strings.HasPrefix(n, "tls.handshake.sig_hash_alg") || n == "tls.handshake.session_id_length"
	})
	compared, used := 0, 0
	for _, name := range fieldFiles {
		files, _ := filepath.Glob(filepath.Join(captures, name))
		for _, file := range files {
			used++
			compared += compareFields(t, file, names, nil, func(v *value) {
				t.Errorf("%s frame %d %s: got %.200q, tshark has %.200q", filepath.Base(v.file), v.row.Record.Pos.Number, v.name, v.got, v.want)
			})
		}
	}
	if used == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	t.Logf("%d values of %d fields compared", compared, len(names))
}

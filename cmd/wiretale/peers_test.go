package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
)

// preSharedKey is that of the captures that Wireshark's test suite opens with one.
const preSharedKey = "TLS_PSK ca19e028a8a372ad2d325f950fcaceed\n"

// A peerAnswer is what Wireshark's test suite expects of a capture, asked with our command line.
type peerAnswer struct {
	file, asked string // of the row: the capture, and a part of the arguments that tells it from others
	keys        string // below tls/keys, "psk" for preSharedKey
	args        []string
	want        string
	follow      int // with a text that what was opened of this connection has, in place of rows
}

var peerAnswers = []peerAnswer{
	{file: "tls/ws_dtls12-aes128ccm8.pcap", keys: "psk", args: []string{"-Y", "data", "-e", "data.data"},
		want: "44544c53312e322074657374207573696e6720476e75544c5320332e352e380a\n44544c53312e322074657374207573696e6720476e75544c5320332e352e380a\n576f726b7320666f72206d65210a\n576f726b7320666f72206d65210a\n"},
	{file: "tls/ws_rsasnakeoil2.pcap", keys: "rsasnakeoil2.key", args: []string{"-Y", "http.request", "-e", "http.request.uri"},
		want: "/\n/icons/jhe061.png\n/icons/debian/openlogo-25.jpg\n/icons/apache_pb.png\n/favicon.ico\n/test\n/test/\n/test2/\n/icons/back.gif\n/icons/blank.gif\n/test3/\n"},
	{file: "tls/ws_rsa-p-lt-q.pcap", keys: "rsa-p-lt-q.key", args: []string{"-Y", "http.request", "-e", "http.request.uri"}, want: "/\n"},
	{file: "tls/ws_tls12-aes128ccm.pcap", keys: "psk", follow: 0, want: "http://www.gnu.org/software/gnutls"},
	{file: "tls/ws_tls12-aes256gcm.pcap", keys: "psk", follow: 0, want: "http://www.gnu.org/software/gnutls"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,0", keys: "tls12-chacha20poly1305.keys", follow: 0, want: "Cipher is ECDHE-ECDSA-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,1", keys: "tls12-chacha20poly1305.keys", follow: 1, want: "Cipher is ECDHE-RSA-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,2", keys: "tls12-chacha20poly1305.keys", follow: 2, want: "Cipher is DHE-RSA-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,3", keys: "tls12-chacha20poly1305.keys", follow: 3, want: "Cipher is RSA-PSK-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,4", keys: "tls12-chacha20poly1305.keys", follow: 4, want: "Cipher is DHE-PSK-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,5", keys: "tls12-chacha20poly1305.keys", follow: 5, want: "Cipher is ECDHE-PSK-CHACHA20-POLY1305"},
	{file: "tls/ws_tls12-chacha20poly1305.pcap", asked: "ascii,6", keys: "tls12-chacha20poly1305.keys", follow: 6, want: "Cipher is PSK-CHACHA20-POLY1305"},
	{file: "tls/ws_tls13-20-chacha20poly1305.pcap", keys: "tls13-20-chacha20poly1305.keys", follow: 0, want: "TLS13-CHACHA20-POLY1305-SHA256"},
	{file: "tls/ws_tls12-dsb.pcapng", args: []string{"-Y", "http", "-e", "http.host", "-e", "http.response.code"}, want: "example.com\t\n\t200\nexample.net\t\n\t200\n"},
	// What is in it is a protocol of interception, which holds packets of TLS: Wireshark 4.2 takes those apart, and has the certificates of a third line.
	{file: "tls/ws_tls-over-tls.pcapng.gz", keys: "tls-over-tls.key", args: []string{"-Y", "tls.handshake.certificate", "-e", "tls.handshake.certificate_length"}, want: "1152,1115,1352\n1152\n"},
	{file: "tls/ws_http2-data-reassembly.pcap", keys: "http2-data-reassembly.keys", args: []string{"-d", "tcp.port==8443,tls", "-Y", `http2.data.data matches "PNG" && http2.data.data matches "END"`, "-e", "frame.number"}, want: "37\n"},
	{file: "tls/ws_http2-brotli.pcapng", args: []string{"-Y", `http2.data.data matches "This is a test file for testing brotli decompression in Wireshark"`, "-e", "frame.number"}, want: "20\n"},
	{file: "tcp/ws_retrans-tls.pcap", args: []string{"-e", "frame.number", "-e", "tls.record.length"}, want: "1\t\n2\t16\n"},
}

// elsewhere are rows of Wireshark's answers of other protocols, with their own tests.
var elsewhere = []string{"smb2/", "tcp/ws_http-ooo", "tcp/ws_dns-ooo", "app/ws_http3"}

// TestPeerAnswers asks what Wireshark's test suite asks of captures of TLS, DTLS and HTTP/2. No row of its list may be left out.
func TestPeerAnswers(t *testing.T) {
	f, err := os.Open(filepath.Join(captures, "PEER_ANSWERS_wireshark.tsv"))
	if err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if !slices.ContainsFunc(elsewhere, func(p string) bool { return strings.HasPrefix(row[0], p) }) &&
			!slices.ContainsFunc(peerAnswers, func(a peerAnswer) bool { return a.file == row[0] && strings.Contains(row[1], a.asked) }) {
			t.Errorf("%s %s: not asked", row[0], row[1])
		}
	}
	psk := filepath.Join(t.TempDir(), "psk")
	if err := os.WriteFile(psk, []byte(preSharedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, a := range peerAnswers {
		keys := filepath.Join(captures, "tls/keys", a.keys)
		if a.keys == "psk" {
			keys = psk
		}
		if a.args == nil {
			if !bytes.Contains(followed(t, filepath.Join(captures, a.file), keys, a.follow), []byte(a.want)) {
				t.Errorf("%s, connection %d: no %q in what was opened", a.file, a.follow, a.want)
			}
			continue
		}
		args := append([]string{"packets", filepath.Join(captures, a.file), "-q", "-T", "fields"}, a.args...)
		if a.keys != "" {
			args = append(args, "--keys", keys)
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, &out, &errs); code != 0 || out.String() != a.want {
			t.Errorf("%s %q: %d, %q, want %q; %s", a.file, a.args, code, out.String(), a.want, errs.String())
		}
	}
}

// followed are the bytes that were opened of a connection.
func followed(t *testing.T, path, keys string, conv int) (text []byte) {
	t.Helper()
	s := new(secrets.Store)
	if err := s.Load(keys); err != nil {
		t.Fatal(err)
	}
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Secrets: s})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if err := run.Each(func(row *engine.Row) error {
		if p := row.Packet; p != nil && row.Sighting != nil && row.Sighting.Conv != nil && row.Sighting.Conv.Stream == conv {
			for _, u := range p.Units {
				if u.Opened != "" {
					text = append(text, u.Bytes...)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return text
}

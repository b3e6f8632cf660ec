package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

func keysOf(t *testing.T, files ...string) *secrets.Store {
	s := new(secrets.Store)
	for _, f := range files {
		if err := s.Load(f); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// opened reads a capture with keys: the bytes of HTTP inside, and the sessions of TLS.
func opened(t *testing.T, path string, keys *secrets.Store) (http []byte, src *engine.Source) {
	t.Helper()
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Secrets: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	err = run.Each(func(row *engine.Row) error {
		if p := row.Packet; p != nil {
			for i := range p.N {
				if p.Layers[i].Proto == proto.HTTP {
					http = append(http, p.Bytes(i)...)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return http, run.Case().Sources[0]
}

// TestTLSPlainText opens every capture of the lab and of openssl, with the private key where it helps and with the key log, and holds what is inside to the known plain text.
func TestTLSPlainText(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(captures, "lab/tls/page.txt"))
	if err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(captures, "lab/tls/*.pcap"))
	more, _ := filepath.Glob(filepath.Join(captures, "tls/openssl/*.pcapng"))
	for _, path := range append(files, more...) {
		name := filepath.Base(path)
		stem := strings.TrimSuffix(path, filepath.Ext(path))
		private, log := filepath.Join(captures, "lab/tls/keys/server_pkcs1.pem"), stem+".keys"
		want := page
		if strings.Contains(path, "openssl") {
			private = filepath.Join(captures, "tls/openssl/srv.der")
			if want, err = os.ReadFile(stem + ".out"); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(name, "nginx") { // other pages, and HTTP/2
			want = nil
		}
		var keys []string
		if _, err := os.Stat(log); err == nil {
			keys = append(keys, log)
		}
		if !strings.Contains(name, "ecdhe") && !strings.Contains(name, "tls13") {
			keys = append(keys, private)
		} else {
			_, src := opened(t, path, keysOf(t, private))
			for _, a := range src.Accounts {
				if a.Opened > 0 || !strings.HasPrefix(a.Why, "the private key cannot decrypt") {
					t.Errorf("%s with the private key: %+v", name, a)
				}
			}
		}
		for _, key := range keys {
			http, src := opened(t, path, keysOf(t, key))
			if i := bytes.Index(http, []byte("\r\n\r\n")); want != nil && (i < 0 || !bytes.Contains(http, want)) {
				t.Errorf("%s with %s: the page is not among %d bytes", name, filepath.Base(key), len(http))
			}
			if len(src.Accounts) == 0 {
				t.Errorf("%s: no sessions", name)
			}
			for _, a := range src.Accounts {
				if a.Closed > 0 || a.Opened == 0 || a.Why != "" {
					t.Errorf("%s with %s: %+v", name, filepath.Base(key), a)
				}
			}
		}
	}
}

// tlsShared are captures with what tshark shows of them, and the keys it had.
var tlsShared = []struct{ file, keys string }{
	{"illustrated_tls13.pcap", "illustrated_tls13_keylog.txt"}, {"pcapfs_all_ciphers.pcap", "all_ciphers.key"}, {"scapy_tls_nss_example.pcap", "scapy_tls_nss_example.keys.txt"},
	{"ws_rsa-p-lt-q.pcap", "rsa-p-lt-q.p8"}, {"ws_rsasnakeoil2.pcap", "rsasnakeoil2.key"}, {"ws_tls12-chacha20poly1305.pcap", "tls12-chacha20poly1305.keys"},
	{"ws_tls12-dsb.pcapng", ""}, {"ws_tls13-20-chacha20poly1305.pcap", "tls13-20-chacha20poly1305.keys"},
	{"zeek_tls-1.2-stream-keylog.pcap", "zeek_tls-1.2-stream-keylog.keys"}, {"zeek_tls12-decryption.pcap", "zeek_tls12-decryption.keys"},
}

// TestTLSRows holds rows of decrypted frames to what tshark shows: types of records and messages, alerts, Protocol and Info.
// A response that lasts until the server closes is whole when TLS says that it closes; tshark never shows it.
func TestTLSRows(t *testing.T) {
	for _, c := range tlsShared {
		f, err := os.Open(filepath.Join(captures, "expected/tls", c.file, "tls_frames.tsv.gz"))
		if err != nil {
			t.Skipf("needs the shared captures: %v", err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if w := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(w) >= 14 {
				want[w[0]] = strings.Join([]string{w[3], w[4], w[5], w[8], w[12], w[13]}, "|")
			}
		}
		args := []string{"packets", filepath.Join(captures, "tls", c.file), "-q", "-T", "fields", "-E", "aggregator=;"}
		for _, field := range []string{"frame.number", "tls.record.content_type", "tls.record.version", "tls.handshake.type", "tls.alert_message.desc", "_ws.col.Protocol", "_ws.col.Info", "http.response.code"} {
			args = append(args, "-e", field)
		}
		if c.keys != "" {
			args = append(args, "--keys", filepath.Join(captures, "tls/keys", c.keys))
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, &out, &errs); code != 0 {
			t.Fatalf("%s: %d, %s", c.file, code, errs.String())
		}
		rows := 0
		for line := range strings.Lines(out.String()) {
			w := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			expected, ok := want[w[0]]
			if !ok {
				continue
			}
			rows++
			if got := strings.Join(w[1:7], "|"); got != expected && !(w[4] == "0" && w[7] != "") {
				t.Errorf("%s, frame %s: %s, tshark %s", c.file, w[0], got, expected)
			}
		}
		if rows == 0 || rows != len(want)-1 {
			t.Errorf("%s: %d rows of %d", c.file, rows, len(want)-1)
		}
	}
}

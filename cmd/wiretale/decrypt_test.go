package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// decrypted runs the command and returns what it said.
func decrypted(t testing.TB, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), append([]string{"decrypt"}, args...), strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("decrypt %v: exit code %d\n%s", args, code, errs.String())
	}
	return errs.String()
}

// said are the bytes of both sides of the connections of a capture, with what bytes are missing as a number, and holds every checksum to be right.
func said(t testing.TB, path string) (sides [2]string) {
	t.Helper()
	heard := func(h *stream.Heard) {
		if h.Kind != stream.HeardBytes || h.Depth > 0 {
			return
		}
		if h.Lost > 0 {
			sides[h.Dir] += fmt.Sprintf("<%d>", h.Lost)
		}
		sides[h.Dir] += string(h.Data)
	}
	choice := stream.NewChoice(stream.Rules{})
	choice.Hear = func(*flow.Conversation) func(*stream.Heard) { return heard }
	r, err := engine.Open(context.Background(), []string{path}, engine.Options{Applications: choice})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Each(func(row *engine.Row) error {
		if p := row.Packet; p != nil && p.Transport == proto.TCP && (p.Checksum() != packet.ChecksumGood || p.Has(packet.BadIPChecksum)) {
			t.Errorf("frame %d: bad checksum", row.Record.Pos.Number)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Case()
	return sides
}

// TestDecryptSTARTTLS: the clear part of a connection stays, but for what asks for TLS; what follows in TLS comes behind it, and credentials go from both.
func TestDecryptSTARTTLS(t *testing.T) {
	for _, c := range []struct {
		port          uint16
		before, after string
		secret        []string
	}{
		{25, "S: 220 mx ESMTP\\n\nC: EHLO me\\n\nS: 250 STARTTLS\\n\nC: STARTTLS\\n\nS: 220 go\\n\n", "C: EHLO me\\n\nS: 250 AUTH PLAIN\\n\nC: AUTH PLAIN AGpvZQBodXNo\\n\nS: 235 ok\\n\nC: QUIT\\n\n", []string{"AGpvZQBodXNo"}},
		{110, "S: +OK POP3\\n\nC: STLS\\n\nS: +OK go\\n\n", "C: USER joe\\n\nS: +OK\\n\nC: PASS hush hush\\n\nS: +OK\\n\n", []string{"hush hush"}},
		{143, "S: * OK IMAP4\\n\nC: a STARTTLS\\n\nS: a OK go\\n\n", "C: b LOGIN joe hush\\n\nS: b OK\\n\nC: c LOGOUT\\n\n", []string{"hush"}},
	} {
		k := segmentTalk{ports: [2]uint16{40000, c.port}}
		var want [2]string
		for i, part := range []string{c.before, c.after} {
			left := strings.Count(part, "\n") - 2
			for one := range strings.Lines(part) {
				dir, text := strings.Index("CS", one[:1]), strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n")
				if left--; i == 1 || left >= 0 { // the last two ask for TLS, and agree
					want[dir] += text
				}
				if i == 0 {
					k.say(dir, text)
				}
			}
		}
		keyLog := inTLS(t, &k, tls.VersionTLS12, c.after)
		dir := t.TempDir()
		file, keys, out := filepath.Join(dir, "x.pcap"), filepath.Join(dir, "keys.log"), filepath.Join(dir, "clear.pcapng")
		if os.WriteFile(file, pcapOf(k.frames), 0o600) != nil || os.WriteFile(keys, keyLog, 0o600) != nil {
			t.Fatal("cannot write")
		}
		if os.WriteFile(out, nil, 0o644) != nil {
			t.Fatal("cannot write")
		}
		decrypted(t, "--keys", keys, file, "-w", out)
		if st, err := os.Stat(out); err != nil || st.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
			t.Errorf("the file has mode %v", st.Mode())
		}
		if got := said(t, out); got != want && got != [2]string{want[1], want[0]} {
			t.Errorf("port %d: %q\nwant %q", c.port, got, want)
		}
		decrypted(t, "--redact", "--keys", keys, file, "-w", out)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range c.secret {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("port %d: %s is in the redacted file", c.port, secret)
			}
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], secret, strings.Repeat("x", len(secret)))
			}
		}
		if got := said(t, out); got != want && got != [2]string{want[1], want[0]} {
			t.Errorf("port %d, redacted: %q\nwant %q", c.port, got, want)
		}
	}
}

// TestDecryptGap: bytes that are missing are missing in the clear connection, and a comment says so.
func TestDecryptGap(t *testing.T) {
	k := segmentTalk{ports: [2]uint16{40000, 443}}
	keyLog := inTLS(t, &k, tls.VersionTLS12, "C: GET / HTTP/1.1\\n\\n\nS: HTTP/1.1 200 OK\\nContent-Length: 9\\n\\n\nS: aaa\nS: bbb\nS: ccc\nC: GET /2 HTTP/1.1\\n\\n\nS: HTTP/1.1 204 No\\n\\n\n")
	lost := len(k.frames) - 4 // bbb, before ccc, the request, its answer
	lost--
	frames := slices.Delete(slices.Clone(k.frames), lost+1, lost+2)
	dir := t.TempDir()
	file, keys, out := filepath.Join(dir, "x.pcap"), filepath.Join(dir, "keys.log"), filepath.Join(dir, "clear.pcapng")
	if os.WriteFile(file, pcapOf(frames), 0o600) != nil || os.WriteFile(keys, keyLog, 0o600) != nil {
		t.Fatal("cannot write")
	}
	decrypted(t, "--keys", keys, file, "-w", out)
	got := said(t, out)
	if !regexp.MustCompile(`\r\n\r\naaa<\d+>ccc|\r\n\r\n<\d+>bbbccc|bbb<\d+>HTTP`).MatchString(got[0] + got[1]) {
		t.Errorf("%q", got)
	}
	comment := false
	for _, c := range commentsOf(t, out) {
		comment = comment || strings.Contains(c, "bytes are missing before it")
	}
	if !comment {
		t.Error("no comment tells of the gap")
	}
}

// commentsOf are the comments of the packets of a capture.
func commentsOf(t testing.TB, path string) (list []string) {
	r, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Records(func(_ *trace.Info, rec *trace.Record) error {
		if rec.Meta != nil {
			list = append(list, rec.Meta.Comments...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// decryptable are the shared captures of TCP that keys open, with these.
func decryptable(t testing.TB) map[string][]string {
	list := map[string][]string{}
	in := func(name string) string { return filepath.Join(captures, name) }
	for _, c := range tlsShared {
		if list[in("tls/"+c.file)] = nil; c.keys != "" {
			list[in("tls/"+c.file)] = []string{in("tls/keys/" + c.keys)}
		}
	}
	list[in("tls/ws_http2-data-reassembly.pcap")] = []string{in("tls/keys/http2-data-reassembly.keys")}
	list[in("tls/ws_tls-over-tls.pcapng.gz")] = []string{in("tls/keys/tls-over-tls.key")}
	list[in("tls/ws_http2-brotli.pcapng")], list[in("tls/ws_http2_follow_multistream.pcapng")] = nil, nil
	for pattern, private := range map[string]string{"lab/tls/*.pcap": "lab/tls/keys/server_pkcs1.pem", "tls/openssl/*.pcapng": "tls/openssl/srv.der"} {
		files, _ := filepath.Glob(in(pattern))
		for _, f := range files {
			list[f] = []string{in(private)}
			if log := strings.TrimSuffix(f, filepath.Ext(f)) + ".keys"; exists(log) {
				list[f] = append(list[f], log)
			}
		}
	}
	for f := range list {
		if !exists(f) {
			t.Skipf("needs the shared captures: %s", f)
		}
	}
	return list
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// arguments are a capture with its keys.
func arguments(file string, keys []string) (args []string) {
	for _, k := range keys {
		args = append(args, "--keys", k)
	}
	return append(args, file)
}

// onlyInside are what tshark finds in the content of connections whose protocol it knows only inside TLS, by capture.
var onlyInside = map[string]bool{"ws_tls-over-tls.pcapng.gz": true}

// TestDecryptInTshark opens what was written of every capture in tshark: no checksum is bad, no segment looks lost or sent again, and the messages of HTTP are
// those that it shows of the capture with the secrets in it, or more.
func TestDecryptInTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skipf("needs tshark: %v", err)
	}
	if testing.Short() {
		t.Skip("runs tshark some 150 times")
	}
	fields := []string{"http.request.method", "http.request.uri", "http.response.code", "http2.headers.method", "http2.headers.path", "http2.headers.status"}
	for file, keys := range decryptable(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out.pcapng")
			show := func(form string) (app []string) {
				decrypted(t, append(arguments(file, keys), "-q", "--as", form, "-w", out)...)
				args := []string{"-r", out, "-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "aggregator=|"}
				for _, f := range append([]string{"tcp.analysis.flags", "tcp.checksum.status", "ip.checksum.status"}, fields...) {
					args = append(args, "-e", f)
				}
				text, err := exec.Command("tshark", args...).Output()
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				for line := range strings.Lines(string(text)) {
					values := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
					if form == asClear && (values[0] != "" || strings.Contains(values[1]+values[2], "0")) {
						t.Errorf("flags %q, checksums %q %q", values[0], values[1], values[2])
					}
					for i, f := range fields {
						for v := range strings.SplitSeq(values[3+i], "|") {
							if v != "" {
								app = append(app, f+" "+v)
							}
						}
					}
				}
				return app
			}
			clear := show(asClear)
			for _, one := range show(asSecrets) {
				if i := slices.Index(clear, one); i >= 0 {
					clear = slices.Delete(clear, i, i+1)
				} else if !onlyInside[filepath.Base(file)] {
					t.Errorf("%s is not in the clear connections", one)
				}
			}
		})
	}
}

// TestDecryptSecrets hands on each conversation alone: it opens with what the file has, and no other secret is in it.
func TestDecryptSecrets(t *testing.T) {
	dir := t.TempDir()
	several := 0
	for file, keys := range decryptable(t) {
		out := filepath.Join(dir, "out.pcapng")
		all := secretsOf(t, append(arguments(file, keys), "-w", out)...)
		if len(all) == 0 {
			t.Errorf("%s: no secrets", file)
			continue
		}
		if strings.Contains(file, "pcapfs") { // it has one of each suite
			continue
		}
		mine := map[string]int{} // how many streams have a secret
		for n := range 16 {
			var errs bytes.Buffer
			args := append([]string{"decrypt", "-q", "--as", asSecrets, "--others", "drop", "--stream", fmt.Sprint(n)}, append(arguments(file, keys), "-w", out)...)
			if run(context.Background(), args, strings.NewReader(""), new(bytes.Buffer), &errs) != exitOK {
				continue
			}
			own := logOf(t, out)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for secret := range all {
				raw, _ := hex.DecodeString(secret)
				if !own[secret] && (bytes.Contains(b, []byte(secret)) || bytes.Contains(b, raw)) {
					t.Errorf("%s, stream %d: the secret of another session is in it", file, n)
				}
			}
			for secret := range own {
				mine[secret]++
			}
			clear := filepath.Join(dir, "clear.pcapng") // and it needs no key
			decrypted(t, "-q", out, "-w", clear)
			if got := said(t, clear); got[0]+got[1] == "" {
				t.Errorf("%s, stream %d: the file does not open itself", file, n)
			}
		}
		if len(mine) != len(all) {
			t.Errorf("%s: %d secrets in the streams, %d in all", file, len(mine), len(all))
		}
		if len(mine) > 1 {
			several++
		}
	}
	if several == 0 {
		t.Error("no capture has several secrets")
	}
}

// secretsOf are the secrets that the command hands on.
func secretsOf(t testing.TB, args ...string) map[string]bool {
	decrypted(t, append([]string{"-q", "--as", asSecrets}, args...)...)
	return logOf(t, args[len(args)-1])
}

// logOf are the secrets in the blocks of a file.
func logOf(t testing.TB, path string) map[string]bool {
	r, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	found := map[string]bool{}
	err = r.Records(func(_ *trace.Info, rec *trace.Record) error {
		if rec.Kind == trace.Secrets {
			for line := range strings.Lines(string(rec.Data)) {
				if words := strings.Fields(line); len(words) == 3 {
					found[words[2]] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDecryptRedact holds that no cookie and no credential of the shared captures is in what is redacted, and that all messages are.
func TestDecryptRedact(t *testing.T) {
	for file, keys := range decryptable(t) {
		dir := t.TempDir()
		plain, clean := filepath.Join(dir, "plain.pcapng"), filepath.Join(dir, "clean.pcapng")
		decrypted(t, append(arguments(file, keys), "-q", "-w", plain)...)
		told := decrypted(t, append(arguments(file, keys), "--redact", "-w", clean)...)
		was, is := messagesOf(t, plain), messagesOf(t, clean)
		if strings.Contains(told, "no rule looks through (0)") && !maps.Equal(was.counts, is.counts) {
			t.Errorf("%s: %v, redacted %v", file, was.counts, is.counts)
		}
		for value := range was.secrets {
			if len(value) > 3 && is.secrets[value] {
				t.Errorf("%s: %q is there after it was redacted", file, value)
			}
		}
	}
}

type messages struct {
	counts  map[string]int
	secrets map[string]bool
}

var secretFields = []string{"http.cookie", "http.authorization", "http2.headers.cookie", "http2.headers.authorization"}

// messagesOf counts methods and statuses of a capture, and gathers values of secret fields.
func messagesOf(t testing.TB, path string) messages {
	m := messages{map[string]int{}, map[string]bool{}}
	args := []string{"packets", path, "-q", "-T", "fields", "-E", "aggregator=|"}
	counted := []string{"http.request.method", "http.response.code", "http2.headers.method", "http2.headers.status"}
	for _, f := range append(slices.Clone(counted), secretFields...) {
		args = append(args, "-e", f)
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("%v: %s", args, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		for i, value := range strings.Split(strings.TrimSuffix(line, "\n"), "\t") {
			switch {
			case value == "":
			case i < len(counted):
				m.counts[counted[i]+" "+value]++
			default:
				m.secrets[value] = true
			}
		}
	}
	return m
}

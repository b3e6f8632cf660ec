package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pion/dtls/v3"

	"github.com/wiretale/wiretale/internal/fixture/dtlstalk"
	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/proto"
)

// dtlsComparison holds Protocol, Info and all fields of DTLS against tshark's.
func dtlsComparison(t *testing.T) *comparison {
	return &comparison{
		filter: "dtls", patterns: []string{"tls/*dtls*"},
		names: append(slices.Clone(dtlsNames), fieldsOf(t, "dtls.")...),
		take:  carries(proto.DTLS), accepted: dtlsAccepted, least: 12,
	}
}

// dtlsNames are what is compared first.
var dtlsNames = []string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}

// dtlsAccepted is why a value may differ. The reasons are those of docs/compat-tshark.md, "Application protocols".
func dtlsAccepted(name, got, want string, _ []string) string {
	switch {
	case name == listColumn+"Protocol" && got == "DTLSv1.3":
		return "dtls-1.3"
	case name == listColumn+"Info" && got == "Hello Retry Request":
		return "dtls-1.3"
	case strings.HasPrefix(name, "dtls.handshake.sig_hash_alg") && strings.HasPrefix(want, got):
		return "other sig_hash_alg"
	case name == "frame.protocols" && strings.Contains(want, got+":x509"):
		return "body-layers"
	}
	return ""
}

// datagramsOf are frames with the datagrams of a conversation, between ports that mean nothing.
func datagramsOf(messages []tlstalk.Message) (frames [][]byte) {
	hosts, ports := [2]byte{1, 2}, [2]uint16{40000, 4433}
	for _, m := range messages {
		b := append(make([]byte, 12), 8, 0, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(28+len(m.Bytes)))
		b = append(b, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, hosts[m.Dir], 192, 0, 2, hosts[1-m.Dir])
		b = binary.BigEndian.AppendUint16(b, ports[m.Dir])
		b = binary.BigEndian.AppendUint16(b, ports[1-m.Dir])
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(m.Bytes)))
		frames = append(frames, append(append(b, 0, 0), m.Bytes...))
	}
	return frames
}

// TestDTLSIsTsharks compares real captures.
func TestDTLSIsTsharks(t *testing.T) {
	t.Parallel()
	dtlsComparison(t).run(t)
}

// TestSpokenDTLSIsTsharks compares what a library and OpenSSL say, with keys and without.
func TestSpokenDTLSIsTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	dir := t.TempDir()
	talks := map[string]*tlstalk.Talk{}
	for name, o := range map[string]dtlstalk.Options{
		"certificate": {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, MTU: 300},
		"cbc":         {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA},
		"psk":         {Suite: dtls.TLS_PSK_WITH_AES_128_CCM_8, PreShared: []byte{1, 2, 3}, Identity: "me"},
		"id":          {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ClientID: []byte("abc"), ServerID: []byte("defgh")},
	} {
		talk, err := dtlstalk.New(o, "the client speaks", "the server answers")
		if err != nil {
			t.Fatal(err)
		}
		talks[name] = talk
	}
	if _, err := exec.LookPath("openssl"); err == nil {
		key, log := filepath.Join(dir, "key.pem"), filepath.Join(dir, "log")
		if out, err := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", key+".crt", "-subj", "/CN=test").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		version := []string{"-dtls1", "-cipher", "AES128-SHA:@SECLEVEL=0"}
		talk, err := dtlstalk.OpenSSL(slices.Concat(version, []string{"-cert", key + ".crt", "-key", key}), slices.Concat(version, []string{"-keylogfile", log}), "ping", "pong")
		if err != nil {
			t.Fatal(err)
		}
		if talk.KeyLog, err = os.ReadFile(log); err != nil {
			t.Fatal(err)
		}
		talks["openssl"] = talk
	}
	for name, talk := range talks {
		file, keys := filepath.Join(dir, name+".pcap"), filepath.Join(dir, name+".keys")
		if os.WriteFile(file, pcapOf(datagramsOf(talk.Messages)), 0o600) != nil || os.WriteFile(keys, talk.KeyLog, 0o600) != nil {
			t.Fatal("cannot write")
		}
		for _, decrypted := range []bool{false, true} {
			c := dtlsComparison(t)
			if decrypted {
				c.secrets, c.options = new(secrets.Store), []string{"-o", "tls.keylog_file:" + keys}
				if err := c.secrets.Load(keys); err != nil {
					t.Fatal(err)
				}
			}
			if name == "id" {
				c.accepted = func(name, got, want string, row []string) string {
					if name == "dtls.record.connection_id" && want == "" || name == "dtls.app_data" && got == "" {
						return "connection-id"
					}
					return dtlsAccepted(name, got, want, row)
				}
			}
			c.least = len(talk.Messages)
			c.file(t, file)
			c.done(t)
		}
	}
}

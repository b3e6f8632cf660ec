package stream_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// TestTLSPreShared opens what OpenSSL speaks with a key that both sides had before, with that key, and with the private key of the server where RSA has a part in it.
func TestTLSPreShared(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs openssl")
	}
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const key, said = "000102030405060708090a0b0c0d0e0f10", "said with a key of old"
	der := string(x509.MarshalPKCS1PrivateKey(private))
	dir := t.TempDir()
	server, relay := opensslServer(t, dir, private, "-psk", key, "-psk_hint", "which", "-cipher", "ALL:@SECLEVEL=0", "-no_tls1_3")
	for i, suite := range []struct {
		name, version string
		exchange      string
	}{
		{"PSK-AES128-GCM-SHA256", "-tls1_2", "PSK"}, {"PSK-AES256-CBC-SHA384", "-tls1_2", "PSK"}, {"PSK-CHACHA20-POLY1305", "-tls1_2", "PSK"},
		{"PSK-AES128-CBC-SHA", "-tls1", "PSK"}, {"RSA-PSK-AES256-GCM-SHA384", "-tls1_2", "RSA_PSK"}, {"RSA-PSK-AES128-CBC-SHA", "-tls1_1", "RSA_PSK"},
		{"DHE-PSK-AES128-GCM-SHA256", "-tls1_2", "DHE_PSK"}, {"ECDHE-PSK-AES128-CBC-SHA256", "-tls1_2", "ECDHE_PSK"},
	} {
		log := filepath.Join(dir, suite.name)
		client := startPeer(t, "s_client", "-connect", relay.Addr().String(), "-psk", key, "-psk_identity", "alice of B", "-cipher", suite.name+":@SECLEVEL=0", suite.version, "-keylogfile", log)
		client.say(said)
		server.wait(said)
		client.say("Q")
		client.wait("DONE")
		relay.mu.Lock()
		talk := *relay.talks[i]
		relay.mu.Unlock()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		open := func(keys ...string) (string, string, string) {
			var files [][]byte
			for _, k := range keys {
				files = append(files, []byte(k))
			}
			r := newTLSRig(t, files...)
			r.inner = proto.Data
			r.talk(&talk, 1460, nil)
			r.streams.End()
			list, _ := stream.Accounts(r.streams)
			if len(list) != 1 {
				t.Fatalf("%s: %+v", suite.name, list)
			}
			for _, s := range append(list[0].Steps, list[0].Source, list[0].Why) {
				if strings.Contains(s, key[:12]) {
					t.Errorf("%s: a secret is told: %s", suite.name, s)
				}
			}
			return r.opened.String(), list[0].Why, list[0].Source
		}
		opens := func(what string, keys ...string) {
			t.Helper()
			if got, why, source := open(keys...); got != said+"\n" || why != "" || source == "" {
				t.Errorf("%s with %s: %q, %s, from %q", suite.name, what, got, why, source)
			}
		}
		refuses := func(what, want string, keys ...string) {
			t.Helper()
			if got, why, _ := open(keys...); got != "" || !strings.Contains(why, want) {
				t.Errorf("%s with %s: %q, %s", suite.name, what, got, why)
			}
		}
		opens("a key log", string(text))
		switch suite.exchange {
		case "PSK":
			opens("the key", "TLS_PSK "+key)
			opens("the key of the identity", "TLS_PSK alice of B "+key)
			opens("a key for others", "TLS_PSK * ffff", "TLS_PSK alice of B "+key)
			refuses("the key of another", `"alice of B" by name`, "TLS_PSK bob "+key)
			refuses("another key", "authentication fails", "TLS_PSK ff"+key)
		case "RSA_PSK":
			opens("both keys", "TLS_PSK #616c696365206f662042 "+key, der)
			refuses("the private key alone", `"alice of B" by name`, der)
			refuses("the pre-shared key alone", "nor was the private key of the server given", "TLS_PSK "+key)
		default:
			exchange, _, _ := strings.Cut(suite.exchange, "_")
			refuses("the private key", "exchanged by "+exchange, der, "TLS_PSK "+key)
		}
	}
}

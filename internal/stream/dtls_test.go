package stream_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"

	"github.com/wiretale/wiretale/internal/fixture/dtlstalk"
	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// datagramFrame is a datagram in a frame of Ethernet and IPv4.
func datagramFrame(src, dst netip.AddrPort, payload []byte) []byte {
	b := frameOf(src, dst, 0, 0, "")[:42]
	n := len(payload)
	b[16], b[17], b[23] = byte((28+n)>>8), byte(28+n), 17
	b[38], b[39], b[40], b[41] = byte((8+n)>>8), byte(8+n), 0, 0
	return append(b, payload...)
}

// datagrams sends a conversation of DTLS.
func (r *tlsRig) datagrams(messages []tlstalk.Message) {
	r.port++
	ends := [2]netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), r.port), netip.MustParseAddrPort("10.0.0.2:4433")}
	for _, m := range messages {
		r.show(datagramFrame(ends[m.Dir], ends[1-m.Dir], m.Bytes))
	}
}

// datagramRig is a rig that keeps what DTLS carries.
func datagramRig(t testing.TB, keys ...[]byte) *tlsRig {
	r := newTLSRig(t, keys...)
	r.inner = proto.Data
	return r
}

// only is the one session that a rig saw.
func (r *tlsRig) only() stream.Account {
	r.t.Helper()
	r.streams.End()
	list, _ := stream.Accounts(r.streams)
	if len(list) != 1 {
		r.t.Fatalf("%d sessions: %+v", len(list), list)
	}
	return list[0]
}

var dtlsTexts = []string{"the client speaks", "the server answers", strings.Repeat("long ", 200), "end"}

// TestDTLS opens what a library speaks: with a key log and with a pre-shared key, with and without IDs of connections, in small datagrams.
func TestDTLS(t *testing.T) {
	t.Parallel()
	key := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for name, o := range map[string]dtlstalk.Options{
		"GCM":      {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		"GCM 256":  {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, MTU: 300},
		"ChaCha20": {Suite: dtls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, ClientID: []byte{}, ServerID: []byte("of the server")},
		"CBC":      {Suite: dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, MTU: 500},
		"CCM":      {Suite: dtls.TLS_PSK_WITH_AES_128_CCM, PreShared: key, Identity: "sensor"},
		"CCM 8":    {Suite: dtls.TLS_PSK_WITH_AES_128_CCM_8, PreShared: key, Identity: "sensor", ClientID: []byte("c"), ServerID: []byte("ss")},
		"PSK CBC":  {Suite: dtls.TLS_PSK_WITH_AES_128_CBC_SHA256, PreShared: key, Identity: "sensor"},
	} {
		talk, err := dtlstalk.New(o, dtlsTexts...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keys := [][]byte{talk.KeyLog}
		if o.PreShared != nil {
			keys = append(keys, []byte("sensor:"+hex.EncodeToString(key)))
		}
		for _, k := range keys {
			r := datagramRig(t, k)
			r.datagrams(talk.Messages)
			if got := r.opened.String(); got != strings.Join(dtlsTexts, "") {
				t.Errorf("%s: %q", name, got)
			}
			if a := r.only(); a.Why != "" || a.Closed != 0 || a.Version != "DTLS 1.2" || a.Source == "" || a.ID != proto.DTLS {
				t.Errorf("%s: %+v", name, a)
			}
		}
		r := datagramRig(t, []byte("TLS_PSK * ff"))
		r.datagrams(talk.Messages)
		if a := r.only(); r.opened.Len() > 0 || a.Opened > 0 || a.Why == "" {
			t.Errorf("%s with another key: %+v", name, a)
		}
	}
}

// TestDTLSDisorder: datagrams come in another order, twice, and not all.
func TestDTLSDisorder(t *testing.T) {
	t.Parallel()
	o := dtlstalk.Options{Suite: dtls.TLS_PSK_WITH_AES_128_CBC_SHA256, PreShared: []byte{1, 2}, Identity: "x", MTU: 200}
	talk, err := dtlstalk.New(o, "one ", "two ", "three ", "four ")
	if err != nil {
		t.Fatal(err)
	}
	key := []byte("TLS_PSK 0102")
	handshake := slices.IndexFunc(talk.Messages, func(m tlstalk.Message) bool { return m.Bytes[0] == 23 })
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for range 50 {
		list := slices.Clone(talk.Messages)
		data := list[handshake : handshake+4]
		random.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
		for range 5 { // what was sent is sent again
			at := random.IntN(handshake)
			list = slices.Insert(list, at+1, list[at])
		}
		r := datagramRig(t, key)
		r.datagrams(list)
		for _, text := range []string{"one ", "two ", "three ", "four "} {
			if strings.Count(r.opened.String(), text) != 1 {
				t.Errorf("%q", r.opened.String())
			}
		}
	}
	// One that is missing is nothing to the others, unless the keys follow from it.
	for i := handshake; i < handshake+4; i++ {
		r := datagramRig(t, key)
		r.datagrams(slices.Delete(slices.Clone(talk.Messages), i, i+1))
		if got := len(strings.Fields(r.opened.String())); got != 3 {
			t.Errorf("without datagram %d: %q", i, r.opened.String())
		}
	}
	for i := range handshake {
		for _, k := range [][]byte{key, talk.KeyLog} {
			r := datagramRig(t, k)
			r.datagrams(slices.Delete(slices.Clone(talk.Messages), i, i+1))
			r.streams.End()
			list, _ := stream.Accounts(r.streams)
			if got := len(strings.Fields(r.opened.String())); got != 4 && (len(list) == 0 || list[0].Why == "") {
				t.Errorf("without datagram %d: %q, and no reason: %+v", i, r.opened.String(), list)
			}
		}
	}
}

// TestDTLSAgain: the same endpoints begin another association.
func TestDTLSAgain(t *testing.T) {
	t.Parallel()
	var log []byte
	var all []tlstalk.Message
	for range 2 {
		talk, err := dtlstalk.New(dtlstalk.Options{}, "again ", "and again ")
		if err != nil {
			t.Fatal(err)
		}
		all, log = append(all, talk.Messages...), append(log, talk.KeyLog...)
	}
	r := datagramRig(t, log)
	r.datagrams(all)
	r.streams.End()
	list, _ := stream.Accounts(r.streams)
	if got := r.opened.String(); got != "again and again again and again " || len(list) != 2 || list[0].Why+list[1].Why != "" {
		t.Errorf("%q, %+v", got, list)
	}
}

// TestDTLSOpenSSL opens what OpenSSL speaks, with the private key of the server where RSA exchanges keys, and with a key log.
func TestDTLSOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs openssl")
	}
	t.Parallel()
	dir := t.TempDir()
	private, file := certified(t, dir)
	der := x509.MarshalPKCS1PrivateKey(private)
	for i, c := range []struct {
		version, suite string
		more           []string
		rsa            bool
	}{
		{"-dtls1", "AES128-SHA", nil, true}, {"-dtls1", "ECDHE-RSA-AES256-SHA", nil, false},
		{"-dtls1_2", "AES256-SHA256", []string{"-mtu", "300"}, true}, {"-dtls1_2", "AES128-GCM-SHA256", nil, true},
		{"-dtls1_2", "AES256-CCM8", nil, true}, {"-dtls1_2", "CAMELLIA128-SHA", nil, true}, {"-dtls1_2", "ARIA256-GCM-SHA384", nil, true},
		{"-dtls1_2", "ECDHE-RSA-CHACHA20-POLY1305", nil, false}, {"-dtls1_2", "NULL-SHA256", nil, true},
	} {
		log := filepath.Join(dir, fmt.Sprint(i))
		cipher := []string{c.version, "-cipher", c.suite + ":@SECLEVEL=0"}
		talk, err := dtlstalk.OpenSSL(slices.Concat(cipher, []string{"-cert", file, "-key", file}, c.more), slices.Concat(cipher, []string{"-keylogfile", log}, c.more), "from the client", "from the server")
		if err != nil {
			t.Errorf("%s %s: %v", c.version, c.suite, err)
			continue
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		keys := [][]byte{text}
		if c.rsa {
			keys = append(keys, der)
		} else {
			r := datagramRig(t, der)
			r.datagrams(talk.Messages)
			if a := r.only(); a.Opened > 0 || !strings.Contains(a.Why, "exchanged by ECDHE") {
				t.Errorf("%s %s: %+v", c.version, c.suite, a)
			}
		}
		for _, k := range keys {
			r := datagramRig(t, k)
			r.datagrams(talk.Messages)
			if got := r.opened.String(); got != "from the client\nfrom the server\n" {
				t.Errorf("%s %s: %q", c.version, c.suite, got)
			}
			if a := r.only(); a.Why != "" || a.Closed != 0 {
				t.Errorf("%s %s: %+v", c.version, c.suite, a)
			}
		}
	}
}

// certified is a private key of RSA, and a file with it and a certificate.
func certified(t *testing.T, dir string) (*rsa.PrivateKey, string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	pem.Encode(&text, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	file := filepath.Join(dir, "server.pem")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return private, file
}

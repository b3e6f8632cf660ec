package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/proto"
)

// A recorder is a side of a connection whose writes become segments.
type recorder struct {
	net.Conn
	talk *segmentTalk
	dir  int
	mu   *sync.Mutex
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	r.talk.say(r.dir, string(b))
	r.mu.Unlock()
	return r.Conn.Write(b)
}

// inTLS runs lines of a talk, C: and S: in turn, over TLS of a version, as segments of k, and returns the key log.
func inTLS(t *testing.T, k *segmentTalk, version uint16, text string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var keyLog bytes.Buffer
	config := &tls.Config{
		MinVersion: version, MaxVersion: version, SessionTicketsDisabled: true, InsecureSkipVerify: true, KeyLogWriter: &keyLog,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	var mu sync.Mutex
	sides := [2]*tls.Conn{tls.Client(&recorder{a, k, 0, &mu}, config), tls.Server(&recorder{b, k, 1, &mu}, &tls.Config{Certificates: config.Certificates, SessionTicketsDisabled: true})}
	var done sync.WaitGroup
	for i, side := range sides {
		done.Go(func() {
			for one := range strings.Lines(text) {
				said := strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n")
				var err error
				if strings.Index("CS", one[:1]) == i {
					_, err = side.Write([]byte(said))
				} else {
					_, err = io.ReadFull(side, make([]byte, len(said)))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
	return keyLog.Bytes()
}

// TestSTARTTLSIsTsharks compares connections of mail that go over to TLS: what is inside is the protocol that they were.
func TestSTARTTLSIsTsharks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of            *comparison
		port          uint16
		before, after string
	}{
		{mailComparison(t, "smtp", proto.SMTP, smtpAccepted), 25, "S: 220 mx ESMTP\\n\nC: EHLO me\\n\nS: 250 STARTTLS\\n\nC: STARTTLS\\n\nS: 220 go\\n\n", strings.ReplaceAll(smtpTalk, "S: 220 mx ESMTP ready\\n\n", "")},
		{mailComparison(t, "pop", proto.POP, popAccepted), 110, "S: +OK POP3\\n\nC: STLS\\n\nS: +OK go\\n\n", strings.ReplaceAll(popTalk, "S: +OK POP3 ready <1@x>\\n\n", "")},
		{mailComparison(t, "imap", proto.IMAP, imapAccepted), 143, "S: * OK IMAP4\\n\nC: a STARTTLS\\n\nS: a OK go\\n\n", strings.ReplaceAll(imapTalk, "S: * OK IMAP4rev1 ready\\n\n", "")},
	} {
		k := segmentTalk{ports: [2]uint16{40000, c.port}}
		for one := range strings.Lines(c.before) {
			k.say(strings.Index("CS", one[:1]), strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n"))
		}
		clear := len(k.frames)
		version := uint16(tls.VersionTLS12)
		if c.port == 25 {
			version = tls.VersionTLS13
		}
		keyLog := inTLS(t, &k, version, c.after)
		c.of.secrets = new(secrets.Store)
		if err := c.of.secrets.Read(bytes.NewReader(keyLog), "keys"); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		file, keys := filepath.Join(dir, c.of.filter+".pcap"), filepath.Join(dir, "keys.log")
		if os.WriteFile(file, pcapOf(k.frames), 0o600) != nil || os.WriteFile(keys, keyLog, 0o600) != nil {
			t.Fatal("cannot write")
		}
		c.of.options = []string{"-o", "tls.keylog_file:" + keys}
		c.of.file(t, file)
		t.Logf("%s: %d rows and %d values compared; accepted differences: %v", c.of.filter, c.of.rows, c.of.values, c.of.reasons)
		if least := clear + strings.Count(c.after, "\n")/2; c.of.rows < least {
			t.Errorf("%s: %d rows compared, of %d at least", c.of.filter, c.of.rows, least)
		}
	}
}

// goneOver are connections that go over to TLS behind what no protocol here takes apart, and inside of TLS: what both sides say in clear first, and the bytes in TLS.
var goneOver = []struct {
	name              string
	port              uint16
	clear             []string
	hops              []tlstalk.Hop
	request, response string
}{
	{"rdp", 3389, []string{"C:\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", "S:\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00"}, nil, "\x30\x05\xa0\x03\x02\x01\x06", "\x30\x05\xa0\x03\x02\x01\x06"},
	{"ftp", 21, []string{"S:220 files\r\n", "C:AUTH TLS\r\n", "S:234 go\r\n"}, nil, "USER me\r\n", "331 and a password\r\n"},
	{"xmpp", 5222, []string{"C:<stream:stream to='im.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>", "S:<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
		"C:<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "S:<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}, nil, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AG1lAGh1c2g=</auth>", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"},
	{"pgsql", 5432, []string{"C:\x00\x00\x00\x08\x04\xd2\x16\x2f", "S:S"}, nil, "Q\x00\x00\x00\x0dselect 1\x00", "Z\x00\x00\x00\x05I"},
	{"connect", 3128, []string{"C:CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n", "S:HTTP/1.1 200 Connection established\r\n\r\n"}, nil, "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n"},
}

// goneOverFile writes the connection as a capture with its key log.
func goneOverFile(t *testing.T, i int, version uint16) (file, keys string) {
	t.Helper()
	c := &goneOver[i]
	talk, err := tlstalk.Through(c.hops, tlstalk.Options{Version: version}, []byte(c.request), []byte(c.response))
	if err != nil {
		t.Fatal(err)
	}
	k := segmentTalk{ports: [2]uint16{40000, c.port}}
	for _, one := range c.clear {
		k.say(strings.Index("CS", one[:1]), one[2:])
	}
	for _, m := range talk.Messages {
		k.say(m.Dir, string(m.Bytes))
	}
	dir := t.TempDir()
	file, keys = filepath.Join(dir, c.name+".pcap"), filepath.Join(dir, "keys.log")
	if os.WriteFile(file, pcapOf(k.frames), 0o600) != nil || os.WriteFile(keys, talk.KeyLog, 0o600) != nil {
		t.Fatal("cannot write")
	}
	return file, keys
}

// TestFollowGoneOverIsTsharks compares what is inside of connections that go over to TLS with what tshark follows there.
func TestFollowGoneOverIsTsharks(t *testing.T) {
	t.Parallel()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	for i := range goneOver {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			file, keys := goneOverFile(t, i, version)
			if n := compareFollow(t, tshark, file, "tls", keys); n != 1 && goneOver[i].name != "rdp" { // which tshark takes for more of TPKT
				t.Errorf("%s: nothing was compared", goneOver[i].name)
			}
			var got strings.Builder
			if code := run(t.Context(), []string{"follow", "-q", "--tls", "--as", "raw", "--keys", keys, file}, nil, &got, io.Discard); code != exitOK || got.String() != goneOver[i].request+goneOver[i].response {
				t.Errorf("%s, %s: exit code %d, %q", goneOver[i].name, tls.VersionName(version), code, got.String())
			}
		}
	}
}

// TestClearGoneOverIsRead: tshark reads the protocol itself in what decrypt writes of such connections, from the first packet to the last, and TLS nowhere.
func TestClearGoneOverIsRead(t *testing.T) {
	t.Parallel()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	for i, filter := range []string{"tpkt", "ftp.request.command == USER", "xmpp.auth", "pgsql.query", "http.response.code == 204"} {
		file, keys := goneOverFile(t, i, tls.VersionTLS13)
		out := filepath.Join(t.TempDir(), "clear.pcapng")
		decrypted(t, "--keys", keys, file, "-w", out)
		for filter, want := range map[string]bool{filter: true, "tls": false, "_ws.malformed": false, "tcp.analysis.flags": false} {
			list, err := exec.Command(tshark, "-n", "-r", out, "-Y", filter).Output()
			if err != nil || len(list) > 0 != want {
				t.Errorf("%s: %s passes %q, %v", goneOver[i].name, filter, list, err)
			}
		}
	}
}

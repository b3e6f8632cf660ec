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
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

package stream_test

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
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
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// A peer is a program of openssl: lines go in, and what comes out is waited for.
type peer struct {
	t   *testing.T
	in  io.WriteCloser
	out chan string
}

// startPeer runs openssl with its output and errors as lines.
func startPeer(t *testing.T, args ...string) *peer {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &peer{t, in, make(chan string, 1000)}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
		w.Close()
	})
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			p.out <- lines.Text()
		}
		close(p.out)
		io.Copy(io.Discard, r)
	}()
	return p
}

func (p *peer) say(line string) { io.WriteString(p.in, line+"\n") }

// wait waits for a line that has a text.
func (p *peer) wait(text string) {
	p.t.Helper()
	for patience := time.After(20 * time.Second); ; {
		select {
		case line, ok := <-p.out:
			if !ok {
				p.t.Fatalf("openssl ended before it said %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-patience:
			p.t.Fatalf("openssl did not say %q", text)
		}
	}
}

// A relay notes what passes it on the way to a server, of each connection apart.
type relay struct {
	net.Listener
	mu    sync.Mutex
	talks []*tlstalk.Talk
}

func (r *relay) serve(to string) {
	for {
		c, err := r.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", to)
		if err != nil {
			c.Close()
			continue
		}
		talk := new(tlstalk.Talk)
		r.mu.Lock()
		r.talks = append(r.talks, talk)
		r.mu.Unlock()
		for dir, pair := range [2][2]net.Conn{{c, s}, {s, c}} {
			go func() {
				defer pair[1].Close()
				for b := make([]byte, 1<<16); ; {
					n, err := pair[0].Read(b)
					if n > 0 {
						r.mu.Lock()
						talk.Messages = append(talk.Messages, tlstalk.Message{Dir: dir, Bytes: bytes.Clone(b[:n])})
						r.mu.Unlock()
						pair[1].Write(b[:n])
					}
					if err != nil {
						return
					}
				}
			}()
		}
	}
}

// opensslServer starts a server with a certificate for a key, and a relay before it.
func opensslServer(t *testing.T, dir string, key crypto.Signer, args ...string) (*peer, *relay) {
	cert := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "server.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Listener
	for i := range ends {
		if ends[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	to := ends[1].Addr().String()
	ends[1].Close()
	s := startPeer(t, append([]string{"s_server", "-accept", to, "-cert", file, "-key", file}, args...)...)
	s.wait("ACCEPT")
	r := &relay{Listener: ends[0]}
	t.Cleanup(func() { r.Close() })
	go r.serve(to)
	return s, r
}

// TestTLSOpenSSL opens what OpenSSL speaks and the standard library does not: KeyUpdate of both sides, and early data.
func TestTLSOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs openssl")
	}
	t.Parallel()
	dir := t.TempDir()
	log, session, early := filepath.Join(dir, "log"), filepath.Join(dir, "session"), filepath.Join(dir, "early")
	if err := os.WriteFile(early, []byte("said early\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server, relay := opensslServer(t, dir, key, "-tls1_3", "-early_data")
	connect := func(args ...string) *peer {
		return startPeer(t, append([]string{"s_client", "-connect", relay.Addr().String(), "-keylogfile", log, "-servername", "shop.test"}, args...)...)
	}
	client := connect("-sess_out", session)
	client.say("first of the client")
	server.wait("first of the client")
	client.say("K") // and the server is to do the same
	client.wait("KEYUPDATE")
	client.say("second of the client")
	server.wait("second of the client")
	server.say("first of the server")
	client.wait("first of the server")
	server.say("k")
	client.say("third of the client") // which the server reads behind its own line
	server.wait("third of the client")
	server.say("second of the server")
	client.wait("second of the server")
	client.say("Q")
	client.wait("DONE")
	client = connect("-sess_in", session, "-early_data", early)
	server.wait("said early")
	client.say("said late")
	server.wait("said late")
	client.say("Q")
	client.wait("DONE")

	keys, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"first of the client\nsecond of the client\nfirst of the server\nthird of the client\nsecond of the server\n", "said early\nsaid late\n"} {
		r := newTLSRig(t, keys)
		r.inner = proto.Data
		relay.mu.Lock()
		r.talk(relay.talks[i], 1460, nil)
		relay.mu.Unlock()
		if got := r.opened.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		r.streams.End()
		list, _ := stream.Accounts(r.streams)
		if len(list) != 1 || list[0].Why != "" || list[0].Closed != 0 {
			t.Errorf("%+v", list)
		}
		if updates := strings.Count(strings.Join(list[0].Steps, "\n"), "are updated"); i == 0 && updates < 2 {
			t.Errorf("%d updates of keys: %q", updates, list[0].Steps)
		}
	}
}

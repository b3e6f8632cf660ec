package stream_test

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/packet"
	store "github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// A tlsRig follows conversations of TLS with keys.
type tlsRig struct {
	*rig
	seen bytes.Buffer // messages of HTTP
	// server is the port that is talked to, 0 for 443.
	server uint16
	// inner, when set, is the protocol that opened keeps what was opened of.
	inner  proto.ID
	opened bytes.Buffer
	port   uint16
	seq    [2]uint32
	// delay says how many segments later one of a direction is captured.
	delay func(dir, i int) int
	late  []delayed
}

type delayed struct {
	data []byte
	left int
}

func newTLSRig(t testing.TB, keys ...[]byte) *tlsRig {
	r := &tlsRig{rig: newRig(t), port: 50000}
	r.unlock(keys...)
	return r
}

// unlock gives keys before the first segment.
func (r *tlsRig) unlock(keys ...[]byte) {
	s := new(store.Store)
	for _, k := range keys {
		if err := s.Read(bytes.NewReader(k), "keys"); err != nil {
			r.t.Fatal(err)
		}
	}
	r.streams.Unlock(store.NewLearned(s))
}

// talk sends a conversation in segments of so many bytes. drop says which segments of a direction are not captured.
func (r *tlsRig) talk(talk *tlstalk.Talk, size int, drop func(dir, i int) bool) {
	r.port++
	r.seq = [2]uint32{100, 200}
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1"), netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), cmp.Or(r.server, 443))}
	ends[0] = netip.AddrPortFrom(ends[0].Addr(), r.port)
	n := [2]int{}
	for _, m := range talk.Messages {
		if m.Dir == 0 { // what it acknowledges has come
			r.flush()
		}
		for part := range slices.Chunk(m.Bytes, size) {
			data := frameOf(ends[m.Dir], ends[1-m.Dir], r.seq[m.Dir], ack, string(part))
			binary.BigEndian.PutUint32(data[42:], r.seq[1-m.Dir])
			r.seq[m.Dir] += uint32(len(part))
			n[m.Dir]++
			if drop != nil && drop(m.Dir, n[m.Dir]-1) {
				continue
			}
			if r.delay != nil && r.delay(m.Dir, n[m.Dir]-1) > 0 {
				r.late = append(r.late, delayed{data, r.delay(m.Dir, n[m.Dir]-1)})
				continue
			}
			r.show(data)
			for i := 0; i < len(r.late); i++ {
				if r.late[i].left--; r.late[i].left < 0 {
					r.show(r.late[i].data)
					r.late = slices.Delete(r.late, i, i+1)
					i--
				}
			}
		}
	}
	r.flush()
}

// flush captures what is late.
func (r *tlsRig) flush() {
	for _, l := range r.late {
		r.show(l.data)
	}
	r.late = nil
}

// show feeds a segment and keeps what there is of HTTP in it.
func (r *tlsRig) show(data []byte) {
	r.feed(data, 0)
	p := &r.packet
	for i := range p.N {
		p.NoteOf(i)
		if p.Layers[i].Proto == proto.HTTP {
			r.seen.Write(p.Bytes(i))
		}
		if l := &p.Layers[i]; l.Proto == r.inner && r.inner != proto.None && r.wasOpened(l) {
			r.opened.Write(p.Bytes(i))
		}
	}
}

// wasOpened reports whether a layer lies in bytes that were opened, or in a message put together from such.
func (r *tlsRig) wasOpened(l *packet.Layer) bool {
	first := slices.IndexFunc(r.packet.Units, func(u packet.Unit) bool { return u.Opened != "" })
	return first >= 0 && int(l.Unit) > first
}

const asked = "GET /secret HTTP/1.1\r\nHost: shop.test\r\n\r\n"

func responseOf(n int) []byte {
	body := make([]byte, n)
	for i := range body {
		body[i] = byte('a' + i%26)
	}
	return append(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", n), body...)
}

var versions = map[string]uint16{"TLS 1.0": tls.VersionTLS10, "TLS 1.1": tls.VersionTLS11, "TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// TestTLS opens conversations of all versions and kinds of ciphers that the standard library speaks.
func TestTLS(t *testing.T) {
	response := responseOf(40_000)
	for name, version := range versions {
		for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			if !slices.Contains(suite.SupportedVersions, version) || version == tls.VersionTLS13 && suite.ID != tls.TLS_AES_128_GCM_SHA256 || strings.Contains(suite.Name, "ECDSA") {
				continue
			}
			o := tlstalk.Options{Version: version, Suite: suite.ID}
			if version == tls.VersionTLS13 {
				o.Suite = 0
			}
			talk, err := tlstalk.New(o, []byte(asked), response)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, suite.Name, err)
			}
			keys := map[string][]byte{"key log": talk.KeyLog}
			if strings.HasPrefix(suite.Name, "TLS_RSA_") {
				keys["private key"] = talk.PrivateKey
			}
			for kind, key := range keys {
				for _, size := range []int{1460, 100_000} {
					r := newTLSRig(t, key)
					r.talk(talk, size, nil)
					if got := r.seen.String(); got != asked+string(response) {
						t.Errorf("%s, %s with %s in segments of %d: %d bytes of HTTP, want %d", name, suite.Name, kind, size, len(got), len(asked)+len(response))
					}
					r.streams.End()
					list, _ := stream.Accounts(r.streams)
					if len(list) != 1 || list[0].Version != name || list[0].Why != "" || list[0].Closed != 0 || list[0].Bytes != int64(len(asked)+len(response)) || list[0].Name != "shop.test" {
						t.Errorf("%s, %s with %s: %+v", name, suite.Name, kind, list)
					}
				}
			}
		}
	}
}

// TestTLSResumed: sessions that go on with an earlier one are opened with the private key, when that one was seen.
func TestTLSResumed(t *testing.T) {
	o := tlstalk.Options{Version: tls.VersionTLS12, Suite: tls.TLS_RSA_WITH_AES_128_GCM_SHA256, Cache: tls.NewLRUClientSessionCache(1)}
	o.Server = tlstalk.ServerConfig(o)
	var talks [2]*tlstalk.Talk
	for i := range talks {
		var err error
		if talks[i], err = tlstalk.New(o, []byte(asked), responseOf(100)); err != nil {
			t.Fatal(err)
		}
	}
	r := newTLSRig(t, talks[0].PrivateKey)
	r.talk(talks[0], 1460, nil)
	r.talk(talks[1], 1460, nil)
	if want := strings.Repeat(asked+string(responseOf(100)), 2); r.seen.String() != want {
		t.Errorf("%q, want %q", r.seen.String(), want)
	}
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 2 || list[1].Resumed != "a ticket" || !strings.HasPrefix(list[1].Source, "the session of frame 1 (private key keys (RSA of 2048 bits") {
		t.Errorf("%+v", list)
	}
	r = newTLSRig(t, talks[0].PrivateKey)
	r.talk(talks[1], 1460, nil)
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); r.seen.Len() > 0 || len(list) != 1 || !strings.Contains(list[0].Why, "session that is not in the capture") {
		t.Errorf("%q, %+v", r.seen.String(), list)
	}
}

// TestTLSRetry: the second hello goes on with the first.
func TestTLSRetry(t *testing.T) {
	talk, err := tlstalk.New(tlstalk.Options{Version: tls.VersionTLS13, Retry: true}, []byte(asked), responseOf(10))
	if err != nil {
		t.Fatal(err)
	}
	r := newTLSRig(t, talk.KeyLog)
	r.talk(talk, 1460, nil)
	if r.seen.String() != asked+string(responseOf(10)) {
		t.Errorf("%q", r.seen.String())
	}
}

// TestTLSWhyNot: each session that stays closed says why.
func TestTLSWhyNot(t *testing.T) {
	other := "CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48)
	for _, c := range []struct {
		version, suite uint16
		private        bool
		skip           int // messages that are not captured
		want           string
	}{
		{tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true, 0, "the private key cannot decrypt it, as its keys are exchanged by ECDHE: a key log with this session is needed"},
		{tls.VersionTLS13, 0, true, 0, "the private key cannot decrypt TLS 1.3: a key log with this session is needed"},
		{tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, false, 0, "the key logs given have no line for it: a key log of this session is needed"},
		{tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA, false, 0, "neither a key log given has a line for it, nor was the private key of the server given"},
		{tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA, true, 4, "its handshake is not in the capture: start the capture before the connection"},
		{tls.VersionTLS13, 0, true, 4, "its handshake is not in the capture: start the capture before the connection"},
	} {
		talk, err := tlstalk.New(tlstalk.Options{Version: c.version, Suite: c.suite}, []byte(asked), responseOf(10))
		if err != nil {
			t.Fatal(err)
		}
		key := []byte(other)
		if c.private {
			key = talk.PrivateKey
		}
		talk.Messages = talk.Messages[c.skip:]
		r := newTLSRig(t, key)
		r.talk(talk, 1460, nil)
		r.streams.End()
		list, _ := stream.Accounts(r.streams)
		if r.seen.Len() > 0 || len(list) != 1 || list[0].Why != c.want || list[0].Opened != 0 || list[0].Closed == 0 {
			t.Errorf("%+v: %q, %+v", c, r.seen.String(), list)
		}
	}
}

// TestTLSLoss: behind bytes that are missing, records are opened again from the next one on.
func TestTLSLoss(t *testing.T) {
	response := responseOf(300_000)
	for _, c := range []struct{ version, suite uint16 }{
		{tls.VersionTLS13, 0}, {tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, {tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		{tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}, {tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA}, {tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
		{tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA}, {tls.VersionTLS10, tls.TLS_RSA_WITH_RC4_128_SHA},
	} {
		talk, err := tlstalk.New(tlstalk.Options{Version: c.version, Suite: c.suite}, []byte(asked), response)
		if err != nil {
			t.Fatal(err)
		}
		all := newTLSRig(t, talk.KeyLog)
		all.talk(talk, 1460, nil)
		all.streams.End()
		whole, _ := stream.Accounts(all.streams)
		for name, drop := range map[string]func(dir, i int) bool{
			"a segment":          func(dir, i int) bool { return dir == 1 && i == 60 },
			"several":            func(dir, i int) bool { return dir == 1 && i >= 60 && i < 90 },
			"here and there":     func(dir, i int) bool { return dir == 1 && i > 20 && i%50 == 0 },
			"all of the request": func(dir, i int) bool { return dir == 0 && i >= 3 },
		} {
			r := newTLSRig(t, talk.KeyLog)
			r.talk(talk, 1460, drop)
			r.streams.End()
			list, _ := stream.Accounts(r.streams)
			if len(list) != 1 || list[0].Opened+8 < whole[0].Opened {
				t.Errorf("%s, %s: %d of %d records, %d of %d bytes: %s", tls.VersionName(c.version)+" "+tls.CipherSuiteName(c.suite), name, list[0].Opened, whole[0].Opened, list[0].Bytes, whole[0].Bytes, list[0].Why)
			}
		}
	}
}

// TestTLSDisorder: segments that are captured out of their order, or sent again, change nothing.
func TestTLSDisorder(t *testing.T) {
	response := responseOf(300_000)
	for _, c := range []struct{ version, suite uint16 }{
		{tls.VersionTLS13, 0}, {tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA}, {tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA}, {tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA},
	} {
		talk, err := tlstalk.New(tlstalk.Options{Version: c.version, Suite: c.suite}, []byte(asked), response)
		if err != nil {
			t.Fatal(err)
		}
		for name, late := range map[string]int{"by one": 1, "by twenty": 20, "by a hundred": 100} {
			r := newTLSRig(t, talk.KeyLog)
			r.delay = func(dir, i int) int {
				if dir == 1 && i > 5 && i%37 == 0 {
					return late
				}
				return 0
			}
			r.talk(talk, 1460, nil)
			if got := r.seen.String(); got != asked+string(response) {
				t.Errorf("%s, late %s: %d bytes of %d", tls.VersionName(c.version), name, len(got), len(asked)+len(response))
			}
			r.streams.End()
			if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Closed != 0 {
				t.Errorf("%s, late %s: %+v", tls.VersionName(c.version), name, list)
			}
			if held := r.streams.Held(); held > 1<<16 {
				t.Errorf("%d bytes are held", held)
			}
		}
	}
}

// TestTLSLetter: the first byte of a text has a record of its own in TLS 1.0, and what is inside is known with the bytes behind it on any port.
func TestTLSLetter(t *testing.T) {
	talk, err := tlstalk.New(tlstalk.Options{Version: tls.VersionTLS10, Suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}, []byte(asked), responseOf(5000))
	if err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"both records in a segment": 1460, "a record in several segments": 7} {
		r := newTLSRig(t, talk.PrivateKey)
		r.server, r.inner = 4711, proto.HTTP
		r.talk(talk, size, nil)
		if got := r.opened.String(); got != asked+string(responseOf(5000)) {
			t.Errorf("%s: %.200q", name, got)
		}
	}
	for _, one := range []string{"G", "\x16"} { // nothing behind it, and what is no message of HTTP
		talk, err := tlstalk.New(tlstalk.Options{Version: tls.VersionTLS12}, []byte(one), []byte("S"))
		if err != nil {
			t.Fatal(err)
		}
		r := newTLSRig(t, talk.KeyLog)
		r.server, r.inner = 4711, proto.HTTP
		r.talk(talk, 1460, nil)
		if r.opened.Len() > 0 {
			t.Errorf("%q", r.opened.String())
		}
	}
}

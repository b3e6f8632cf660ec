package stream_test

import (
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// What the standard library does not speak is written here: records of TLS, with keys of their own. Nobody checks a Finished who only listens.

// A made is a conversation that is written down.
type made struct {
	messages       []tlstalk.Message
	client, server [32]byte // randoms
}

func newMade() *made {
	m := new(made)
	for i := range m.client {
		m.client[i], m.server[i] = byte(i+1), byte(200-i)
	}
	return m
}

func (m *made) say(dir int, b []byte) {
	m.messages = append(m.messages, tlstalk.Message{Dir: dir, Bytes: b})
}

func (m *made) talk() *tlstalk.Talk { return &tlstalk.Talk{Messages: m.messages} }

func vector16(b string) string { return string(binary.BigEndian.AppendUint16(nil, uint16(len(b)))) + b }

func extension(kind uint16, body string) string {
	return string(binary.BigEndian.AppendUint16(nil, kind)) + vector16(body)
}

func clearRecord(kind byte, body string) []byte {
	return append([]byte{kind, 3, 3}, vector16(body)...)
}

func shake(kind byte, body string) string {
	return string([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}) + body
}

// hello is that of the client, with methods of compression.
func (m *made) hello(suite uint16, methods string, extensions ...string) {
	body := "\x03\x03" + string(m.client[:]) + "\x00" + vector16(string(binary.BigEndian.AppendUint16(nil, suite))) + string([]byte{byte(len(methods))}) + methods
	m.say(0, clearRecord(22, shake(1, body+vector16(strings.Join(extensions, "")))))
}

// answer is the hello of the server.
func (m *made) answer(random [32]byte, version, suite uint16, method byte, extensions ...string) {
	body := string(binary.BigEndian.AppendUint16(nil, version)) + string(random[:]) + "\x00" + string(binary.BigEndian.AppendUint16(nil, suite)) + string([]byte{method})
	m.say(1, clearRecord(22, shake(2, body+vector16(strings.Join(extensions, "")))))
}

// A sealer13 writes records of TLS_AES_128_GCM_SHA256 (RFC 8446, 5.2).
type sealer13 struct {
	secret []byte
	seq    uint64
}

func expandLabel(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	b, err := hkdf.Expand(sha256.New, secret, string([]byte{0, byte(n), byte(len(label))})+label+"\x00", n)
	if err != nil {
		panic(err)
	}
	return b
}

func (s *sealer13) seal(kind byte, text string, padding int) []byte {
	block, _ := aes.NewCipher(expandLabel(s.secret, "key", 16))
	aead, _ := cipher.NewGCM(block)
	nonce := expandLabel(s.secret, "iv", 12)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^s.seq)
	s.seq++
	inner := append(append([]byte(text), kind), make([]byte, padding)...)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+16))
	return aead.Seal(head, nonce, inner, head)
}

// update goes on with the next secret (RFC 8446, 7.2).
func (s *sealer13) update() { s.secret, s.seq = expandLabel(s.secret, "traffic upd", 32), 0 }

// A made13 is a conversation of TLS 1.3.
type made13 struct {
	*made
	early             sealer13
	handshake, data   [2]sealer13
	withoutEarly, log []byte
}

func newMade13() *made13 {
	m := &made13{made: newMade()}
	var log, rest strings.Builder
	for i, one := range []struct {
		label string
		to    *sealer13
	}{
		{"CLIENT_EARLY_TRAFFIC_SECRET", &m.early}, {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", &m.handshake[0]}, {"SERVER_HANDSHAKE_TRAFFIC_SECRET", &m.handshake[1]},
		{"CLIENT_TRAFFIC_SECRET_0", &m.data[0]}, {"SERVER_TRAFFIC_SECRET_0", &m.data[1]},
	} {
		one.to.secret = bytes.Repeat([]byte{byte(i + 1)}, 32)
		line := fmt.Sprintf("%s %x %x\n", one.label, m.client, one.to.secret)
		if log.WriteString(line); i > 0 {
			rest.WriteString(line)
		}
	}
	m.log, m.withoutEarly = []byte(log.String()), []byte(rest.String())
	return m
}

var versions13 = extension(43, "\x02\x03\x04")

func (m *made13) answer13() { m.answer(m.server, 0x0303, 0x1301, 0, extension(43, "\x03\x04")) }

// finish ends the handshake of a side.
func (m *made13) finish(dir int) {
	text := shake(20, strings.Repeat("f", 32))
	if dir == 1 {
		text = shake(8, "\x00\x00") + text
	}
	m.say(dir, m.handshake[dir].seal(22, text, 0))
}

func (m *made13) send(dir int, text string) { m.say(dir, m.data[dir].seal(23, text, 0)) }

// TestTLSKeyUpdate: each side goes on with the next secret behind its KeyUpdate, as often as it likes.
func TestTLSKeyUpdate(t *testing.T) {
	m := newMade13()
	m.hello(0x1301, "\x00", versions13)
	m.answer13()
	m.finish(1)
	m.finish(0)
	var want string
	for i := range 4 {
		ask, answer := fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: shop.test\r\n\r\n", i), string(responseOf(3000+i))
		want += ask + answer
		m.send(0, ask)
		m.send(1, answer[:1000])
		if i != 1 {
			m.say(1, m.data[1].seal(22, shake(24, "\x01"), 7))
			m.data[1].update()
		}
		m.send(1, answer[1000:])
		if i > 0 {
			m.say(0, m.data[0].seal(22, shake(24, "\x00"), 0))
			m.data[0].update()
		}
	}
	r := newTLSRig(t, m.log)
	r.talk(m.talk(), 500, nil)
	if got := r.seen.String(); got != want {
		t.Errorf("%d bytes of %d", len(got), len(want))
	}
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Closed != 0 || list[0].Why != "" || strings.Count(strings.Join(list[0].Steps, "\n"), "are updated") != 6 {
		t.Errorf("%+v", list)
	}
}

// TestTLSKeyUpdateLost: a KeyUpdate among bytes that are missing is found by trying.
func TestTLSKeyUpdateLost(t *testing.T) {
	m := newMade13()
	m.hello(0x1301, "\x00", versions13)
	m.answer13()
	m.finish(1)
	m.finish(0)
	m.send(0, asked)
	m.send(1, string(responseOf(100)))
	m.send(1, "lost")
	update := len(m.messages)
	m.say(1, m.data[1].seal(22, shake(24, "\x00"), 0))
	m.data[1].update()
	m.send(1, "lost too")
	m.send(1, string(responseOf(200)))
	m.say(1, m.data[1].seal(22, shake(24, "\x00"), 0))
	m.data[1].update()
	m.send(1, string(responseOf(300)))
	dropped := 0
	for _, one := range m.messages[:update] {
		dropped += one.Dir
	}
	r := newTLSRig(t, m.log)
	r.talk(m.talk(), 1460, func(dir, i int) bool { return dir == 1 && i >= dropped-1 && i <= dropped+1 })
	r.streams.End()
	want := int64(len(asked) + len(responseOf(100)) + len(responseOf(200)) + len(responseOf(300)))
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Closed != 0 || list[0].Bytes != want || !strings.Contains(strings.Join(list[0].Steps, "\n"), "were updated in bytes that are missing") {
		t.Errorf("%+v", list)
	}
}

// TestTLSEarlyData: what a client sends before the handshake is done is opened with its own secret; without it, or when the server does not take it, all that follows is opened nevertheless.
func TestTLSEarlyData(t *testing.T) {
	const first, second = "GET /early HTTP/1.1\r\nHost: shop.test\r\n\r\n", "GET /late HTTP/1.1\r\nHost: shop.test\r\n\r\n"
	response := string(responseOf(500))
	for name, c := range map[string]struct {
		withSecret, taken, retried bool
		want                       string
		closed                     int64
	}{
		"taken":                     {true, true, false, first + response + second + response, 0},
		"taken, no secret":          {false, true, false, response + second + response, 3},
		"not taken":                 {true, false, false, first + second + response, 0},
		"not taken, no secret":      {false, false, false, second + response, 2},
		"a retry":                   {true, false, true, first + second + response, 0},
		"a retry, without a secret": {false, false, true, second + response, 2},
	} {
		m := newMade13()
		m.hello(0x1301, "\x00", versions13, extension(42, ""))
		m.say(0, m.early.seal(23, first[:20], 0))
		m.say(0, m.early.seal(23, first[20:], 9))
		if c.retried {
			m.answer([32]byte([]byte("\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c")), 0x0303, 0x1301, 0, extension(43, "\x03\x04"))
			m.say(1, clearRecord(20, "\x01"))
			m.hello(0x1301, "\x00", versions13)
		}
		m.answer13()
		m.finish(1)
		if c.taken {
			m.send(1, response)
			m.say(0, m.early.seal(22, shake(5, ""), 0))
		}
		m.finish(0)
		m.send(0, second)
		m.send(1, response)
		log := m.log
		if !c.withSecret {
			log = m.withoutEarly
		}
		r := newTLSRig(t, log)
		r.talk(m.talk(), 1460, nil)
		if got := r.seen.String(); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
		r.streams.End()
		if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Closed != c.closed || c.closed == 0 && list[0].Why != "" {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

// A sealer12 writes records of AES-128 in CBC with SHA-1 (RFC 5246, 6.2.3.2), with what both sides agreed on.
type sealer12 struct {
	version                   uint16
	keys                      tlsrecord.Keys
	seq                       uint64
	truncated, encryptThenMAC bool
}

func (s *sealer12) mac(kind byte, b []byte) []byte {
	h := hmac.New(sha1.New, s.keys.MAC)
	head := append(binary.BigEndian.AppendUint64(nil, s.seq), kind)
	head = binary.BigEndian.AppendUint16(head, s.version)
	h.Write(append(binary.BigEndian.AppendUint16(head, uint16(len(b))), b...))
	sum := h.Sum(nil)
	if s.truncated {
		return sum[:10]
	}
	return sum
}

func (s *sealer12) seal(kind byte, text []byte) []byte {
	b := bytes.Clone(text)
	if !s.encryptThenMAC {
		b = append(b, s.mac(kind, text)...)
	}
	padding := 15 - len(b)%16
	b = append(b, bytes.Repeat([]byte{byte(padding)}, padding+1)...)
	iv := s.keys.IV
	var body []byte
	if s.version >= 0x0302 {
		iv = sha256.New().Sum(binary.BigEndian.AppendUint64(nil, s.seq))[:16]
		body = bytes.Clone(iv)
	}
	block, _ := aes.NewCipher(s.keys.Key)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(b, b)
	s.keys.IV = bytes.Clone(b[len(b)-16:])
	if body = append(body, b...); s.encryptThenMAC {
		body = append(body, s.mac(kind, body)...)
	}
	s.seq++
	return append(binary.BigEndian.AppendUint16(append([]byte{kind}, byte(s.version>>8), byte(s.version)), uint16(len(body))), body...)
}

// A made12 is a conversation of TLS 1.0 to 1.2.
type made12 struct {
	*made
	sides [2]sealer12
	zlib  [2]*zlib.Writer
	out   [2]bytes.Buffer
	log   []byte
}

// rsaAES is TLS_RSA_WITH_AES_128_CBC_SHA.
const rsaAES = 0x002f

func newMade12(version uint16, deflates bool) *made12 {
	m := &made12{made: newMade()}
	master := bytes.Repeat([]byte{7}, 48)
	m.log = fmt.Appendf(nil, "CLIENT_RANDOM %x %x\n", m.client, master)
	suite, _ := tlsrecord.SuiteOf("TLS_RSA_WITH_AES_128_CBC_SHA")
	for dir, keys := range suite.Keys(version, master, m.client[:], m.server[:]) {
		m.sides[dir] = sealer12{version: version, keys: keys}
		if deflates {
			m.zlib[dir] = zlib.NewWriter(&m.out[dir])
		}
	}
	return m
}

// seal writes a record, of compressed content when that was agreed on (RFC 3749).
func (m *made12) seal(dir int, kind byte, text string) {
	content := []byte(text)
	if z := m.zlib[dir]; z != nil {
		m.out[dir].Reset()
		z.Write(content)
		z.Flush()
		content = m.out[dir].Bytes()
	}
	m.say(dir, m.sides[dir].seal(kind, content))
}

// shakes is a handshake up to the Finished messages.
func (m *made12) shakes(method byte, extensions ...string) {
	m.hello(rsaAES, string([]byte{method, 0}), extensions...)
	m.answer(m.server, m.sides[0].version, rsaAES, method, extensions...)
	m.rest()
}

func (m *made12) rest() {
	m.say(1, clearRecord(22, shake(14, "")))
	m.say(0, clearRecord(22, shake(16, vector16(strings.Repeat("e", 128)))))
	for dir := range m.sides {
		m.say(dir, clearRecord(20, "\x01"))
		m.seal(dir, 22, shake(20, strings.Repeat("f", 12)))
	}
}

func (m *made12) sends(dir int, text string) {
	for text != "" {
		n := min(len(text), 16000)
		m.seal(dir, 23, text[:n])
		text = text[n:]
	}
}

// TestTLSDeflate: content that is compressed, with what records before had as its dictionary; behind records that are missing nothing can be known.
func TestTLSDeflate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 50_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	answers := []string{string(responseOf(100_000)), fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(noise), noise), string(responseOf(10))}
	m := newMade12(tlsrecord.TLS12, true)
	m.shakes(1)
	var want string
	for _, answer := range answers {
		m.sends(0, asked)
		m.sends(1, answer)
		want += asked + answer
	}
	r := newTLSRig(t, m.log)
	r.talk(m.talk(), 1<<15, nil)
	if got := r.seen.String(); got != want {
		t.Errorf("%d bytes of %d", len(got), len(want))
	}
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Why != "" || list[0].Bytes != int64(len(want)) || !strings.Contains(list[0].Steps[0], "DEFLATE") {
		t.Errorf("%+v", list)
	}
	r = newTLSRig(t, m.log)
	r.talk(m.talk(), 1<<15, func(dir, i int) bool { return dir == 1 && i == 7 }) // the fourth record with text
	if got := r.seen.String(); !strings.HasPrefix(got, asked) || strings.Count(got, "HTTP/1.1 200 OK") > 1 {
		t.Errorf("behind a gap %d responses are read", strings.Count(got, "HTTP/1.1 200 OK"))
	}
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Why != "text before it is missing, which its compression needs" || list[0].Bytes != int64(3*len(asked)+3*16000) || list[0].Closed != 8 {
		t.Errorf("%+v", list)
	}
}

// TestTLSBomb: a record holds 16 KiB of text, whatever its compression makes of it.
func TestTLSBomb(t *testing.T) {
	m := newMade12(tlsrecord.TLS12, true)
	m.shakes(1)
	m.sends(0, asked)
	m.seal(1, 23, string(responseOf(1_000_000)))
	m.sends(1, "more of it")
	r := newTLSRig(t, m.log)
	r.talk(m.talk(), 1<<15, nil)
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Bytes != int64(len(asked)) || list[0].Closed != 2 || list[0].Why != "its compression contradicts itself" || r.seen.String() != asked {
		t.Errorf("%q, %+v", r.seen.String(), list)
	}
}

// TestTLSTruncatedMAC: with what both sides agreed on, records end in ten bytes of their MAC (RFC 6066, 7), over text or over what is encrypted (RFC 7366).
func TestTLSTruncatedMAC(t *testing.T) {
	for _, version := range []uint16{tlsrecord.TLS10, tlsrecord.TLS11, tlsrecord.TLS12} {
		for mask := range 8 {
			m := newMade12(version, mask&4 != 0)
			var agreed []string
			if mask&1 != 0 {
				agreed = append(agreed, extension(4, ""))
			}
			if mask&2 != 0 {
				agreed = append(agreed, extension(22, ""))
			}
			for dir := range m.sides {
				m.sides[dir].truncated, m.sides[dir].encryptThenMAC = mask&1 != 0, mask&2 != 0
			}
			m.shakes(byte(mask>>2), agreed...)
			m.sends(0, asked)
			m.sends(1, string(responseOf(40_000)))
			r := newTLSRig(t, m.log)
			r.talk(m.talk(), 1460, nil)
			if got := r.seen.String(); got != asked+string(responseOf(40_000)) {
				t.Errorf("%#x, %03b: %d bytes", version, mask, len(got))
			}
			r.streams.End()
			if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Why != "" || strings.Contains(list[0].Steps[0], "truncated MAC") != (mask&1 != 0) {
				t.Errorf("%#x, %03b: %+v", version, mask, list)
			}
		}
	}
}

// TestTLSHelloOfSSL2: a challenge that is shorter than a random has zeros before it.
func TestTLSHelloOfSSL2(t *testing.T) {
	for _, n := range []int{16, 32} {
		m := newMade12(tlsrecord.TLS10, false)
		clear(m.client[:32-n])
		master := bytes.Repeat([]byte{7}, 48)
		suite, _ := tlsrecord.SuiteOf("TLS_RSA_WITH_AES_128_CBC_SHA")
		for dir, keys := range suite.Keys(tlsrecord.TLS10, master, m.client[:], m.server[:]) {
			m.sides[dir].keys = keys
		}
		hello := "\x01\x03\x01\x00\x03\x00\x00" + vector16(string(m.client[32-n:]))[:2] + "\x00\x00\x2f" + string(m.client[32-n:])
		m.say(0, append([]byte{0x80, byte(len(hello))}, hello...))
		m.answer(m.server, tlsrecord.TLS10, rsaAES, 0)
		m.rest()
		m.sends(0, asked)
		m.sends(1, string(responseOf(100)))
		r := newTLSRig(t, fmt.Appendf(nil, "CLIENT_RANDOM %x %x\n", m.client, master))
		r.talk(m.talk(), 1460, nil)
		if got := r.seen.String(); got != asked+string(responseOf(100)) {
			t.Errorf("a challenge of %d bytes: %q", n, got)
		}
	}
}

// TestTLSMany: however many sessions there are with one key log, and none of them ends, what is kept of them is bounded: connections, what they agreed on, accounts.
func TestTLSMany(t *testing.T) {
	const sessions = 9000 // more than connections are remembered
	m := newMade12(tlsrecord.TLS12, false)
	m.hello(rsaAES, "\x00")
	m.say(1, clearRecord(22, shake(2, "\x03\x03"+string(m.server[:])+"\x20"+strings.Repeat("i", 32)+"\x00\x2f\x00")))
	m.rest()
	m.sends(0, asked)
	m.sends(1, string(responseOf(20)))
	id := m.messages[1].Bytes[44:76]
	r := newTLSRig(t, m.log)
	r.tracker.Compact()
	talk := m.talk()
	heap := func() uint64 {
		for i := range uint32(sessions) {
			r.server, r.port = r.server+1, 50000 // another connection
			binary.BigEndian.PutUint32(id, uint32(r.frame)+i)
			r.talk(talk, 1460, nil)
		}
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	r.server = 6000
	before := heap()
	r.seen = bytes.Buffer{}
	after := heap()
	if want := sessions * (len(asked) + len(responseOf(20))); r.seen.Len() != want {
		t.Errorf("%d bytes of HTTP, want %d", r.seen.Len(), want)
	}
	r.seen = bytes.Buffer{}
	t.Logf("%d bytes after %d sessions, %d after twice as many", before, sessions, after)
	if grown := int64(after) - int64(before); grown > sessions*2000 {
		t.Errorf("%d bytes more for %d sessions more", grown, sessions)
	}
	r.streams.End()
	if list, more := stream.Accounts(r.streams); len(list) != 4096 || more != 2*sessions-4096 {
		t.Errorf("%d accounts, and %d more", len(list), more)
	}
}

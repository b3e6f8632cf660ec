package smb2_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto/smb2"
)

// given are secrets by kind; all are those of the session of the test.
type given map[string][]byte

func (g given) Secret(kind string, of []byte) []byte {
	if !bytes.Equal(of, sessionID) {
		return nil
	}
	return g[kind]
}

var (
	sessionID  = []byte{0x22, 0x11, 0, 0, 0, 0, 0, 0} // of message
	sessionKey = []byte("sixteen secrets!")
	longKey    = []byte("sixteen secrets!and sixteen more")
)

// A meeting is a session as both sides set it up, with the keys derived step by step and not as the package does.
type meeting struct {
	messages  []byte // of the negotiation and the set-up, one behind the other: dir, length, bytes
	requests  []byte // keys
	answers   []byte
	signs     []byte
	cipher    uint16
	algorithm uint16 // of signing
	dialect   uint16
}

func (m *meeting) add(dir byte, b []byte) {
	m.messages = append(binary.BigEndian.AppendUint32(append(m.messages, dir), uint32(len(b))), b...)
}

// each visits the messages of the meeting.
func (m *meeting) each(visit func(dir int, b []byte)) {
	for b := m.messages; len(b) > 0; {
		n := 5 + int(binary.BigEndian.Uint32(b[1:]))
		visit(int(b[0]), b[5:n])
		b = b[n:]
	}
}

// context311 are the contexts of an answer: ciphers and algorithms of signing.
func context311(cipher, algorithm uint16) []byte {
	le := binary.LittleEndian
	b := append(le.AppendUint16(le.AppendUint16([]byte{2, 0, 4, 0, 0, 0, 0, 0}, 1), cipher), 0, 0, 0, 0)
	return le.AppendUint16(le.AppendUint16(append(b, 8, 0, 4, 0, 0, 0, 0, 0), 1), algorithm)
}

// meet is a session with a dialect.
func meet(dialect, cipher, algorithm uint16, key []byte) *meeting {
	m := &meeting{cipher: cipher, algorithm: algorithm, dialect: dialect}
	answer := message(smb2.Negotiate, smb2.Response, 0, 0, append(body(64, 65, map[int]any{4: dialect, 6: uint16(2), 60: uint32(128)}), context311(cipher, algorithm)...))
	if dialect < 0x0311 {
		answer = message(smb2.Negotiate, smb2.Response, 0, 0, body(64, 65, map[int]any{4: dialect}))
	}
	first := message(smb2.SessionSetup, 0, 0, 1, body(24, 25, nil))
	clear(first[40:48]) // no session yet
	steps := [][]byte{
		negotiate(), answer, first, message(smb2.SessionSetup, smb2.Response, 0xc0000016, 1, body(8, 9, nil)),
		message(smb2.SessionSetup, 0, 0, 2, body(24, 25, map[int]any{12: uint16(7)})),
	}
	var preauth [64]byte
	for i, b := range steps {
		m.add(byte(i&1), b)
		preauth = sha512.Sum512(append(preauth[:], b...))
	}
	m.add(1, message(smb2.SessionSetup, smb2.Response, 0, 2, body(8, 9, nil)))
	full, use := key, append(bytes.Clone(key), make([]byte, 16)...)[:16]
	size := 16
	if cipher >= 3 {
		size = 32
	} else {
		full = use
	}
	if dialect == 0x0311 {
		m.requests = kdf(full, "SMBC2SCipherKey\x00", string(preauth[:]), size)
		m.answers = kdf(full, "SMBS2CCipherKey\x00", string(preauth[:]), size)
		m.signs = kdf(use, "SMBSigningKey\x00", string(preauth[:]), 16)
		return m
	}
	m.requests, m.answers = kdf(use, "SMB2AESCCM\x00", "ServerIn \x00", 16), kdf(use, "SMB2AESCCM\x00", "ServerOut\x00", 16)
	m.signs = kdf(use, "SMB2AESCMAC\x00", "SmbSign\x00", 16)
	if dialect < 0x0300 {
		m.signs = use
	}
	return m
}

func kdf(key []byte, label, context string, n int) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "\x00\x00\x00\x01%s\x00%s%s", label, context, []byte{0, 0, byte(n * 8 >> 8), byte(n * 8)})
	return h.Sum(nil)[:n]
}

// encrypted is a message in a transform header.
func (m *meeting) encrypted(t testing.TB, dir int, text []byte) []byte {
	t.Helper()
	b := make([]byte, smb2.TransformLen)
	copy(b, "\xfdSMB")
	copy(b[20:], "nonce of it")
	if m.cipher == smb2.AES128GCM || m.cipher == smb2.AES256GCM {
		b[31] = 'x'
	}
	le := binary.LittleEndian
	le.PutUint32(b[36:], uint32(len(text)))
	le.PutUint16(b[42:], 1)
	copy(b[44:], sessionID)
	key := m.requests
	if dir == 1 {
		key = m.answers
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	switch m.cipher {
	case smb2.AES128GCM, smb2.AES256GCM:
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		sealed = gcm.Seal(nil, b[20:32], text, b[20:52])
	default:
		sealed = sealCCM(block, b[20:31], text, b[20:52])
	}
	copy(b[4:20], sealed[len(text):])
	return append(b, sealed[:len(text)]...)
}

// sealCCM is RFC 3610, 2, step by step, with a tag of 16 bytes and 4 bytes of length.
func sealCCM(block cipher.Block, nonce, text, besides []byte) []byte {
	var x, a [16]byte
	mac := func(b []byte) {
		for i := range b {
			if x[i%16] ^= b[i]; i%16 == 15 || i == len(b)-1 {
				block.Encrypt(x[:], x[:])
			}
		}
	}
	b0 := append([]byte{1<<6 | (16-2)/2<<3 | 3}, nonce...)
	mac(binary.BigEndian.AppendUint32(b0, uint32(len(text))))
	mac(append(binary.BigEndian.AppendUint16(nil, uint16(len(besides))), besides...))
	mac(text)
	key := func(i int) []byte {
		ctr := append([]byte{3}, nonce...)
		block.Encrypt(a[:], binary.BigEndian.AppendUint32(ctr, uint32(i)))
		return a[:]
	}
	var out []byte
	for i, c := range text {
		out = append(out, c^key(i/16 + 1)[i%16])
	}
	for i, c := range key(0) {
		out = append(out, c^x[i])
	}
	return out
}

// channel is one that saw the meeting, from its n-th message on.
func (m *meeting) channel(secrets given, from int) *smb2.Channel {
	c := smb2.NewChannel(secrets)
	m.each(func(dir int, b []byte) {
		var h smb2.Message
		if from--; from < 0 && h.Decode(b) {
			c.Learn(dir, &h, true)
		}
	})
	return c
}

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		dialect, cipher uint16
		key             []byte
	}{
		{0x0300, smb2.AES128CCM, sessionKey}, {0x0302, smb2.AES128CCM, longKey}, {0x0311, smb2.AES128CCM, sessionKey}, {0x0311, smb2.AES128GCM, longKey},
		{0x0311, smb2.AES256CCM, sessionKey}, {0x0311, smb2.AES256GCM, sessionKey}, {0x0311, smb2.AES256CCM, longKey}, {0x0311, smb2.AES256GCM, longKey},
		{0x0300, smb2.AES128CCM, []byte("short")},
	} {
		m := meet(c.dialect, c.cipher, 1, c.key)
		for what, secrets := range map[string]given{
			"session": {smb2.SecretSession: c.key}, "directions": {smb2.SecretRequests: m.requests, smb2.SecretAnswers: m.answers},
			"both": {smb2.SecretSession: []byte("another key"), smb2.SecretRequests: m.requests, smb2.SecretAnswers: m.answers},
		} {
			starts := []int{0}
			if what != "session" || c.dialect < 0x0311 {
				starts = []int{0, 1, 2, 6} // from the middle of the meeting, and behind it
			}
			for _, from := range starts {
				ch := m.channel(secrets, from)
				for dir, text := range [][]byte{create("a.txt"), written()} {
					if from == 6 {
						dir = 1 - dir // the server spoke first
					}
					b := m.encrypted(t, dir, text)
					if from == 6 {
						dir = 1 - dir
					}
					got, why := ch.Open(dir, b, len(b), unbounded)
					if why != smb2.NotClosed || !bytes.Equal(got, text) {
						t.Errorf("dialect %#x, cipher %d, %s, from %d, direction %d: %d bytes of %d, %q", c.dialect, c.cipher, what, from, dir, len(got), len(text), why)
					}
				}
			}
		}
	}
}

// TestOneKey: the key of one direction opens that one.
func TestOneKey(t *testing.T) {
	m := meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	ch := m.channel(given{smb2.SecretAnswers: m.answers}, 0)
	text := create("a")
	for dir, want := range []smb2.Closed{smb2.WrongTag, smb2.NotClosed} {
		b := m.encrypted(t, dir, text)
		if _, why := ch.Open(dir, b, len(b), unbounded); why != want {
			t.Errorf("direction %d: %q, want %q", dir, why, want)
		}
	}
}

func TestWhyClosed(t *testing.T) {
	m := meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	text := create("a.txt")
	b := m.encrypted(t, 0, text)
	key := given{smb2.SecretSession: sessionKey}
	other := bytes.Clone(b)
	other[44]++
	empty := bytes.Clone(b)
	clear(empty[36:40])
	lies := bytes.Clone(b)
	lies[38] = 1
	bound := meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	for at, i := 0, 0; at < len(bound.messages); i++ {
		n := 5 + int(binary.BigEndian.Uint32(bound.messages[at+1:]))
		if i == 4 {
			bound.messages[at+5+smb2.HeaderLen+2] = 1 // the flag of a binding
		}
		at += n
	}
	unknown := meet(0x0311, 99, 1, sessionKey)
	for what, c := range map[string]struct {
		ch   *smb2.Channel
		b    []byte
		wire int
		want smb2.Closed
	}{
		"no secrets":     {smb2.NewChannel(nil), b, len(b), smb2.NoSecrets},
		"no key":         {m.channel(key, 0), other, len(b), smb2.NoKey},
		"no negotiation": {m.channel(key, 6), b, len(b), smb2.NoNegotiation},
		"half of it":     {m.channel(key, 1), b, len(b), smb2.NoNegotiation},
		"no set-up":      {m.channel(key, 5), b, len(b), smb2.NoNegotiation},
		"wrong key":      {m.channel(given{smb2.SecretSession: []byte("another key, yes")}, 0), b, len(b), smb2.WrongTag},
		"cut":            {m.channel(key, 0), b[:len(b)-1], len(b), smb2.CutShort},
		"header cut":     {m.channel(key, 0), b[:51], len(b), smb2.CutShort},
		"size of 0":      {m.channel(key, 0), empty, len(b), smb2.NotAMessage},
		"size that lies": {m.channel(key, 0), lies, len(b), smb2.NotAMessage},
		"bad key":        {m.channel(given{smb2.SecretAnswers: []byte("13 characters")}, 0), b, len(b), smb2.BadKey},
		"binding":        {bound.channel(key, 0), b, len(b), smb2.OtherChannel},
		"no such cipher": {unknown.channel(key, 0), b, len(b), smb2.UnknownCipher},
	} {
		if got, why := c.ch.Open(0, c.b, c.wire, unbounded); why != c.want || got != nil {
			t.Errorf("%s: %q, %d bytes, want %q", what, why, len(got), c.want)
		}
	}
	none := smb2.NewChannel(key)
	m.each(func(dir int, b []byte) { // all but the set-up
		var h smb2.Message
		if h.Decode(b); h.Command == smb2.Negotiate {
			none.Learn(dir, &h, true)
		}
	})
	if _, why := none.Open(0, b, len(b), unbounded); why != smb2.NoSetup {
		t.Errorf("without a set-up: %q", why)
	}
	if _, why := m.channel(key, 0).Open(0, b, len(b), func(int) []byte { return nil }); why != smb2.NoRoom {
		t.Errorf("without room: %q", why)
	}
}

// TestNothingUnauthenticated: a message that was changed anywhere gives no text.
func TestNothingUnauthenticated(t *testing.T) {
	for _, suite := range []uint16{smb2.AES128CCM, smb2.AES128GCM, smb2.AES256CCM, smb2.AES256GCM} {
		m := meet(0x0311, suite, 1, sessionKey)
		b := m.encrypted(t, 0, create("a.txt"))
		for i := 4; i < len(b); i++ {
			ch := m.channel(given{smb2.SecretSession: sessionKey}, 0)
			changed := bytes.Clone(b)
			changed[i] ^= 0x10
			if got, why := ch.Open(0, changed, len(changed), unbounded); why == smb2.NotClosed || got != nil {
				t.Fatalf("cipher %d, byte %d: opened", suite, i)
			}
		}
	}
}

// TestAgain: a session that authenticates again keeps its keys.
func TestAgain(t *testing.T) {
	m := meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	ch := m.channel(given{smb2.SecretSession: sessionKey}, 0)
	for i, b := range [][]byte{message(smb2.SessionSetup, 0, 0, 9, body(24, 25, nil)), message(smb2.SessionSetup, smb2.Response, 0, 9, body(8, 9, nil))} {
		var h smb2.Message
		h.Decode(b)
		ch.Learn(i, &h, true)
	}
	b := m.encrypted(t, 0, create("a"))
	if _, why := ch.Open(0, b, len(b), unbounded); why != smb2.NotClosed {
		t.Error(why)
	}
}

// signed signs a message by the test's own means.
func (m *meeting) signed(t testing.TB, b []byte) []byte {
	t.Helper()
	b = bytes.Clone(b)
	b[16] |= smb2.Signed
	clear(b[48:64])
	block, err := aes.NewCipher(m.signs)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case m.dialect < 0x0300 || m.dialect == 0x0311 && m.algorithm == 0:
		h := hmac.New(sha256.New, m.signs)
		h.Write(b)
		copy(b[48:64], h.Sum(nil))
	case m.dialect == 0x0311 && m.algorithm == 2:
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := append(bytes.Clone(b[24:32]), b[16]&1, 0, 0, 0)
		if b[12] == smb2.Cancel {
			nonce[8] |= 2
		}
		copy(b[48:64], gcm.Seal(nil, nonce, nil, b))
	default:
		copy(b[48:64], cmac(block, b))
	}
	return b
}

// cmac is RFC 4493, 2.4, over whole blocks or not.
func cmac(block cipher.Block, b []byte) []byte {
	double := func(in []byte) []byte {
		out := make([]byte, 16)
		for i := range out {
			out[i] = in[i] << 1
			if i < 15 {
				out[i] |= in[i+1] >> 7
			}
		}
		if in[0]&0x80 != 0 {
			out[15] ^= 0x87
		}
		return out
	}
	k := make([]byte, 16)
	block.Encrypt(k, k)
	if k = double(k); len(b)%16 != 0 {
		k = double(k)
		b = append(bytes.Clone(b), 0x80)
		b = append(b, make([]byte, (16-len(b)%16)%16)...)
	}
	x := make([]byte, 16)
	for at := 0; at < len(b); at += 16 {
		for i := range x {
			if x[i] ^= b[at+i]; at+16 == len(b) {
				x[i] ^= k[i]
			}
		}
		block.Encrypt(x, x)
	}
	return x
}

func TestVerify(t *testing.T) {
	for _, c := range []struct{ dialect, algorithm uint16 }{{0x0202, 0}, {0x0210, 0}, {0x0300, 1}, {0x0302, 1}, {0x0311, 0}, {0x0311, 1}, {0x0311, 2}} {
		m := meet(c.dialect, smb2.AES128GCM, c.algorithm, longKey)
		ch := m.channel(given{smb2.SecretSession: longKey}, 0)
		for what, plain := range samples() {
			b := m.signed(t, plain)
			if what == "oplock break" || what == "lease break" { // notifications, which nobody signs
				continue
			}
			verdict := func(b []byte) smb2.Verdict {
				var h smb2.Message
				h.Decode(b)
				return ch.Verify(&h, unbounded)
			}
			if got := verdict(b); got != smb2.GoodSignature {
				t.Errorf("dialect %#x, algorithm %d, %s: %d", c.dialect, c.algorithm, what, got)
			}
			b[len(b)-1] ^= 1
			if got := verdict(b); got != smb2.WrongSignature {
				t.Errorf("dialect %#x, algorithm %d, changed %s: %d", c.dialect, c.algorithm, what, got)
			}
			if got := verdict(plain); got != smb2.Unverified {
				t.Errorf("dialect %#x, algorithm %d, unsigned %s: %d", c.dialect, c.algorithm, what, got)
			}
		}
		var h smb2.Message
		h.Decode(m.signed(t, create("a")))
		if got := m.channel(given{}, 0).Verify(&h, unbounded); got != smb2.Unverified {
			t.Errorf("without a key: %d", got)
		}
	}
}

func TestVerdictIsAField(t *testing.T) {
	b := create("a")
	for v, want := range map[smb2.Verdict]string{smb2.Unverified: "", smb2.GoodSignature: "1", smb2.WrongSignature: "0"} {
		var n field.Note
		v.Noted(&n)
		got := ""
		for i := range smb2.Fields.Fields {
			if f := &smb2.Fields.Fields[i]; f.Name == "smb3.signature.verified" {
				f.Noted(b, &n, func(_ field.Span, v field.Value) bool { got = fmt.Sprint(v.U); return true })
			}
		}
		if got != want {
			t.Errorf("verdict %d: %q, want %q", v, got, want)
		}
	}
}

func FuzzChannel(f *testing.F) {
	m := meet(0x0311, smb2.AES128GCM, 2, sessionKey)
	for _, dialect := range []uint16{0x0300, 0x0311} {
		with := meet(dialect, smb2.AES128CCM, 1, sessionKey)
		f.Add(append(with.messages, 0, 0, 0, 1, 0), with.encrypted(f, 0, create("a")))
	}
	f.Add(m.messages, m.signed(f, create("a")))
	f.Fuzz(func(t *testing.T, meeting, b []byte) {
		ch := smb2.NewChannel(given{smb2.SecretSession: sessionKey})
		for len(meeting) > 5 {
			n := 5 + int(min(binary.BigEndian.Uint32(meeting[1:]), uint32(len(meeting)-5)))
			var h smb2.Message
			if h.Decode(meeting[5:n]) {
				ch.Learn(int(meeting[0]&1), &h, true)
				ch.Verify(&h, unbounded)
			}
			meeting = meeting[n:]
		}
		text, why := ch.Open(0, b, len(b), unbounded)
		if (why == smb2.NotClosed) != (text != nil) {
			t.Errorf("%d bytes and %q", len(text), why)
		}
		var h smb2.Message
		if h.Decode(b) {
			ch.Verify(&h, unbounded)
		}
	})
}

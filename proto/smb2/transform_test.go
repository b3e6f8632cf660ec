package smb2_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/proto/smb2"
)

// given are secrets by kind; all are those of the session of the test.
type given map[string][]byte

func (g given) Secret(kind string, of []byte) []byte {
	if !bytes.Equal(of, smb3.ID) {
		return nil
	}
	return g[kind]
}

var (
	sessionKey = []byte("sixteen secrets!")
	longKey    = []byte("sixteen secrets!and sixteen more")
)

// channel is one that saw the messages.
func channel(secrets given, messages []smb3.Message) *smb2.Channel {
	c := smb2.NewChannel(secrets)
	for _, m := range messages {
		var h smb2.Message
		if h.Decode(m.Bytes) {
			c.Learn(m.Dir, &h, true)
		}
	}
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
		m := smb3.Meet(c.dialect, c.cipher, 1, c.key)
		for what, secrets := range map[string]given{
			"session": {smb2.SecretSession: c.key}, "directions": {smb2.SecretRequests: m.Requests, smb2.SecretAnswers: m.Answers},
			"both": {smb2.SecretSession: []byte("another key"), smb2.SecretRequests: m.Requests, smb2.SecretAnswers: m.Answers},
		} {
			starts := []int{0}
			if what != "session" || c.dialect < 0x0311 {
				starts = []int{0, 1, 2, 6} // from the middle of the meeting, and behind it
			}
			for _, from := range starts {
				ch := channel(secrets, m.Setup[from:])
				for dir, text := range [][]byte{create("a.txt"), written()} {
					if from == 6 {
						dir = 1 - dir // the server spoke first
					}
					b := m.Encrypt(dir, text)
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
	m := smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	ch := channel(given{smb2.SecretAnswers: m.Answers}, m.Setup)
	text := create("a")
	for dir, want := range []smb2.Closed{smb2.WrongTag, smb2.NotClosed} {
		b := m.Encrypt(dir, text)
		if _, why := ch.Open(dir, b, len(b), unbounded); why != want {
			t.Errorf("direction %d: %q, want %q", dir, why, want)
		}
	}
}

func TestWhyClosed(t *testing.T) {
	m := smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	text := create("a.txt")
	b := m.Encrypt(0, text)
	key := given{smb2.SecretSession: sessionKey}
	other := bytes.Clone(b)
	other[44]++
	empty := bytes.Clone(b)
	clear(empty[36:40])
	lies := bytes.Clone(b)
	lies[38] = 1
	bound := smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	bound.Setup[4].Bytes[smb2.HeaderLen+2] = 1 // the flag of a binding
	unknown := smb3.Meet(0x0311, 99, 1, sessionKey)
	for what, c := range map[string]struct {
		ch   *smb2.Channel
		b    []byte
		wire int
		want smb2.Closed
	}{
		"no secrets":     {smb2.NewChannel(nil), b, len(b), smb2.NoSecrets},
		"no key":         {channel(key, m.Setup), other, len(b), smb2.NoKey},
		"no negotiation": {channel(key, m.Setup[6:]), b, len(b), smb2.NoNegotiation},
		"half of it":     {channel(key, m.Setup[1:]), b, len(b), smb2.NoNegotiation},
		"no set-up":      {channel(key, m.Setup[5:]), b, len(b), smb2.NoNegotiation},
		"wrong key":      {channel(given{smb2.SecretSession: []byte("another key, yes")}, m.Setup), b, len(b), smb2.WrongTag},
		"cut":            {channel(key, m.Setup), b[:len(b)-1], len(b), smb2.CutShort},
		"header cut":     {channel(key, m.Setup), b[:51], len(b), smb2.CutShort},
		"size of 0":      {channel(key, m.Setup), empty, len(b), smb2.NotAMessage},
		"size that lies": {channel(key, m.Setup), lies, len(b), smb2.NotAMessage},
		"bad key":        {channel(given{smb2.SecretAnswers: []byte("13 characters")}, m.Setup), b, len(b), smb2.BadKey},
		"binding":        {channel(key, bound.Setup), b, len(b), smb2.OtherChannel},
		"no such cipher": {channel(key, unknown.Setup), b, len(b), smb2.UnknownCipher},
	} {
		if got, why := c.ch.Open(0, c.b, c.wire, unbounded); why != c.want || got != nil {
			t.Errorf("%s: %q, %d bytes, want %q", what, why, len(got), c.want)
		}
	}
	none := channel(key, m.Setup[:2])
	if _, why := none.Open(0, b, len(b), unbounded); why != smb2.NoSetup {
		t.Errorf("without a set-up: %q", why)
	}
	if _, why := channel(key, m.Setup).Open(0, b, len(b), func(int) []byte { return nil }); why != smb2.NoRoom {
		t.Errorf("without room: %q", why)
	}
}

// TestMadeUpSessions: messages of sessions that nobody has the key of do not push out those that are known.
func TestMadeUpSessions(t *testing.T) {
	m := smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	ch := channel(given{smb2.SecretSession: sessionKey}, m.Setup)
	good, plain := m.Encrypt(0, create("a")), m.Sign(create("a"))
	for i := range 5000 {
		b, p := bytes.Clone(good), bytes.Clone(plain)
		binary.LittleEndian.PutUint32(b[48:], uint32(i+1))
		binary.LittleEndian.PutUint32(p[44:], uint32(i+1))
		var h smb2.Message
		h.Decode(p)
		if _, why := ch.Open(0, b, len(b), unbounded); why != smb2.NoKey || ch.Verify(&h, unbounded) != smb2.Unverified {
			t.Fatal(why)
		}
	}
	if _, why := ch.Open(0, good, len(good), unbounded); why != smb2.NotClosed {
		t.Error(why)
	}
}

// TestNothingUnauthenticated: a message that was changed anywhere gives no text.
func TestNothingUnauthenticated(t *testing.T) {
	for _, suite := range []uint16{smb2.AES128CCM, smb2.AES128GCM, smb2.AES256CCM, smb2.AES256GCM} {
		m := smb3.Meet(0x0311, suite, 1, sessionKey)
		b := m.Encrypt(0, create("a.txt"))
		for i := 4; i < len(b); i++ {
			ch := channel(given{smb2.SecretSession: sessionKey}, m.Setup)
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
	m := smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey)
	ch := channel(given{smb2.SecretSession: sessionKey}, m.Setup)
	for i, b := range [][]byte{message(smb2.SessionSetup, 0, 0, 9, body(24, 25, nil)), message(smb2.SessionSetup, smb2.Response, 0, 9, body(8, 9, nil))} {
		var h smb2.Message
		h.Decode(b)
		ch.Learn(i, &h, true)
	}
	b := m.Encrypt(0, create("a"))
	if _, why := ch.Open(0, b, len(b), unbounded); why != smb2.NotClosed {
		t.Error(why)
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct{ dialect, algorithm uint16 }{{0x0202, 0}, {0x0210, 0}, {0x0300, 1}, {0x0302, 1}, {0x0311, 0}, {0x0311, 1}, {0x0311, 2}} {
		m := smb3.Meet(c.dialect, smb2.AES128GCM, c.algorithm, longKey)
		ch := channel(given{smb2.SecretSession: longKey}, m.Setup)
		for what, plain := range samples() {
			b := m.Sign(plain)
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
		related := bytes.Clone(create("a"))
		related[16] |= smb2.Related
		copy(related[40:48], bytes.Repeat([]byte{0xff}, 8)) // the session of the message before
		h.Decode(m.Sign(related))
		if got := ch.Verify(&h, unbounded); got != smb2.GoodSignature {
			t.Errorf("dialect %#x, algorithm %d, related message: %d", c.dialect, c.algorithm, got)
		}
		h.Decode(m.Sign(create("a")))
		if got := channel(given{}, m.Setup).Verify(&h, unbounded); got != smb2.Unverified {
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

func BenchmarkOpen(b *testing.B) {
	text := append(samples()["write"], make([]byte, 65536)...)
	for name, suite := range map[string]uint16{"AES-128-CCM": smb2.AES128CCM, "AES-128-GCM": smb2.AES128GCM, "AES-256-GCM": smb2.AES256GCM} {
		m := smb3.Meet(0x0311, suite, 1, sessionKey)
		ch := channel(given{smb2.SecretSession: sessionKey}, m.Setup)
		sealed, room := m.Encrypt(0, text), make([]byte, 1<<17)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, why := ch.Open(0, sealed, len(sealed), func(n int) []byte { return room[:n] }); why != smb2.NotClosed {
					b.Fatal(why)
				}
			}
		})
	}
}

// packed are messages one behind the other: direction, length, bytes.
func packed(messages []smb3.Message) (all []byte) {
	for _, m := range messages {
		all = append(binary.BigEndian.AppendUint32(append(all, byte(m.Dir)), uint32(len(m.Bytes))), m.Bytes...)
	}
	return all
}

func FuzzChannel(f *testing.F) {
	for _, dialect := range []uint16{0x0202, 0x0300, 0x0311} {
		m := smb3.Meet(dialect, smb2.AES128CCM, 2, sessionKey)
		f.Add(packed(m.Setup), m.Sign(create("a")))
		if dialect >= 0x0300 {
			f.Add(packed(m.Setup), m.Encrypt(0, create("a")))
		}
	}
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

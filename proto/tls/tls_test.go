package tls

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const random = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// Records as text: RFC 8446, 4.1 and 5.1, with lengths written by hand.
var (
	// A ClientHello with two suites and the extensions server_name (a.test), ALPN (h2) and supported_versions (1.3, 1.2).
	clientText = "16 0301 0052 01 00004e 0303 " + random + " 00 0004 1301 c02f 01 00 0021" +
		" 0000 000b 0009 00 0006 612e74657374" + " 0010 0005 0003 02 6832" + " 002b 0005 04 0304 0303"
	serverText = "16 0303 0032 02 00002e 0303 " + random + " 00 1301 00 0006 002b 0002 0304"
	changeText = "14 0303 0001 01"
	dataText   = "17 0303 0003 aabbcc"
	alertText  = "15 0303 0002 02 28"
	// A hello of SSL 2.0 with one cipher and a challenge of 16 bytes.
	ssl2Text = "801c 01 0301 0003 0000 0010 00002f 000102030405060708090a0b0c0d0e0f"
)

func values(b []byte, note *field.Note, name string) (list []string) {
	for i := range Fields.Fields {
		if f := &Fields.Fields[i]; f.Name == name {
			f.Noted(b, note, func(_ field.Span, v field.Value) bool { list = append(list, v.String()); return true })
		}
	}
	return list
}

func unit(s proto.Session, dir int, b []byte) field.Note {
	u := proto.Unit{Dir: dir, Data: b, Len: len(b)}
	s.Unit(&u)
	return u.Layers[0].Note
}

func TestFields(t *testing.T) {
	s := new(session)
	client, server := bytesOf(t, clientText), bytesOf(t, serverText+changeText+dataText)
	clientNote := unit(s, 0, client)
	serverNote := unit(s, 1, server)
	for _, c := range []struct {
		b          []byte
		note       field.Note
		name, want string
	}{
		{client, clientNote, "tls.record.content_type", "[22]"},
		{client, clientNote, "tls.record.version", "[769]"},
		{client, clientNote, "tls.handshake.type", "[1]"},
		{client, clientNote, "tls.handshake.version", "[771]"},
		{client, clientNote, "tls.handshake.ciphersuite", "[4865 49199]"},
		{client, clientNote, "tls.handshake.extensions_server_name", "[a.test]"},
		{client, clientNote, "tls.handshake.extensions_alpn_str", "[h2]"},
		{client, clientNote, "tls.handshake.extensions.supported_version", "[772 771]"},
		{client, clientNote, "tls.handshake.extension.type", "[0 16 43]"},
		{client, clientNote, "tls.app_data", "[]"},
		{server, serverNote, "tls.handshake.type", "[2]"},
		{server, serverNote, "tls.handshake.ciphersuite", "[4865]"},
		{server, serverNote, "tls.record.content_type", "[22 20]"},
		{server, serverNote, "tls.record.opaque_type", "[23]"},
		{server, serverNote, "tls.app_data", "[aabbcc]"},
		{server, serverNote, "tls.record.length", "[50 1 3]"},
	} {
		if got := fmt.Sprint(values(c.b, &c.note, c.name)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if v := Version(&serverNote); v != TLS13 {
		t.Errorf("version %x", v)
	}
}

func TestSSL2(t *testing.T) {
	b := bytesOf(t, ssl2Text)
	if !Looks(b) {
		t.Fatal("a hello of SSL 2.0 is not recognised")
	}
	note := unit(new(session), 0, b)
	for name, want := range map[string]string{
		"tls.record.version": "[2]", "tls.handshake.type": "[1]", "tls.handshake.version": "[769]", "tls.handshake.cipherspec": "[47]", "tls.handshake.challenge_length": "[16]",
	} {
		if got := fmt.Sprint(values(b, &note, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestEncrypted: behind a change of ciphers nothing of a handshake is read, in that direction only.
func TestEncrypted(t *testing.T) {
	s := new(session)
	finished := "16 0303 0010 01 00000c 000102030405060708090a0b" // it would be a hello, but is too short for one
	note := unit(s, 0, bytesOf(t, "16 0303 0004 0e 000000"+changeText+"16 0303 0004 0e 000000"))
	if got := fmt.Sprint(values(bytesOf(t, "16 0303 0004 0e 000000"+changeText+"16 0303 0004 0e 000000"), &note, "tls.handshake.type")); got != "[14]" {
		t.Errorf("before and behind: %s", got)
	}
	note = unit(s, 0, bytesOf(t, "16 0303 0004 0e 000000"))
	if got := values(bytesOf(t, "16 0303 0004 0e 000000"), &note, "tls.handshake.type"); got != nil {
		t.Errorf("behind: %s", got)
	}
	note = unit(s, 1, bytesOf(t, finished))
	if got := fmt.Sprint(values(bytesOf(t, finished), &note, "tls.handshake.type")); got != "[1]" {
		t.Errorf("other direction: %s", got)
	}
}

// TestFragments: a message that goes on in another record is read once.
func TestFragments(t *testing.T) {
	b := bytesOf(t, "16 0303 0008 0b 000010 00000d 00"+"16 0303 000c 000a 00000000 00000000 0000"+alertText)
	note := unit(new(session), 1, b)
	if got := fmt.Sprint(values(b, &note, "tls.handshake.type"), values(b, &note, "tls.alert_message.desc")); got != "[11] [40]" {
		t.Error(got)
	}
}

func TestExtent(t *testing.T) {
	data := bytesOf(t, dataText)
	for _, c := range []struct {
		name string
		b    []byte
		want proto.Extent
	}{
		{"whole", data, 8},
		{"two", append(bytesOf(t, changeText), data...), 14},
		{"cut", data[:6], 8},
		{"header cut", data[:3], proto.More},
		{"one and a half", append(bytesOf(t, changeText), data[:6]...), 6},
		{"unknown", []byte("hello"), 5},
	} {
		if got := new(session).Extent(&proto.Piece{Data: c.b, Len: len(c.b)}); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestCut cuts records at every byte: no field lies outside what is there.
func TestCut(t *testing.T) {
	for _, text := range []string{clientText, serverText + changeText + dataText + alertText, ssl2Text} {
		b := bytesOf(t, text)
		for n := range len(b) + 1 {
			check(t, b[:n])
		}
	}
}

func check(t *testing.T, b []byte) {
	t.Helper()
	for _, note := range []field.Note{{}, {noteVersion: TLS13}, {noteVersion: SSL20}, {noteEncrypted: 1}, {noteContinues: 7}, {noteForm: formTaken}, unit(new(session), 0, b)} {
		for i := range Fields.Fields {
			f := &Fields.Fields[i]
			f.Noted(b, &note, func(s field.Span, _ field.Value) bool {
				if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
					t.Fatalf("%s: %+v outside %d bytes, note %v", f.Name, s, len(b), note)
				}
				return true
			})
		}
	}
	if e := new(session).Extent(&proto.Piece{Data: b, Len: len(b)}); len(b) > 0 && e < 0 {
		t.Fatalf("extent %d", e)
	}
}

func FuzzSession(f *testing.F) {
	for _, text := range []string{clientText, serverText + changeText + dataText, ssl2Text, alertText} {
		f.Add(bytesOf(f, text))
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}

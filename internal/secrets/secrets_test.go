package secrets_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/proto/smb2"
)

const key = "000102030405060708090a0b0c0d0e0f"

var id = []byte{0x39, 0, 0, 0, 0, 0x40, 0, 0}

func read(text string) (*secrets.Store, error) {
	s := new(secrets.Store)
	return s, s.Read(strings.NewReader(text), "keys")
}

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"3900000000400000," + key + `,"",""`:                                "session",
		"\ufeff# a comment\r\n\r\n3900000000400000, " + key + " \r\n":       "session",
		`"3900000000400000","","` + key + `","` + key + `"`:                 "c2s s2c",
		"0x0000400000000039,,," + key:                                       "c2s",
		"3900000000400000,,0001020304050607,":                               "",
		"SMB2_SESSION_KEY 3900000000400000 " + key:                          "session",
		"SMB2_SESSION_KEY\t0x400000000039 " + key + key:                     "session",
		"SMB2_C2S_KEY 0x400000000039 " + key + "\nSMB2_S2C_KEY 39 " + key:   "c2s",
		"SMB2_C2S_KEY 0x400000000039 " + key + "\n\nSMB2_S2C_KEY 39 " + key: "c2s",
	} {
		s, err := read(text)
		var got []string
		for kind, name := range map[string]string{smb2.SecretRequests: "c2s", smb2.SecretSession: "session", smb2.SecretAnswers: "s2c"} {
			if s.Secret(kind, id) != nil {
				got = append(got, name)
			}
		}
		for _, name := range strings.Fields(want) {
			if !strings.Contains(fmt.Sprint(got), name) {
				t.Errorf("%q: no %s in %v (%v)", text, name, got, err)
			}
		}
		if len(got) != len(strings.Fields(want)) || s.Len() != len(got) {
			t.Errorf("%q: %v, %d secrets (%v), want %q", text, got, s.Len(), err, want)
		}
	}
	if s, _ := read("SMB2_SESSION_KEY 3900000000400000 " + key); fmt.Sprintf("%x", s.Secret(smb2.SecretSession, id)) != key {
		t.Error("another key")
	}
}

// TestErrors: an error has the line, and nothing of a key.
func TestErrors(t *testing.T) {
	const secret = "5ec7e75ec7e75ec7e75ec7e75ec7e7"
	for text, want := range map[string]string{
		"":                                            "keys, line 0: no keys in the file, or only such as were given before",
		"# nothing\n":                                 "keys, line 1: no keys in the file, or only such as were given before",
		"\nCLIENT_RANDOM 0 ":                          "keys, line 2: neither a line of a key log of TLS nor one that begins with one of SMB2_SESSION_KEY, SMB2_C2S_KEY, SMB2_S2C_KEY",
		secret:                                        "keys, line 1: neither a line of a key log of TLS nor one that begins with one of SMB2_SESSION_KEY, SMB2_C2S_KEY, SMB2_S2C_KEY",
		"SMB2_SESSION_KEY 39 " + secret:               "keys, line 1: the id of the session is not 8 bytes in hex as on the wire, nor a number that begins with 0x",
		"SMB2_SESSION_KEY 0x39" + secret:              "keys, line 1: 1 words behind the label, want the id of the session and the key",
		"SMB2_SESSION_KEY 0x39 " + secret + "0":       "keys, line 1: the key is not 1 to 64 bytes in hex",
		"SMB2_SESSION_KEY 0x39 x" + secret:            "keys, line 1: the key is not 1 to 64 bytes in hex",
		"SMB2_C2S_KEY 0x39 " + secret:                 "keys, line 1: a key to decrypt with has 16 or 32 bytes, not 15",
		"0x39," + secret + ",,,,":                     "keys, line 1: 6 columns, want the id of a session, its key, and maybe the keys to decrypt what the server and the client send",
		`0x39,"` + secret:                             "keys, line 1: not a row of commas and quotes",
		"0x39,,,":                                     "keys, line 1: no key for the session",
		"0x39," + strings.Repeat("00", 65):            "keys, line 1: the key is not 1 to 64 bytes in hex",
		"\n\n" + strings.Repeat("x", 1<<17):           "keys, line 3: bufio.Scanner: token too long",
		"0x39," + key + "\n0x40," + secret + "\n0x4,": "keys, line 3: no key for the session",
	} {
		_, err := read(text)
		if err == nil || err.Error() != want {
			t.Errorf("%.80q: %v, want %s", text, err, want)
		} else if strings.Contains(err.Error(), secret[:6]) {
			t.Errorf("%.80q: the error has what is in the file: %v", text, err)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	s := new(secrets.Store)
	if err := s.Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("0x39,"+key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(path); err != nil || s.Len() != 1 {
		t.Errorf("%d secrets, %v", s.Len(), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("3900000000400000," + key + `,"",""`)
	f.Add("# x\nSMB2_SESSION_KEY 0x39 " + key)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := read(text)
		if (s.Len() == 0) && err == nil {
			t.Error("no secrets and no error")
		}
	})
}

package all_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/proto/smb2"
)

// key is the session's.
var key = []byte("sixteen secrets!")

type oneKey struct{}

func (oneKey) Secret(kind string, of []byte) []byte {
	if kind == smb2.SecretSession && bytes.Equal(of, smb3.ID) {
		return key
	}
	return nil
}

// framed is a message in a frame of the session service.
func framed(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }

// frames is a connection with the keys.
func opener(t testing.TB, s proto.Secrets) proto.Opener {
	t.Helper()
	for _, stream := range all.Streams() {
		if o, ok := stream.New().(proto.Opener); ok && stream.ID == proto.NBSS {
			if s != nil {
				o.Unlock(s)
			}
			return o
		}
	}
	t.Fatal("no connection of SMB that opens anything")
	return nil
}

// shown gives a connection a message and says which layers it has, and which locks.
func shown(o proto.Opener, dir int, b []byte) string {
	u := proto.Unit{Dir: dir, Data: b, Len: len(b)}
	o.Unit(&u)
	var out []string
	for i := range u.Layers {
		l := &u.Layers[i]
		text := fmt.Sprintf("%s:%d", l.ID, len(u.Bytes(l)))
		if l.In != 0 {
			text += " " + u.Opened[l.In-1].How
		}
		out = append(out, text)
	}
	for _, l := range u.Locks {
		out = append(out, fmt.Sprintf("lock %#x %q", l.Of, l.Why))
	}
	return strings.Join(out, ", ")
}

func TestOpened(t *testing.T) {
	s := smb3.Meet(0x0311, smb2.AES128GCM, 1, key)
	o := opener(t, oneKey{})
	for _, m := range s.Setup {
		shown(o, m.Dir, framed(m.Bytes))
	}
	write := append(smb3.Plain(smb2.Write, 0, 0, 9, smb3.Body(48, 49, map[int]uint32{2: 112, 4: 400})), bytes.Repeat([]byte("data"), 100)...)
	two := bytes.Clone(write)
	binary.LittleEndian.PutUint32(two[20:], uint32(len(write)))
	two = append(two, write...)
	sealed := func(b []byte) []byte { return framed(s.Encrypt(0, b)) }
	nested := smb3.Unchained(smb2.LZ77, smb3.Unchained(smb2.LZ77, smb3.Unchained(smb2.LZ77, write, 0), 0), 0)
	damaged := smb3.Unchained(smb2.LZ77, write, 70)
	changed := sealed(write)
	changed[60] ^= 1
	for _, c := range []struct {
		what string
		b    []byte
		want string
	}{
		{"encrypted", sealed(write), `nbss:568, smb2:564, smb2:512 decrypted, lock 0x1122 ""`},
		{"two in one", sealed(two), `nbss:1080, smb2:1076, smb2:512 decrypted, smb2:512 decrypted, lock 0x1122 ""`},
		{"compressed in it", sealed(smb3.Unchained(smb2.LZ4, write, 64)), `nbss:173, smb2:169, smb2:117 decrypted, smb2:512 decompressed, lock 0x1122 ""`},
		{"compressed", framed(smb3.Chained(512, smb3.Payload(smb2.LZ77, true, write))), "nbss:82, smb2:78, smb2:512 decompressed"},
		{"compressed again and again", framed(nested), "nbss:113, smb2:109, smb2:89 decompressed, smb2:74 decompressed"},
		{"damaged behind the header", framed(damaged[:100]), "nbss:104, smb2:100, smb2:116 decompressed"},
		{"changed", changed, `nbss:568, smb2:564, lock 0x1122 "the tag is wrong: another key, or a damaged message"`},
		{"no message", framed(s.Encrypt(0, []byte("no message at all"))), `nbss:73, smb2:69, lock 0x1122 ""`},
	} {
		if got := shown(o, 0, c.b); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	if got, want := shown(opener(t, nil), 0, sealed(write)), `nbss:568, smb2:564, lock 0x1122 "no key was given"`; got != want {
		t.Errorf("without keys: %s, want %s", got, want)
	}
}

// FuzzOpened gives a connection any frames, encrypted ones among them.
func FuzzOpened(f *testing.F) {
	s := smb3.Meet(0x0311, smb2.AES128GCM, 1, key)
	write := smb3.Plain(smb2.Write, 0, 0, 9, smb3.Body(48, 49, map[int]uint32{2: 112, 4: 400}))
	f.Add(write, false, true)
	f.Add(smb3.Unchained(smb2.LZ77, write, 16), true, true)
	f.Add(smb3.Chained(512, smb3.Payload(smb2.PatternV1, true, make([]byte, 512))), false, false)
	f.Fuzz(func(t *testing.T, b []byte, pack, encrypt bool) {
		o := opener(t, oneKey{})
		for _, m := range s.Setup {
			shown(o, m.Dir, framed(m.Bytes))
		}
		if pack {
			b = smb3.Unchained(smb2.LZ77, b, 0)
		}
		if encrypt {
			b = s.Encrypt(0, b)
		}
		shown(o, 0, framed(b))
		shown(o, 1, framed(b))
	})
}

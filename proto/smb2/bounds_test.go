package smb2

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// hostile is a message of a command with a long name in it.
func hostile(command uint16, flags uint32, n uint64, name string) []byte {
	b := make([]byte, HeaderLen+96)
	le := binary.LittleEndian
	copy(b, "\xfeSMB")
	le.PutUint16(b[12:], command)
	le.PutUint32(b[16:], flags)
	le.PutUint64(b[24:], n)
	le.PutUint32(b[36:], uint32(n))
	le.PutUint64(b[40:], n)
	at := map[uint16]int{TreeConnect: 4, Create: 44, QueryDirectory: 24}[command]
	if at != 0 && flags&Response == 0 {
		le.PutUint16(b[HeaderLen+at:], uint16(len(b)))
		le.PutUint16(b[HeaderLen+at+2:], uint16(2*len(name)))
	}
	le.PutUint64(b[HeaderLen+64:], n) // file id of a response to CREATE
	le.PutUint64(b[HeaderLen+8:], n)  // file id of most requests
	for _, u := range utf16.Encode([]rune(name)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// TestConnectionIsBounded tells a connection tens of thousands of different things that it is to remember.
func TestConnectionIsBounded(t *testing.T) {
	c := NewConnection()
	var u proto.Unit
	say := func(b []byte) {
		u.Layers, u.Turns = append(u.Layers[:0], proto.UnitLayer{ID: proto.SMB2}), u.Turns[:0]
		c.Message(&u, 0, b)
	}
	long := strings.Repeat("x", 200)
	for i := range uint64(10000) {
		say(hostile(SessionSetup, 0, i, ""))
		say(hostile(SessionSetup, Response, i, ""))
		say(hostile(TreeConnect, 0, i, fmt.Sprint(i, long)))
		say(hostile(TreeConnect, Response, i, ""))
		say(hostile(Create, 0, i, fmt.Sprint(i, long)))
		say(hostile(Create, Response, i, ""))
		say(hostile(Close, 0, i+1<<40, "")) // unknown files, never answered
	}
	for what, n := range map[string][2]int{"requests": {c.asked.Len(), 2 * mostAsked}, "sessions": {c.sessions.Len(), 2 * mostSessions}, "trees": {c.trees.Len(), 2 * mostTrees},
		"files": {c.files.Len(), 2 * mostFiles}, "names": {c.names.Len(), 2 * mostNames}, "spare requests": {len(c.spare), mostSpare}} {
		if n[0] > n[1] {
			t.Errorf("%d %s, at most %d", n[0], what, n[1])
		}
	}
}

// FuzzConnection tells a connection messages of both directions, cut at any place. A byte says how long each is.
func FuzzConnection(f *testing.F) {
	var all []byte
	for _, b := range [][]byte{hostile(TreeConnect, 0, 1, "s"), hostile(TreeConnect, Response, 1, ""), hostile(Create, 0, 2, "a"), hostile(Create, Response, 2, ""),
		hostile(Read, 0, 3, ""), hostile(Read, Response, 3, ""), hostile(SetInfo, Related, 4, ""), hostile(Close, 0, 5, ""), hostile(Close, Response, 5, "")} {
		all = append(append(all, byte(len(b))), b...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := NewConnection()
		var u proto.Unit
		for len(b) > 0 {
			n := min(int(b[0]), len(b)-1)
			m := append([]byte(nil), b[1:1+n]...)
			if b = b[1+n:]; len(m) >= 4 && m[0] != 0xfe && n%2 == 0 { // most of what is made up is to be a message
				copy(m, "\xfeSMB")
			}
			if len(m) > 12 {
				m[12] %= OplockBreak + 2
			}
			if len(u.Layers) == 8 || n%3 == 0 {
				u.Layers, u.Turns = u.Layers[:0], u.Turns[:0]
			}
			u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.SMB2, Len: len(m)})
			c.Message(&u, len(u.Layers)-1, m)
			l := &u.Layers[len(u.Layers)-1]
			KnownOf(&l.Note, l.Texts)
			for i := range Fields.Fields {
				f := &Fields.Fields[i]
				if f.Told != nil && l.Texts != nil {
					f.Told(m, &l.Note, l.Texts, func(field.Value) bool { return true })
				}
			}
			for _, turn := range u.Turns {
				if turn.Command == "" || turn.Kind == 0 || turn.Layer >= len(u.Layers) {
					t.Fatalf("turn %+v", turn)
				}
			}
		}
	})
}

func BenchmarkReads(b *testing.B) {
	c := NewConnection()
	var u proto.Unit
	ask, answer := hostile(Read, 0, 0, ""), hostile(Read, Response, 0, "")
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		for _, m := range [2][]byte{ask, answer} {
			binary.LittleEndian.PutUint64(m[24:], n)
			u.Layers, u.Turns = append(u.Layers[:0], proto.UnitLayer{ID: proto.SMB2}), u.Turns[:0]
			c.Message(&u, 0, m)
		}
	}
}

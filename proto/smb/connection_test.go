package smb_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/smb"
)

// message is a message of a command with its parameters and bytes, in Unicode and with an NTSTATUS.
func message(command byte, reply bool, status uint32, mid uint16, words, data []byte) []byte {
	b := make([]byte, smb.HeaderLen, smb.HeaderLen+3+len(words)+len(data))
	le := binary.LittleEndian
	copy(b, "\xffSMB")
	b[4] = command
	le.PutUint32(b[5:], status)
	if b[9] = 0x18; reply {
		b[9] |= 0x80
	}
	le.PutUint16(b[10:], 0xc801)
	le.PutUint16(b[24:], 5)
	le.PutUint16(b[26:], 77)
	le.PutUint16(b[30:], mid)
	b = append(append(b, byte(len(words)/2)), words...)
	return append(le.AppendUint16(b, uint16(len(data))), data...)
}

// parameters are so many words, with numbers at offsets: as many bytes as their values say. The command of a chain ends it.
func parameters(n int, at map[int]any) []byte {
	b := make([]byte, 2*n)
	if n > 0 {
		b[0] = 0xff
	}
	for off, v := range at {
		switch v := v.(type) {
		case uint8:
			b[off] = v
		case uint16:
			binary.LittleEndian.PutUint16(b[off:], v)
		case uint32:
			binary.LittleEndian.PutUint32(b[off:], v)
		}
	}
	return b
}

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return append(b, 0, 0)
}

// behind is text behind bytes before it, aligned in a message with so many words.
func behind(n int, before string, s string) []byte {
	b := []byte(before)
	if (smb.HeaderLen+3+2*n+len(b))%2 != 0 {
		b = append(b, 0)
	}
	return append(b, wide(s)...)
}

func says(c *smb.Connection, b []byte) string {
	u := proto.Unit{Layers: []proto.UnitLayer{{ID: proto.SMB}}}
	c.Message(&u, 0, b)
	var all []string
	for _, t := range u.Turns {
		text := fmt.Sprintf("%s %s", [...]string{"", "ask", "answer", "interim", "tell"}[t.Kind], t.Command)
		if t.Name != "" {
			text += " " + t.Name
		}
		if t.Offset >= 0 {
			text += fmt.Sprintf(" @%d", t.Offset)
		}
		if t.Size >= 0 {
			text += fmt.Sprintf(" #%d", t.Size)
		}
		if t.Waits {
			text += " waits"
		}
		if t.Code != 0 {
			text += " " + t.Status
		}
		if t.Failed {
			text += " failed"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// lines are a connection: a tree, a file, what is done with it, each with the turn that it is.
func lines(share string) []struct {
	b    []byte
	want string
} {
	path := share + `\dir\a.txt`
	waits := ""
	if strings.HasSuffix(share, "IPC$") {
		waits = " waits"
	}
	return []struct {
		b    []byte
		want string
	}{
		{message(0x73, false, 0, 1, parameters(13, nil), nil), "ask Session Setup AndX"},
		{message(0x73, true, 0xc0000016, 1, parameters(4, nil), nil), "answer Session Setup AndX STATUS_MORE_PROCESSING_REQUIRED"},
		{message(0x75, false, 0, 2, parameters(4, map[int]any{6: uint16(1)}), append(behind(4, "\x00", share), "?????\x00"...)), "ask Tree Connect AndX " + share},
		{message(0x75, true, 0, 2, parameters(3, nil), nil), "answer Tree Connect AndX " + share},
		{message(0xa2, false, 0, 3, parameters(24, nil), behind(24, "", `\dir\a.txt`)), "ask NT Create AndX " + path},
		{message(0xa2, true, 0, 3, parameters(34, map[int]any{5: uint16(0x4001)}), nil), "answer NT Create AndX " + path},
		{message(0x2e, false, 0, 4, parameters(12, map[int]any{4: uint16(0x4001), 6: uint32(0x10000), 10: uint16(0x1000), 14: uint32(1), 20: uint32(2)}), nil), "ask Read AndX " + path + " @8590000128 #69632" + waits},
		{message(0x2e, true, 0, 4, parameters(12, map[int]any{10: uint16(0x1000), 14: uint16(1)}), nil), "answer Read AndX " + path + " @8590000128 #69632"},
		{message(0x2e, false, 0, 5, parameters(10, map[int]any{4: uint16(0x4002), 6: uint32(512), 10: uint16(100), 14: uint32(0xffffffff)}), nil), "ask Read AndX FID 0x4002 @512 #100"},
		{message(0x2f, false, 0, 6, parameters(14, map[int]any{4: uint16(0x4001), 6: uint32(512), 20: uint16(300), 24: uint32(0)}), nil), "ask Write AndX " + path + " @512 #300"},
		{message(0x2f, true, 0, 6, parameters(6, map[int]any{4: uint16(300)}), nil), "answer Write AndX " + path + " @512 #300"},
		{message(0x2f, true, 0xc000007f, 9, nil, nil), "answer Write AndX STATUS_DISK_FULL failed"},
		{message(0x04, false, 0, 7, append([]byte{0x01, 0x40}, 0, 0, 0, 0), nil), "ask Close " + path},
		{message(0x04, true, 0, 7, nil, nil), "answer Close " + path},
		{message(0x04, false, 0, 8, append([]byte{0x01, 0x40}, 0, 0, 0, 0), nil), "ask Close FID 0x4001"},
		{message(0xa0, false, 0, 10, parameters(23, map[int]any{36: uint16(4)}), nil), "ask NT Trans waits"},
		{message(0xa4, false, 0, 10, nil, nil), "tell NT Cancel"},
		{message(0x24, false, 0, 0xffff, parameters(8, nil), nil), "tell Locking AndX"},
	}
}

func TestTurns(t *testing.T) {
	for _, share := range []string{`\\srv\share`, `\\srv\IPC$`} {
		c := smb.NewConnection()
		for i, l := range lines(share) {
			if got := says(c, l.b); got != l.want {
				t.Errorf("line %d:\n got %s\nwant %s", i, got, l.want)
			}
		}
	}
}

// A client that may speak version 2 asks a question that version 2 answers.
func TestNegotiationOfVersion2(t *testing.T) {
	c := smb.NewConnection()
	if got := says(c, []byte(negotiate)); got != "tell Negotiate Protocol" {
		t.Error(got)
	}
	old := strings.Replace(negotiate, "SMB 2.002", "LANMAN2.1", 1)
	if got := says(c, []byte(old)); got != "ask Negotiate Protocol" {
		t.Error(got)
	}
}

// The tree is connected in the message that sets up the session.
func TestChain(t *testing.T) {
	const at = smb.HeaderLen + 3 + 26
	b := message(0x73, false, 0, 1, parameters(13, map[int]any{0: uint8(0x75), 2: uint16(at)}), nil)
	tail := parameters(4, map[int]any{6: uint16(1)})
	text := append([]byte{0}, wide(`\\srv\share`)...)
	if (at+3+len(tail)+1)%2 != 0 {
		text = append([]byte{0, 0}, wide(`\\srv\share`)...)
	}
	b = append(append(append(b, 4), tail...), byte(len(text)), 0)
	b = append(b, text...)
	c := smb.NewConnection()
	if got, want := says(c, b), `ask Session Setup AndX \\srv\share`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadsDoNotAllocate(t *testing.T) {
	c := smb.NewConnection()
	ask, answer := lines(`\\srv\share`)[6].b, lines(`\\srv\share`)[7].b
	u := proto.Unit{Layers: []proto.UnitLayer{{ID: proto.SMB}}}
	c.Message(&u, 0, ask)
	if n := testing.AllocsPerRun(1000, func() {
		u.Turns = u.Turns[:0]
		c.Message(&u, 0, ask)
		c.Message(&u, 0, answer)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConnectionAtEveryCut(t *testing.T) {
	for _, l := range lines(`\\srv\share`) {
		for n := range l.b {
			c := smb.NewConnection()
			says(c, l.b[:n:n])
			says(c, l.b)
		}
	}
}

func FuzzConnection(f *testing.F) {
	var seed []byte
	for _, l := range lines(`\\srv\share`)[:16] {
		seed = append(append(seed, byte(len(l.b))), l.b...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := smb.NewConnection()
		for len(b) > 0 {
			n := min(int(b[0]), len(b)-1)
			says(c, b[1:1+n:1+n])
			b = b[1+n:]
		}
	})
}

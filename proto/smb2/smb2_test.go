package smb2_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto/smb2"
)

// message is a header of a command with a body.
func message(command uint16, flags, status uint32, id uint64, body []byte) []byte {
	b := make([]byte, smb2.HeaderLen, smb2.HeaderLen+len(body))
	le := binary.LittleEndian
	copy(b, "\xfeSMB")
	le.PutUint16(b[4:], 64)
	le.PutUint16(b[6:], 1)
	le.PutUint32(b[8:], status)
	le.PutUint16(b[12:], command)
	le.PutUint16(b[14:], 33)
	le.PutUint32(b[16:], flags)
	le.PutUint64(b[24:], id)
	le.PutUint32(b[32:], 0xfeff)
	le.PutUint32(b[36:], 5)
	le.PutUint64(b[40:], 0x1122)
	return append(b, body...)
}

// body is a fixed part of so many bytes: its size, and numbers at offsets, with as many bytes as their values say (a uint8, uint16, uint32 or uint64).
func body(n int, size uint16, at map[int]any) []byte {
	b := make([]byte, n)
	binary.LittleEndian.PutUint16(b, size)
	for off, v := range at {
		switch v := v.(type) {
		case uint8:
			b[off] = v
		case uint16:
			binary.LittleEndian.PutUint16(b[off:], v)
		case uint32:
			binary.LittleEndian.PutUint32(b[off:], v)
		case uint64:
			binary.LittleEndian.PutUint64(b[off:], v)
		}
	}
	return b
}

func text(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func create(name string) []byte {
	n := text(name)
	return message(smb2.Create, 0, 0, 7, append(body(56, 57, map[int]any{3: uint8(9), 24: uint32(0x120089), 32: uint32(7), 36: uint32(1), 40: uint32(0x1020), 44: uint16(120), 46: uint16(len(n))}), n...))
}

func read(off uint64, n uint32) []byte {
	return message(smb2.Read, 0, 0, 8, body(49, 49, map[int]any{4: n, 8: off, 16: uint64(0xaaaa), 24: uint64(0xbbbb)}))
}

// negotiate offers dialects 2.1 and 3.1.1 with a context of ciphers and one of a name.
func negotiate() []byte {
	b := body(36, 36, map[int]any{2: uint16(2), 4: uint8(1), 28: uint32(104), 32: uint16(2)})
	b = append(b, 0x10, 2, 0x11, 3)
	b = append(b, 2, 0, 6, 0, 0, 0, 0, 0, 2, 0, 1, 0, 2, 0, 0, 0)
	name := text("srv")
	b = append(append(b, 5, 0, byte(len(name)), 0, 0, 0, 0, 0), name...)
	return message(smb2.Negotiate, 0, 0, 0, b)
}

// samples are messages of each kind of body, by what they are.
func samples() map[string][]byte {
	token := append([]byte("\x60\x10wrapNTLMSSP\x00\x03\x00\x00\x00"), make([]byte, 60)...)
	ntlm := token[6:]
	binary.LittleEndian.PutUint16(ntlm[28:], 2)
	binary.LittleEndian.PutUint32(ntlm[32:], 64)
	binary.LittleEndian.PutUint16(ntlm[36:], 4)
	binary.LittleEndian.PutUint32(ntlm[40:], 66)
	ntlm[60] = 1
	copy(ntlm[64:], text("Dbo"))
	tree := text(`\\srv\share`)
	return map[string][]byte{
		"negotiate":       negotiate(),
		"negotiated":      message(smb2.Negotiate, smb2.Response, 0, 0, body(64, 65, map[int]any{2: uint8(3), 4: uint16(0x0302), 24: uint32(0x7f), 40: uint64(132000000000000000)})),
		"setup":           message(smb2.SessionSetup, 0, 0, 1, append(body(24, 25, map[int]any{2: uint8(1), 12: uint16(88), 14: uint16(len(token))}), token...)),
		"set up":          message(smb2.SessionSetup, smb2.Response, 0, 1, body(8, 9, map[int]any{2: uint16(4)})),
		"tree":            message(smb2.TreeConnect, 0, 0, 2, append(body(8, 9, map[int]any{4: uint16(72), 6: uint16(len(tree))}), tree...)),
		"tree connected":  message(smb2.TreeConnect, smb2.Response, 0, 2, body(16, 16, map[int]any{2: uint8(1), 4: uint32(0x8001), 12: uint32(0x1f01ff)})),
		"create":          create(`dir\a.txt`),
		"created":         message(smb2.Create, smb2.Response, 0, 7, body(88, 89, map[int]any{4: uint32(1), 8: uint64(132000000000000000), 40: uint64(8192), 48: uint64(5000), 64: uint64(0xaaaa), 72: uint64(0xbbbb)})),
		"not created":     message(smb2.Create, smb2.Response, 0xc0000034, 7, body(9, 9, nil)),
		"close":           message(smb2.Close, 0, 0, 9, body(24, 24, map[int]any{2: uint16(1), 8: uint64(1)})),
		"read":            read(65536, 4096),
		"end of file":     message(smb2.Read, smb2.Response, 0xc0000011, 8, body(9, 9, nil)),
		"pipe is gone":    message(smb2.Read, smb2.Response, 0xc00000b0, 8, body(17, 17, nil)),
		"write":           message(smb2.Write, 0, 0, 8, body(48, 49, map[int]any{2: uint16(112), 4: uint32(10), 8: uint64(20), 44: uint32(1)})),
		"lock":            message(smb2.Lock, 0, 0, 8, body(48, 48, map[int]any{2: uint16(1), 24: uint64(100), 32: uint64(200), 40: uint32(0x11)})),
		"ioctl":           message(smb2.IOCTL, 0, 0, 8, append(body(56, 57, map[int]any{4: uint32(smb2.GetReferrals), 24: uint32(120), 28: uint32(6)}), 4, 0, 'x', 0, 0, 0)),
		"query directory": message(smb2.QueryDirectory, 0, 0, 8, append(body(32, 33, map[int]any{2: uint8(37), 24: uint16(96), 26: uint16(2)}), '*', 0)),
		"notify":          message(smb2.ChangeNotify, smb2.Response|smb2.Async, 0x103, 8, body(9, 9, nil)),
		"query info":      message(smb2.QueryInfo, 0, 0, 8, body(40, 41, map[int]any{2: uint8(2), 3: uint8(5)})),
		"set info":        message(smb2.SetInfo, 0, 0, 8, body(32, 33, map[int]any{2: uint8(1), 3: uint8(10)})),
		"oplock break":    message(smb2.OplockBreak, smb2.Response, 0, ^uint64(0), body(24, 24, map[int]any{2: uint8(1), 8: uint64(3)})),
		"lease break":     message(smb2.OplockBreak, smb2.Response, 0, ^uint64(0), body(44, 44, map[int]any{2: uint16(1), 24: uint32(7), 28: uint32(1)})),
		"lease ack":       message(smb2.OplockBreak, 0, 0, 10, body(36, 36, map[int]any{24: uint32(1)})),
	}
}

func decoded(t *testing.T, b []byte) *smb2.Message {
	t.Helper()
	var m smb2.Message
	if !m.Decode(b) {
		t.Fatalf("no header in %x", b)
	}
	return &m
}

func TestBodies(t *testing.T) {
	s := samples()
	name := func(key string) string {
		n, ok := decoded(t, s[key]).Name()
		return fmt.Sprint(smb2.Text(n), " ", ok)
	}
	for what, pair := range map[string][2]any{
		"file":         {name("create"), `dir\a.txt true`},
		"tree":         {name("tree"), `\\srv\share true`},
		"pattern":      {name("query directory"), "* true"},
		"no name":      {name("read"), " false"},
		"id":           {fmt.Sprintf("%x", decoded(t, s["read"]).FileID()), "aaaa000000000000bbbb000000000000"},
		"created id":   {fmt.Sprintf("%x", decoded(t, s["created"]).FileID()), "aaaa000000000000bbbb000000000000"},
		"failed id":    {len(decoded(t, s["not created"]).FileID()), 0},
		"lease has no": {len(decoded(t, s["lease break"]).FileID()), 0},
		"failed":       {decoded(t, s["not created"]).Failed(), true},
		"odd error":    {decoded(t, s["pipe is gone"]).Failed(), false},
		"pending":      {decoded(t, s["notify"]).Failed(), true},
		"input":        {fmt.Sprintf("%x", decoded(t, s["ioctl"]).Input()), "040078000000"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	off, n, ok := decoded(t, s["read"]).Range()
	if off != 65536 || n != 4096 || !ok {
		t.Errorf("range %d %d %v", off, n, ok)
	}
	ntlm, ok := decoded(t, s["setup"]).NTLM()
	if !ok || ntlm.Type != 3 || smb2.Text(ntlm.Domain) != "D" || smb2.Text(ntlm.User) != "bo" {
		t.Errorf("NTLM %+v, %v", ntlm, ok)
	}
	lease, notification := decoded(t, s["lease ack"]).Lease()
	if !lease || notification {
		t.Errorf("acknowledgment of a lease: %v %v", lease, notification)
	}
}

// values are the fields of b with this name, as text.
func values(b []byte, name string) string {
	var all []string
	for i := range smb2.Fields.Fields {
		if f := &smb2.Fields.Fields[i]; f.Name == name {
			f.All(b, func(s field.Span, v field.Value) bool {
				all = append(all, fmt.Sprintf("%d:%s", s.Off, v))
				return true
			})
		}
	}
	return strings.Join(all, " ")
}

func TestFields(t *testing.T) {
	s := samples()
	for _, c := range []struct{ sample, name, want string }{
		{"read", "smb2.cmd", "12:8"}, {"read", "smb2.tid", "36:5"}, {"read", "smb2.nt_status", ""}, {"read", "smb2.read_length", "68:4096"},
		{"read", "smb2.file_offset", "72:65536"}, {"read", "smb2.fid", "80:{0000AAAA-0000-0000-BBBB-000000000000}"},
		{"end of file", "smb2.nt_status", "8:3221225489"}, {"end of file", "smb2.read_remaining", ""}, {"end of file", "smb2.error.byte_count", "68:0"},
		{"pipe is gone", "smb2.read_remaining", "72:0"}, {"notify", "smb2.tid", ""}, {"notify", "smb2.aid", "32:21474901759"},
		{"negotiate", "smb2.dialect", "100:528 102:785"}, {"negotiate", "smb2.negotiate_context.type", "104:2 120:5"},
		{"negotiate", "smb2.negotiate_context.cipher_id", "114:1 116:2"}, {"negotiate", "smb2.negotiate_context.netname", "128:srv"},
		{"negotiated", "smb2.dialect", "68:770"}, {"negotiated", "smb2.capabilities.large_mtu", "88:1"}, {"negotiated", "smb2.current_time", "104:2019-04-17T18:40:00Z"},
		{"negotiated", "smb2.boot_time", ""}, {"created", "smb2.eof", "112:5000"}, {"create", "smb2.filename", `120:dir\a.txt`},
		{"create", "smb.access.read", "88:1"}, {"create", "smb2.create.disposition", "100:1"}, {"lock", "smb2.lock_length", "96:200"},
		{"lease break", "smb2.lease.lease_state", "88:7 92:1"}, {"lease break", "smb2.create.oplock", ""}, {"oplock break", "smb2.create.oplock", "66:1"},
		{"query info", "smb2.fs_info.infolevel", "67:5"}, {"query info", "smb2.file_info.infolevel", ""}, {"ioctl", "smb2.ioctl.function.device", "68:6"},
	} {
		if got := values(s[c.sample], c.name); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.sample, c.name, got, c.want)
		}
	}
}

func TestChain(t *testing.T) {
	first, last := create("a"), message(smb2.Close, smb2.Related, 0, 9, body(24, 24, nil))
	for len(first)%8 != 0 {
		first = append(first, 0)
	}
	binary.LittleEndian.PutUint32(first[20:], uint32(len(first)))
	b := append(first, last...)
	if n := smb2.Next(b); n != len(first) {
		t.Errorf("the first is %d bytes, want %d", n, len(first))
	}
	if n := smb2.Next(b[len(first):]); n != len(last) {
		t.Errorf("the last is %d bytes, want %d", n, len(last))
	}
	for _, bad := range []uint32{1, 63, uint32(len(b)), 1 << 31} {
		binary.LittleEndian.PutUint32(first[20:], bad)
		if n := smb2.Next(first); n != len(first) {
			t.Errorf("next header at %d: %d bytes, want %d", bad, n, len(first))
		}
	}
}

func everything(t testing.TB, b []byte) {
	for _, table := range []*field.Table{&smb2.Fields, &smb2.TransformFields, &smb2.CompressionFields} {
		for i := range table.Fields {
			table.Fields[i].All(b, func(s field.Span, v field.Value) bool {
				if s.Off < 0 || s.Off+s.Len > len(b) {
					t.Errorf("%s at %+v of %d bytes", table.Fields[i].Name, s, len(b))
				}
				return true
			})
		}
	}
	if n := smb2.Next(b); n < 0 || n > len(b) {
		t.Errorf("a message of %d in %d bytes", n, len(b))
	}
	var m smb2.Message
	if !m.Decode(b) {
		return
	}
	m.Name()
	m.FileID()
	m.Range()
	m.Info()
	m.Level()
	m.Function()
	m.Input()
	m.Lease()
	m.NTLM()
}

func TestEveryCut(t *testing.T) {
	for _, b := range samples() {
		for n := range len(b) + 1 {
			everything(t, b[:n:n])
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := create("a.txt")
	var m smb2.Message
	if n := testing.AllocsPerRun(100, func() { m.Decode(b); m.Name(); m.FileID(); m.Failed() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKindOf(t *testing.T) {
	for b, want := range map[string]smb2.Kind{"\xfeSMB": smb2.Plain, "\xfdSMB": smb2.Encrypted, "\xfcSMB": smb2.Compressed, "\xffSMB": smb2.Version1, "\xfeSM": smb2.None, "\xfbSMB": smb2.None} {
		if got := smb2.KindOf([]byte(b)); got != want {
			t.Errorf("%q: %d, want %d", b, got, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, b := range samples() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}

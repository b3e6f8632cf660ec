package smb2_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/smb2"
)

// A script is a connection of which messages are told one after another.
type script struct {
	c    *smb2.Connection
	unit proto.Unit
}

func newScript() *script { return &script{c: smb2.NewConnection()} }

// says takes in the messages of a compound and tells their turns.
func (s *script) says(messages ...[]byte) string {
	u := &s.unit
	*u = proto.Unit{Frame: u.Frame + 1, Layers: u.Layers[:0], Turns: u.Turns[:0], Gap: u.Gap}
	for i, b := range messages {
		u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.SMB2, Len: len(b), Beside: i > 0})
		s.c.Message(u, i, b)
	}
	var all []string
	for i := range u.Turns {
		all = append(all, turnText(&u.Turns[i]))
	}
	return strings.Join(all, "; ")
}

var kinds = map[proto.TurnKind]string{proto.Ask: "ask", proto.Answer: "answer", proto.Interim: "interim", proto.Tell: "tell"}

func turnText(t *proto.Turn) string {
	text := fmt.Sprintf("%s %d %s", kinds[t.Kind], t.Key, t.Command)
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
	return text
}

// known is what the layer of message i says of its file, its tree and its session.
func (s *script) known(i int) string {
	l := &s.unit.Layers[i]
	k := smb2.KnownOf(&l.Note, l.Texts)
	var all []string
	if k.Named {
		all = append(all, "file "+k.File)
	}
	if k.Found {
		all = append(all, fmt.Sprintf("found %d %s", k.Level, k.Find))
	}
	if k.Answer {
		all = append(all, fmt.Sprintf("info %d/%d", k.Class, k.Level))
	}
	for _, name := range []string{"smb2.tree", "smb2.share_type", "smb2.tcon_frame", "smb2.acct", "smb2.domain", "smb2.host", "smb2.auth_frame"} {
		for j := range smb2.Fields.Fields {
			f := &smb2.Fields.Fields[j]
			if f.Name != name || f.Derived == "" {
				continue
			}
			if f.Told != nil && l.Texts != nil {
				f.Told(nil, &l.Note, l.Texts, func(v field.Value) bool { all = append(all, name[5:]+" "+v.String()); return true })
			} else if f.Noted != nil && l.Note[1]+l.Note[2] > 0 {
				f.Noted(nil, &l.Note, func(_ field.Span, v field.Value) bool { all = append(all, name[5:]+" "+v.String()); return true })
			}
		}
	}
	return strings.Join(all, ", ")
}

// with changes a message: numbers at offsets of its header.
func with(b []byte, at map[int]any) []byte {
	b = append([]byte(nil), b...)
	for off, v := range at {
		switch v := v.(type) {
		case uint16:
			binary.LittleEndian.PutUint16(b[off:], v)
		case uint32:
			binary.LittleEndian.PutUint32(b[off:], v)
		case uint64:
			binary.LittleEndian.PutUint64(b[off:], v)
		case string:
			copy(b[off:], v)
		}
	}
	return b
}

// id sets the MessageId.
func id(n uint64, b []byte) []byte { return with(b, map[int]any{24: n}) }

const ones = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

func response(command uint16, status uint32, n uint64, size int, fixed uint16, at map[int]any) []byte {
	return message(command, smb2.Response, status, n, body(size, fixed, at))
}

func failed(command uint16, status uint32, n uint64) []byte {
	return response(command, status, n, 9, 9, nil)
}

// Messages of one session: user D\bo, tree \\srv\share, file dir\a.txt.
func openSession(s *script, kind uint8) {
	m := samples()
	s.says(m["setup"])
	s.says(m["set up"])
	s.says(m["tree"])
	s.says(response(smb2.TreeConnect, 0, 2, 16, 16, map[int]any{2: kind}))
}

func openFile(s *script) {
	s.says(create(`dir\a.txt`))
	s.says(samples()["created"])
}

func TestTurns(t *testing.T) {
	m := samples()
	fid := map[int]any{8: uint64(0xaaaa), 16: uint64(0xbbbb)}
	notify := message(smb2.ChangeNotify, 0, 0, 20, body(32, 32, map[int]any{4: uint32(4096), 8: uint64(0xaaaa), 16: uint64(0xbbbb)}))
	rename := func(name string) []byte {
		n := text(name)
		b := append(body(20, 0, map[int]any{16: uint32(len(n))}), n...)
		b[0], b[1] = 0, 0
		return message(smb2.SetInfo, 0, 0, 30, append(body(32, 33, map[int]any{2: uint8(1), 3: uint8(10), 4: uint32(len(b)), 8: uint16(96), 16: uint64(0xaaaa), 24: uint64(0xbbbb)}), b...))
	}
	type line struct {
		messages [][]byte
		want     string
	}
	one := func(b []byte, want string) line { return line{[][]byte{b}, want} }
	ask := one(read(65536, 4096), `ask 8 Read \\srv\share\dir\a.txt @65536 #4096`)
	for name, lines := range map[string][]line{
		"read": {ask, one(response(smb2.Read, 0, 8, 17, 17, map[int]any{4: uint32(4096)}), `answer 8 Read \\srv\share\dir\a.txt @65536 #4096`)},
		"end of file": {ask, one(m["end of file"], `answer 8 Read \\srv\share\dir\a.txt @65536 STATUS_END_OF_FILE`),
			one(m["end of file"], `answer 8 Read STATUS_END_OF_FILE`)},
		"pending": {ask, one(message(smb2.Read, smb2.Response|smb2.Async, 0x103, 8, body(9, 9, nil)), `interim 8 Read \\srv\share\dir\a.txt @65536 STATUS_PENDING`),
			one(message(smb2.Read, smb2.Response|smb2.Async, 0, 8, body(17, 17, map[int]any{4: uint32(10)})), `answer 8 Read \\srv\share\dir\a.txt @65536 #10`)},
		"denied":         {ask, one(failed(smb2.Read, 0xc0000022, 8), `answer 8 Read \\srv\share\dir\a.txt @65536 STATUS_ACCESS_DENIED failed`)},
		"unknown status": {one(failed(smb2.Read, 0xcfffffff, 8), `answer 8 Read 0xcfffffff failed`)},
		"write": {one(message(smb2.Write, 0, 0, 9, body(48, 49, map[int]any{4: uint32(10), 8: uint64(20), 16: uint64(0xaaaa), 24: uint64(0xbbbb)})), `ask 9 Write \\srv\share\dir\a.txt @20 #10`),
			one(response(smb2.Write, 0, 9, 17, 17, map[int]any{4: uint32(10)}), `answer 9 Write \\srv\share\dir\a.txt @20 #10`)},
		"cancelled": {one(notify, `ask 20 Notify \\srv\share\dir\a.txt #4096 waits`), one(message(smb2.Cancel, 0, 0, 20, body(4, 4, nil)), `tell 20 Cancel \\srv\share\dir\a.txt`),
			one(failed(smb2.ChangeNotify, 0xc0000120, 20), `answer 20 Notify \\srv\share\dir\a.txt STATUS_CANCELLED`)},
		"cancelled by the server": {one(notify, `ask 20 Notify \\srv\share\dir\a.txt #4096 waits`),
			one(failed(smb2.ChangeNotify, 0xc0000120, 20), `answer 20 Notify \\srv\share\dir\a.txt STATUS_CANCELLED failed`)},
		"close": {one(message(smb2.Close, 0, 0, 9, body(24, 24, fid)), `ask 9 Close \\srv\share\dir\a.txt`), ask,
			one(response(smb2.Close, 0, 9, 60, 60, nil), `answer 9 Close \\srv\share\dir\a.txt`),
			one(read(0, 1), `ask 8 Read \\srv\share\0000aaaa-0000-0000-bbbb-000000000000 @0 #1`)},
		"close fails": {one(message(smb2.Close, 0, 0, 9, body(24, 24, fid)), `ask 9 Close \\srv\share\dir\a.txt`),
			one(failed(smb2.Close, 0xc0000128, 9), `answer 9 Close \\srv\share\dir\a.txt STATUS_FILE_CLOSED failed`), ask},
		"rename": {one(rename("b.txt"), `ask 30 SetInfo \\srv\share\dir\a.txt #30`), ask, one(response(smb2.SetInfo, 0, 30, 2, 2, nil), `answer 30 SetInfo \\srv\share\dir\a.txt`),
			one(read(0, 1), `ask 8 Read \\srv\share\b.txt @0 #1`)},
		"rename fails": {one(rename("b.txt"), `ask 30 SetInfo \\srv\share\dir\a.txt #30`), one(failed(smb2.SetInfo, 0xc0000035, 30), `answer 30 SetInfo \\srv\share\dir\a.txt STATUS_OBJECT_NAME_COLLISION failed`), ask},
		"compound": {
			{[][]byte{id(40, create("new")), with(m["query info"], map[int]any{24: uint64(41), 16: uint32(smb2.Related), 88: ones}),
				with(message(smb2.Close, smb2.Related, 0, 42, body(24, 24, nil)), map[int]any{72: ones, 40: ^uint64(0), 36: ^uint32(0)})},
				`ask 40 Create \\srv\share\new; ask 41 GetInfo \\srv\share\new #0; ask 42 Close \\srv\share\new`},
			{[][]byte{id(40, m["created"]), response(smb2.QueryInfo, 0, 41, 9, 9, map[int]any{4: uint32(7)}), response(smb2.Close, 0, 42, 60, 60, nil)},
				`answer 40 Create \\srv\share\new; answer 41 GetInfo \\srv\share\new #7; answer 42 Close \\srv\share\new`},
		},
		"oplock break": {one(with(m["oplock break"], map[int]any{72: uint64(0xaaaa), 80: uint64(0xbbbb)}), `tell 18446744073709551615 Break \\srv\share\dir\a.txt`)},
		"lease break":  {one(m["lease break"], `tell 18446744073709551615 Break`), one(m["lease ack"], `ask 10 Break`)},
		"lock": {one(with(m["lock"], map[int]any{72: uint64(0xaaaa), 80: uint64(0xbbbb)}), `ask 8 Lock \\srv\share\dir\a.txt`),
			one(with(m["lock"], map[int]any{72: uint64(0xaaaa), 80: uint64(0xbbbb), 104: uint32(2)}), `ask 8 Lock \\srv\share\dir\a.txt waits`)},
		"ioctl": {one(with(m["ioctl"], map[int]any{72: ones}), `ask 8 Ioctl #6`)},
		"no more files": {one(with(m["query directory"], map[int]any{72: uint64(0xaaaa), 80: uint64(0xbbbb)}), `ask 8 Find \\srv\share\dir\a.txt #0`),
			one(failed(smb2.QueryDirectory, 0x80000006, 8), `answer 8 Find \\srv\share\dir\a.txt STATUS_NO_MORE_FILES`)},
		"set-up goes on":  {one(m["setup"], `ask 1 Session Setup`), one(failed(smb2.SessionSetup, 0xc0000016, 1), `answer 1 Session Setup STATUS_MORE_PROCESSING_REQUIRED`)},
		"unknown command": {one(message(77, 0, 0, 9, body(4, 4, nil)), `ask 9 Unknown`), one(message(77, smb2.Response, 0, 9, body(4, 4, nil)), `answer 9 Unknown`)},
		"another session": {one(with(read(0, 1), map[int]any{40: uint64(7)}), `ask 8 Read 0000aaaa-0000-0000-bbbb-000000000000 @0 #1`)},
		"asked again":     {ask, ask, one(m["end of file"], `answer 8 Read \\srv\share\dir\a.txt @65536 STATUS_END_OF_FILE`), one(m["end of file"], `answer 8 Read STATUS_END_OF_FILE`)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript()
			openSession(s, 1)
			openFile(s)
			for i, l := range lines {
				if got := s.says(l.messages...); got != l.want {
					t.Errorf("line %d:\n got %s\nwant %s", i, got, l.want)
				}
			}
		})
	}
}

func TestPipesWait(t *testing.T) {
	s := newScript()
	openSession(s, 2)
	openFile(s)
	if got, want := s.says(read(0, 1024)), `ask 8 Read \\srv\share\dir\a.txt @0 #1024 waits`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What Wireshark shows of a message because it knows those before it.
func TestKnown(t *testing.T) {
	const user = "acct bo, domain D, host , auth_frame 2"
	const tree = `tree \\srv\share, share_type 1, tcon_frame 4, `
	m := samples()
	s := newScript()
	for i, step := range []struct {
		message []byte
		want    string
	}{
		{m["setup"], ""}, {m["set up"], "acct bo, domain D, host , auth_frame 1"}, {m["tree"], user},
		{response(smb2.TreeConnect, 0, 2, 16, 16, map[int]any{2: uint8(1)}), user},
		{create(`dir\a.txt`), tree + user}, {m["created"], `file dir\a.txt, ` + tree + user},
		{read(0, 1), `file dir\a.txt, ` + tree + user}, {m["end of file"], tree + user},
		{message(smb2.Read, smb2.Response|smb2.Async, 0x103, 8, body(9, 9, nil)), user},
		{with(m["query directory"], map[int]any{72: uint64(0xaaaa), 80: uint64(0xbbbb)}), `file dir\a.txt, ` + tree + user},
		{failed(smb2.QueryDirectory, 0x80000006, 8), "found 37 *, " + tree + user},
		{m["query info"], tree + user}, {failed(smb2.QueryInfo, 0, 8), "info 2/5, " + tree + user},
		{message(smb2.TreeDisconnect, 0, 0, 50, body(4, 4, nil)), tree + user}, {response(smb2.TreeDisconnect, 0, 50, 4, 4, nil), tree + user},
		{read(0, 1), `file dir\a.txt, ` + user},
		{message(smb2.Logoff, 0, 0, 51, body(4, 4, nil)), user}, {response(smb2.Logoff, 0, 51, 4, 4, nil), user}, {id(52, m["tree"]), ""},
	} {
		s.says(step.message)
		if got := s.known(0); got != step.want {
			t.Errorf("step %d:\n got %s\nwant %s", i, got, step.want)
		}
	}
}

func TestNegotiated(t *testing.T) {
	s := newScript()
	s.says(samples()["negotiate"])
	b := body(64, 65, map[int]any{2: uint8(3), 4: uint16(0x0311), 6: uint16(1), 24: uint32(0x7f), 28: uint32(1 << 20), 32: uint32(8 << 20), 36: uint32(4 << 20), 60: uint32(128)})
	s.says(message(smb2.Negotiate, smb2.Response, 0, 0, append(b, 2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0)))
	want := smb2.Negotiated{Dialect: 0x0311, SigningRequired: true, Capabilities: 0x7f, MaxTransact: 1 << 20, MaxRead: 8 << 20, MaxWrite: 4 << 20, Cipher: 2}
	if s.c.Negotiated != want {
		t.Errorf("got %+v, want %+v", s.c.Negotiated, want)
	}
}

// The client begins with one credit, pays for each request and gets what responses grant; a CANCEL is free.
func TestCredits(t *testing.T) {
	s := newScript()
	credits := func(b []byte, charge uint16) []byte { return with(b, map[int]any{6: charge, 14: charge}) }
	check := func(want int, known bool) {
		t.Helper()
		if held, ok := s.c.Credits(); ok != known || ok && held != want {
			t.Errorf("%d credits, %v; want %d, %v", held, ok, want, known)
		}
	}
	s.says(read(0, 1))
	check(0, false)
	s.says(samples()["negotiate"])
	check(0, true)
	s.says(credits(samples()["negotiated"], 20))
	check(20, true)
	s.says(credits(read(0, 1<<20), 16))
	check(4, true)
	s.says(credits(message(smb2.Cancel, 0, 0, 8, body(4, 4, nil)), 1))
	check(4, true)
	s.says(credits(samples()["notify"], 3)) // the interim response grants, too
	check(7, true)
	if k := smb2.KnownOf(&s.unit.Layers[0].Note, nil); k.Credits != 7 {
		t.Errorf("the layer says %d credits", k.Credits)
	}
	s.unit.Gap = true
	s.says(read(0, 1))
	check(0, false)
}

// Nothing is asked of the memory of a connection that reads and writes.
func TestReadsDoNotAllocate(t *testing.T) {
	s := newScript()
	openSession(s, 1)
	openFile(s)
	unknown := with(read(0, 65536), map[int]any{80: uint64(0xcccc)})
	answer := response(smb2.Read, 0, 8, 17, 17, map[int]any{4: uint32(65536)})
	u := &s.unit
	n := uint64(100)
	ask, b := read(0, 65536), unknown
	if allocs := testing.AllocsPerRun(5000, func() {
		for _, q := range [2][]byte{ask, b} {
			binary.LittleEndian.PutUint64(q[24:], n)
			binary.LittleEndian.PutUint64(answer[24:], n)
			n++
			for _, m := range [2][]byte{q, answer} {
				u.Layers, u.Turns = append(u.Layers[:0], proto.UnitLayer{ID: proto.SMB2}), u.Turns[:0]
				s.c.Message(u, 0, m)
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

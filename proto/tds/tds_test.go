package tds_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tds"
)

// wide is text as the protocol has it.
func wide(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

func le(n uint64, size int) string {
	return string(binary.LittleEndian.AppendUint64(nil, n)[:size])
}

func counted(s string, size int) string { return le(uint64(len([]rune(s))), size) + wide(s) }

func packet(kind, status, number byte, payload string) string {
	n := tds.HeaderLen + len(payload)
	return string([]byte{kind, status, byte(n >> 8), byte(n), 0, 0, number, 0}) + payload
}

func token(kind byte, body string) string {
	return string([]byte{kind}) + le(uint64(len(body)), 2) + body
}

func said(kind byte, number uint64, text string, line int) string {
	return token(kind, le(number, 4)+"\x01\x10"+counted(text, 2)+counted("SRV", 1)+counted("", 1)+le(7, line))
}

func done(kind byte, status uint64, rows string) string {
	return string([]byte{kind}) + le(status, 2) + le(0xc1, 2) + rows
}

func option(kind byte, off, n byte) string { return string([]byte{kind, 0, off, 0, n}) }

var (
	headers  = le(22, 4) + le(18, 4) + le(2, 2) + le(0, 8) + le(1, 4)
	options  = option(0, 21, 6) + option(1, 27, 1) + option(2, 28, 5) + option(4, 33, 1) + "\xff" + "\x0f\x00\x08\x3f\x00\x00" + "\x02" + "INST\x00" + "\x00"
	preLogin = packet(tds.PreLogin, 1, 1, options)
	offered  = packet(tds.Response, 1, 1, options)
	login    = func() string {
		texts := []string{"CLIENT", "ann", "pw", "app", "server", "", "ODBC", "", "master"}
		head, body := "", ""
		for i, s := range texts {
			if i == 5 { // the feature extensions
				head += le(0, 4)
				continue
			}
			head += le(uint64(36+4*len(texts)+len(body)), 2) + le(uint64(len(s)), 2)
			body += wide(s)
		}
		all := le(0x74000004, 4) + le(4096, 4) + le(7, 4) + le(1234, 4) + le(0, 4) + "\xe0\x03\x00\x00" + le(0, 4) + le(0x409, 4) + head + body
		return packet(tds.Login7, 1, 1, le(uint64(4+len(all)), 4)+all)
	}()
	welcome = packet(tds.Response, 1, 1, token(tds.EnvChange, "\x01"+counted("master", 1)+counted("tempdb", 1))+said(tds.Info, 5701, "Changed", 4)+
		token(tds.LoginAck, "\x01\x74\x00\x00\x04"+counted("SQL\x00", 1)+"\x0f\x00\x08\x3f")+token(tds.EnvChange, "\x08\x08"+le(77, 8)+"\x00")+done(tds.Done, 0, le(0, 8)))
	batch      = packet(tds.Batch, 1, 1, headers+wide("\r\n  SELECT 'é'\r\nFROM t"))
	narrow     = packet(tds.Batch, 1, 1, "SELECT 1")
	rows       = "\x81\x01\x00" + le(0, 4) + "\x08\x00\x38\x01" + wide("a") + "\xd1" + le(5, 4)
	answered   = packet(tds.Response, 1, 1, rows+done(tds.Done, 0x10, le(1, 8)))
	refused    = packet(tds.Response, 1, 1, rows+said(tds.Error, 208, "No 'x'", 4)+done(tds.Done, 2, le(0, 8)))
	old        = packet(tds.Response, 1, 1, rows+said(tds.Error, 208, "No 'x'", 2)+done(tds.Done, 2, le(0, 4)))
	execute    = packet(tds.RPC, 1, 1, headers+"\xff\xff\x0a\x00\x00\x00"+"\x00\x00\xe7"+le(8000, 2)+"\x09\x04\xd0\x00\x34"+le(20, 2)+wide("SELECT @p1"))
	unlimited  = packet(tds.RPC, 1, 1, headers+"\xff\xff\x0a\x00\x00\x00"+"\x00\x00\xe7"+le(0xffff, 2)+"\x09\x04\xd0\x00\x34"+le(20, 8)+le(20, 4)+wide("SELECT @p2"))
	call       = packet(tds.RPC, 1, 1, headers+counted("sp_help", 2)+"\x02\x00")
	prepared   = packet(tds.RPC, 1, 1, headers+"\xff\xff\x0d\x00\x00\x00")
	returned   = packet(tds.Response, 1, 1, "\x79"+le(5, 4)+done(tds.DoneInProc, 1, le(3, 8))+done(tds.DoneProc, 0, le(0, 8)))
	attention  = packet(tds.Attention, 1, 1, "")
	cancelled  = packet(tds.Response, 1, 1, done(tds.Done, 0x20, le(0, 8)))
	begin      = packet(tds.Transaction, 1, 1, headers+"\x05\x00\x00\x00")
	parts      = []string{packet(tds.Response, 0, 1, rows), packet(tds.Response, 0, 2, "more"+said(tds.Error, 50000, "own", 4)), packet(tds.Response, 1, 3, "rest"+done(tds.Done, 2, le(0, 8)))}
	handshake  = packet(tds.PreLogin, 1, 0, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
	record     = "\x17\x03\x03\x00\x05abcde"
	everyUnits = append([]string{preLogin, offered, login, welcome, batch, narrow, answered, refused, old, execute, unlimited, call, prepared, returned, attention, cancelled, begin, handshake, record}, parts...)
)

// unit gives a unit to a session.
func unit(s proto.Session, dir int, b string) *proto.Unit {
	u := &proto.Unit{Dir: dir, Data: []byte(b), Len: len(b)}
	s.Unit(u)
	return u
}

// value joins what a layer has of a field.
func value(b, name string, note field.Note) string {
	var all []string
	for i := range tds.Fields.Fields {
		if f := &tds.Fields.Fields[i]; f.Name == "tds."+name {
			f.Noted([]byte(b), &note, func(_ field.Span, v field.Value) bool { all = append(all, v.String()); return true })
		}
	}
	return strings.Join(all, "|")
}

func TestFields(t *testing.T) {
	for _, c := range []struct{ bytes, name, want string }{
		{batch, "type", "1"}, {batch, "status.eom", "1"}, {batch, "length", fmt.Sprint(len(batch))}, {batch, "packet_number", "1"},
		{batch, "query", "\r\n  SELECT 'é'\r\nFROM t"}, {narrow, "query", "SELECT 1"}, {answered, "query", ""},
		{preLogin, "prelogin.option.token", "0|1|2|4|255"}, {preLogin, "prelogin.option.encryption", "2"}, {preLogin, "prelogin.option.instopt", "INST"},
		{offered, "prelogin.option.version", "251660351"}, {offered, "prelogin.option.mars", "0"},
		{login, "7login.username", "ann"}, {login, "7login.databasename", "master"}, {login, "7login.clientname", "CLIENT"}, {login, "7login.client_pid", "1234"},
		{login, "7login.version", "1946157060"}, {login, "7login.libraryname", "ODBC"},
		{welcome, "envchange.type", "1|8"}, {welcome, "envchange.newvalue_string", "master"}, {welcome, "envchange.oldvalue_string", "tempdb"},
		{welcome, "info.number", "5701"}, {welcome, "info.msgtext", "Changed"}, {welcome, "loginack.progname", "SQL"}, {welcome, "done.status", "0"},
		{answered, "done.donerowcount64", "1"}, {answered, "done.status.count", "1"},
		{refused, "error.number", "208"}, {refused, "error.msgtext", "No 'x'"}, {refused, "error.servername", "SRV"}, {refused, "error.class", "16"},
		{refused, "error.linenumber", "7"}, {refused, "done.status.error", "1"},
		{old, "error.number", "208"}, {old, "done.donerowcount", "0"}, {old, "done.donerowcount64", ""},
		{call, "rpc.name", "sp_help"}, {call, "rpc.name_length", "7"}, {call, "rpc.options", "2"}, {execute, "rpc.proc_id", "10"}, {execute, "rpc.name", ""},
		{returned, "returnstatus.value", "5"}, {returned, "doneinproc.donerowcount64", "3"}, {returned, "done.status.more", "1|0"}, {returned, "done.status.proc", "0"},
		{begin, "transmgr", "5"}, {handshake, "type", "18"}, {handshake, "prelogin.option.token", ""},
	} {
		if got := value(c.bytes, c.name, field.Note{}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestExtent(t *testing.T) {
	for _, c := range []struct {
		bytes string
		n     int // on the wire
		want  proto.Extent
	}{
		{batch + call, 0, proto.Extent(len(batch))},
		{batch[:1], 0, proto.More},
		{batch[:5], 0, proto.More},
		{batch[:8], 0, proto.Extent(len(batch))},
		{batch[:5], 100, 100},
		{record, 0, 10},
		{record[:3], 0, proto.More},
		{"\x01\x01\x00\x07\x00\x00\x00\x00", 0, proto.NotThis},
		{"\x05\x01\x00\x09\x00\x00\x00\x00", 0, proto.NotThis},
		{"\x01\x81\x00\x09\x00\x00\x00\x00", 0, proto.NotThis},
		{"GET / HTTP/1.1", 0, proto.NotThis},
		{"", 10, proto.NotThis},
	} {
		if got := tds.Stream.New().Extent(&proto.Piece{Data: []byte(c.bytes), Len: max(c.n, len(c.bytes))}); got != c.want {
			t.Errorf("%.12q: %d, want %d", c.bytes, got, c.want)
		}
	}
}

func TestLooks(t *testing.T) {
	for i, b := range everyUnits {
		want := b == preLogin || b == login
		if got := tds.Stream.Looks([]byte(b)); got != want {
			t.Errorf("unit %d: %v", i, got)
		}
	}
}

// A connection: what each packet is in the conversation, and which layers it has.
func TestTurns(t *testing.T) {
	s := tds.Stream.New()
	for i, c := range []struct {
		dir         int
		bytes, want string
	}{
		{0, preLogin, "1 Pre-Login '' '' false false"}, {1, offered, "2  '' 'done' false false"},
		{0, handshake, "tls1 TLS Client Hello '' '' false false"}, {1, record, "tls"},
		{0, login, "1 Login 'master' '' false false"}, {1, welcome, "2  '' 'LOGINACK' false false"},
		{0, batch, "1 SQL Batch 'SELECT 'é'' '' false false"}, {1, answered, "2  '' 'done' false false"},
		{0, narrow, "1 SQL Batch 'SELECT 1' '' false false"}, {1, refused, "2  '' 'error 208' false true"},
		{0, packet(tds.Batch, 0, 1, headers+wide("SELECT")), "1 SQL Batch 'SELECT' '' true false"}, {0, packet(tds.Batch, 1, 2, wide(" 1")), "1 SQL Batch '' '' false false"},
		{1, parts[0], "2  '' '' true false"}, {1, parts[1], "2  '' '' true false"}, {1, parts[2], "2  '' 'error 50000' false true"},
		{0, execute, "1 RPC 'SELECT @p1' '' false false"}, {0, unlimited, "1 RPC 'SELECT @p2' '' false false"},
		{0, call, "1 RPC 'sp_help' '' false false"}, {0, prepared, "1 RPC 'sp_prepexec' '' false false"}, {1, returned, "2  '' 'done' false false"},
		{0, attention, "4 Attention '' '' false false"}, {1, cancelled, "2  '' 'cancelled' false true"},
		{0, begin, "1 Transaction Manager '' '' false false"},
	} {
		u := unit(s, c.dir, c.bytes)
		got := ""
		for _, l := range u.Layers {
			if l.ID == proto.TLS {
				got = "tls"
			}
		}
		for _, t := range u.Turns {
			got += fmt.Sprintf("%d %s '%s' '%s' %v %v", t.Kind, t.Command, t.Name, t.Status, t.More, t.Failed)
		}
		if got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
}

func record22(message byte) string { return "\x16\x03\x03\x00\x04" + string(message) + "\x00\x00\x00" }

// Logins: what is asked and answered in plain, with encryption of the login alone, and with all encrypted.
func TestLogins(t *testing.T) {
	ccs, data := "\x14\x03\x03\x00\x01\x01", "\x17\x03\x03\x00\x02ab"
	tls := func(status byte, records string) string { return packet(tds.PreLogin, status, 1, records) }
	response := func(tokens string) string { return packet(tds.Response, 1, 1, tokens) }
	ntlm := func(kind byte) string { return "NTLMSSP\x00" + string(kind) + "\x00\x00\x00" }
	failed := said(tds.Error, 18456, "Login failed for user 'ann'.", 4) + done(tds.Done, 2, le(0, 8))
	routed := "\x14" + le(2+1+2+2+6, 2) + "\x00" + le(1433, 2) + counted("abc", 2) + le(0, 2)
	for _, c := range []struct {
		what string
		said []string // of client and server, in turn
		want string
	}{
		{"NTLM in plain", []string{preLogin, offered, login, response(token(tds.SSPIToken, ntlm(2))), packet(tds.SSPI, 1, 1, ntlm(3)), welcome},
			"1 Pre-Login | 2 done | 1 Login master | 2 NTLMSSP_CHALLENGE | 1 SSPI NTLMSSP_AUTH | 2 LOGINACK"},
		{"only the login is encrypted", []string{preLogin, offered, tls(1, record22(1)), tls(1, record22(2)+record22(11)+record22(14)), tls(1, record22(16)+ccs+record22(99)), tls(1, ccs+record22(99)), data, response(failed)},
			"1 Pre-Login | 2 done | 1 TLS Client Hello | 2 Server Hello | 1 TLS Key Exchange | 2 Change Cipher Spec | 1 Login | 2 error 18456 18456 Login failed for user 'ann'. [{tds.error.state 1} {tds.error.class 16}]"},
		{"all is encrypted, the session goes on", []string{preLogin, offered, tls(1, record22(1)), tls(1, record22(2)+ccs+record22(99)), tls(1, ccs+record22(99)), "", data, data, data, data},
			"1 Pre-Login | 2 done | 1 TLS Client Hello | 2 Server Hello | 1 Login | 2 encrypted"},
		{"a flight in two packets", []string{preLogin, offered, tls(1, record22(1)), tls(0, record22(2)+"\x16\x03\x03\x00\x08\x0b\x00"), "", tls(1, "\x00\x00\x00\x00\x00\x00\x00\x00")},
			"1 Pre-Login | 2 done | 1 TLS Client Hello | 2 Server Hello+ | 2"},
		{"an alert", []string{preLogin, offered, tls(1, record22(1)), tls(1, "\x15\x03\x03\x00\x02\x02\x46")}, "1 Pre-Login | 2 done | 1 TLS Client Hello | 2 alert 70"},
		{"sent elsewhere", []string{login, response(token(tds.LoginAck, "\x01\x74\x00\x00\x04"+counted("SQL", 1)+"\x0f\x00\x08\x3f") + token(tds.EnvChange, routed) + done(tds.Done, 0, le(0, 8)))},
			"1 Login master | 2 routed abc:1433"},
	} {
		s := tds.Stream.New()
		var got []string
		for i, b := range c.said {
			if b == "" {
				continue
			}
			for _, turn := range unit(s, i&1, b).Turns {
				text := fmt.Sprintf("%d %s", turn.Kind, turn.Command+turn.Status)
				if turn.More {
					text += "+"
				}
				if turn.Code != 0 {
					text += fmt.Sprintf(" %d", turn.Code)
				}
				text += " " + turn.Name + turn.Text
				if turn.Terms != nil {
					text += fmt.Sprintf(" %v", turn.Terms)
				}
				got = append(got, strings.TrimSpace(text))
			}
		}
		if text := strings.Join(got, " | "); text != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.what, text, c.want)
		}
	}
}

// What lies in later packets of a message is told by what the session knows.
func TestNotes(t *testing.T) {
	s := tds.Stream.New()
	unit(s, 0, login)
	for i, want := range []string{"|", "50000|", "|2"} {
		note := unit(s, 1, parts[i]).Layers[0].Note
		if got := value(parts[i], "error.number", note) + "|" + value(parts[i], "done.status", note); got != want {
			t.Errorf("part %d: %s, want %s", i, got, want)
		}
	}
	lost := &proto.Unit{Dir: 1, Data: []byte(parts[2]), Len: len(parts[2]), Gap: true}
	s.Unit(lost)
	if got := value(parts[2], "done.status", lost.Layers[0].Note); got != "2" {
		t.Errorf("behind a gap: %q", got)
	}
}

// A ring is a keyring that is not empty.
type ring struct{ proto.Keyring }

func (ring) Empty() bool { return false }

// everything asks for all that can be asked of bytes, without keys and with, and holds it against them.
func everything(t testing.TB, b []byte) {
	locked, opening := tds.Stream.New(), tds.Stream.New()
	opening.(proto.Opener).Unlock(ring{})
	inSession(t, locked, b)
	inSession(t, opening, b)
}

func inSession(t testing.TB, s proto.Session, b []byte) {
	tds.Stream.Looks(b)
	for at := 0; at < len(b); {
		n := s.Extent(&proto.Piece{Dir: at & 1, Data: b[at:], Len: len(b) - at})
		if n <= 0 || int(n) > len(b)-at {
			n = proto.Extent(len(b) - at)
		}
		u := &proto.Unit{Dir: at & 1, Data: b[at : at+int(n)], Len: int(n), Gap: at%7 == 0}
		s.Unit(u)
		for _, l := range u.Layers {
			if l.Off < 0 || l.Off+l.Len > u.Len {
				t.Errorf("layer %+v of %d bytes", l, u.Len)
			}
			if l.ID == proto.TDS {
				check(t, u.Data, l.Note)
			}
		}
		for _, c := range u.Carried {
			if c.Off < 0 || c.Len <= 0 || c.Off+c.Len > u.Len {
				t.Errorf("%+v is carried in %d bytes", c, u.Len)
			}
		}
		for _, turn := range u.Turns {
			if len(turn.Name) > 1000 {
				t.Errorf("a name of %d bytes", len(turn.Name))
			}
		}
		at += int(n)
	}
}

func check(t testing.TB, b []byte, note field.Note) {
	for i := range tds.Fields.Fields {
		f := &tds.Fields.Fields[i]
		f.Noted(b, &note, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			_ = v.String()
			return true
		})
	}
}

func TestEveryCut(t *testing.T) {
	for _, m := range everyUnits {
		for n := range len(m) + 1 {
			everything(t, []byte(m[:n]))
			check(t, []byte(m[:n]), field.Note{0, 0x71})
			check(t, []byte(m[:n]), field.Note{1, 0x74})
		}
	}
}

func FuzzSession(f *testing.F) {
	for _, m := range everyUnits {
		f.Add([]byte(m))
	}
	f.Add([]byte(strings.Join(everyUnits, "")))
	f.Add([]byte(preLogin + offered + packet(tds.PreLogin, 1, 1, record22(1)) + packet(tds.PreLogin, 0, 1, record22(2)+"\x14\x03\x03\x00\x01\x01") + record))
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}

package ldap_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ldap"
)

// element is a value with its header.
func element(tag byte, parts ...string) string {
	content := strings.Join(parts, "")
	switch n := len(content); {
	case n < 128:
		return string([]byte{tag, byte(n)}) + content
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + content
	}
}

func text(s string) string        { return element(4, s) }
func integer(n byte) string       { return element(2, string([]byte{n})) }
func enum(n byte) string          { return element(10, string([]byte{n})) }
func sequence(p ...string) string { return element(0x30, p...) }

func message(id byte, op string, more ...string) string {
	return sequence(append([]string{integer(id), op}, more...)...)
}

// wrap is a buffer of SASL with a token.
func wrap(token string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(token)))) + token
}

func aes(flags, ec, rrc byte, body string) string {
	return "\x05\x04" + string([]byte{flags}) + "\xff\x00" + string([]byte{ec}) + "\x00" + string([]byte{rrc}) + "\x00\x00\x00\x00\x00\x00\x00\x01" + body
}

var (
	result     = func(code byte, said string) string { return enum(code) + text("") + text(said) }
	present    = element(0x87, "objectClass")
	equal      = element(0xa3, text("cn"), text("Ann"))
	search     = message(2, element(ldap.SearchRequest, text("dc=a"), enum(2), enum(0), integer(0), integer(30), element(1, "\x00"), element(0xa0, present, equal), sequence(text("mail"))), element(0xa0, sequence(text("1.2.840.113556.1.4.319"), element(1, "\xff"), text(sequence(integer(100), text(""))))))
	entry      = message(2, element(ldap.SearchResultEntry, text("cn=Ann,dc=a"), sequence(sequence(text("objectGUID"), element(0x31, text("0123456789abcdef"))), sequence(text("mail"), element(0x31, text("a@b"), text("c@d"))))))
	done       = message(2, element(ldap.SearchResultDone, result(0, "")))
	bind       = message(1, element(ldap.BindRequest, integer(3), text("cn=root"), element(0x80, "secret")))
	bindSASL   = message(1, element(ldap.BindRequest, integer(3), text(""), element(0xa3, text("GSS-SPNEGO"), text("token"))))
	bound      = message(1, element(ldap.BindResponse, result(49, "data 52e\x00")))
	abandon    = message(4, element(ldap.AbandonRequest, "\x02"))
	startTLS   = message(5, element(ldap.ExtendedRequest, element(0x80, "1.3.6.1.4.1.1466.20037")))
	startedTLS = message(5, element(ldap.ExtendedResponse, result(0, "")))
	unbind     = message(6, element(ldap.UnbindRequest))
	signed     = wrap(aes(4, 12, 12, "123456789012"+entry+done))
	unturned   = wrap(aes(4, 12, 0, search+"123456789012"))
	sealed     = wrap(aes(6, 0, 28, strings.Repeat("s", 28+16+10)))
	rc4        = wrap(element(0x60, "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", "\x02\x01\x11\x00\xff\xff\xff\xff", strings.Repeat("r", 24), search))
	ntlm       = wrap("\x01\x00\x00\x00" + strings.Repeat("n", 12) + search)
)

var all = []string{search, entry, done, bind, bindSASL, bound, abandon, startTLS, startedTLS, unbind, signed, unturned, sealed, rc4, ntlm,
	message(7, element(ldap.ModifyRequest, text("cn=x"), sequence(sequence(enum(2), sequence(text("mail"), element(0x31, text("z"))))))),
	message(8, element(ldap.DelRequest, "cn=x")), message(9, element(ldap.ModifyDNRequest, text("cn=x"), text("cn=y"), element(1, "\xff"), element(0x80, "dc=b"))),
	message(9, element(ldap.CompareRequest, text("cn=x"), sequence(text("mail"), text("z")))), message(9, element(ldap.SearchResultReference, text("ldap://b/"))),
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{search, "2 searchRequest 'dc=a' scope 2 result 0 '' false"},
		{entry, "2 searchResEntry 'cn=Ann,dc=a' scope 0 result 0 '' false"},
		{done, "2 searchResDone '' scope 0 result 0 '' true"},
		{bind, "1 bindRequest 'cn=root' scope 0 result 0 '' false"},
		{bound, "1 bindResponse '' scope 0 result 49 'data 52e\x00' true"},
		{startTLS, "5 extendedReq '1.3.6.1.4.1.1466.20037' scope 0 result 0 '' false"},
		{all[16], "8 delRequest 'cn=x' scope 0 result 0 '' false"},
		{"\x30\x05\x02\x01\x01\x70\x00", ""},
		{"\x31\x05\x02\x01\x01\x42\x00", ""},
		{"\x30\x02\x02\x05", ""},
		{"", ""},
	} {
		var m ldap.Message
		got := ""
		if m.Decode([]byte(c.bytes), 0, len(c.bytes)) {
			got = fmt.Sprintf("%d %s '%s' scope %d result %d '%s' %v", m.ID, ldap.Names[m.Op], m.Name, m.Scope, m.Result, m.Error, m.Done)
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.bytes, got, c.want)
		}
	}
}

// value joins what the layer b has of a field.
func value(b, name string) string {
	var all []string
	for i := range ldap.Fields.Fields {
		f := &ldap.Fields.Fields[i]
		if f.Name == name {
			f.All([]byte(b), func(_ field.Span, v field.Value) bool { all = append(all, v.String()); return true })
		}
	}
	return strings.Join(all, "|")
}

func TestFields(t *testing.T) {
	for _, c := range []struct{ bytes, name, want string }{
		{search, "ldap.messageID", "2"}, {search, "ldap.protocolOp", "3"}, {search, "ldap.baseObject", "dc=a"}, {search, "ldap.scope", "2"},
		{search, "ldap.filter", "0"}, {search, "ldap.and", "2"}, {search, "ldap.and_item", "7|3"}, {search, "ldap.present", "objectClass"},
		{search, "ldap.attributeDesc", "cn"}, {search, "ldap.assertionValue", "Ann"}, {search, "ldap.AttributeDescription", "mail"},
		{search, "ldap.controlType", "1.2.840.113556.1.4.319"}, {search, "ldap.size", "100"}, {search, "ldap.criticality", "1"}, {search, "ldap.timeLimit", "30"},
		{entry, "ldap.objectName", "cn=Ann,dc=a"}, {entry, "ldap.type", "objectGUID|mail"}, {entry, "ldap.vals", "1|2"}, {entry, "ldap.AttributeValue", "614062|634064"},
		{entry, "ldap.guid", "{33323130-3534-3736-3839-616263646566}"},
		{bind, "ldap.simple", "secret"}, {bind, "ldap.authentication", "0"}, {bind, "ldap.name", "cn=root"}, {bindSASL, "ldap.mechanism", "GSS-SPNEGO"},
		{bound, "ldap.resultCode", "49"}, {bound, "ldap.errorMessage", "data 52e"},
		{abandon, "ldap.abandonRequest", "2"}, {startTLS, "ldap.requestName", "1.3.6.1.4.1.1466.20037"},
		{signed, "ldap.messageID", "2|2"}, {signed, "ldap.resultCode", "0"},
		{unturned, "ldap.baseObject", "dc=a"}, {rc4, "ldap.baseObject", "dc=a"}, {ntlm, "ldap.baseObject", "dc=a"},
		{sealed, "ldap.messageID", ""}, {sealed, "ldap.gssapi_encrypted_payload", strings.Repeat("73", 10)}, {sealed, "ldap.sasl_buffer_length", "70"},
		{search, "ldap.sasl_buffer_length", ""},
	} {
		if got := value(c.bytes, c.name); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestExtent(t *testing.T) {
	for _, c := range []struct {
		bytes string
		n     int // on the wire
		gap   bool
		want  proto.Extent
	}{
		{search + done, 0, false, proto.Extent(len(search))},
		{search[:1], 0, false, proto.More},
		{search[:9], 0, false, proto.Extent(len(search))},
		{search[:9], 500, false, proto.Extent(len(search))},
		{"\x30", 500, false, 500},
		{signed, 0, false, proto.Extent(len(signed))},
		{signed, 0, true, proto.Extent(len(signed))},
		{signed[:5], 0, true, proto.NotThis},
		{"\x00\x00\x00", 0, false, proto.More},
		{"\x00\x00\x00\x04GET ", 0, false, proto.NotThis},
		{"\x00\x00\x10\x00HTTP", 0, false, proto.NotThis},
		{"\x30\x80\x02\x01\x01", 0, false, proto.NotThis},
		{"\x30\x0c\x04\x01\x01\x60\x00", 0, false, proto.NotThis},
		{"\x30\x0c\x02\x01\x01\x3f\x00", 0, false, proto.NotThis},
		{"GET /", 0, false, proto.NotThis},
		{"", 100, false, proto.NotThis},
	} {
		p := &proto.Piece{Data: []byte(c.bytes), Len: max(c.n, len(c.bytes)), Gap: c.gap}
		if got := ldap.Stream.New().Extent(p); got != c.want {
			t.Errorf("%.20q of %d: %d, want %d", c.bytes, p.Len, got, c.want)
		}
	}
}

func TestTurns(t *testing.T) {
	s := ldap.Stream.New()
	var got []string
	for i, m := range []struct {
		dir   int
		bytes string
	}{{0, bindSASL}, {1, bound}, {0, search}, {0, search}, {1, signed}, {0, abandon}, {1, message(0, element(ldap.ExtendedResponse, result(52, "")))},
		{0, startTLS}, {1, startedTLS}, {0, unbind}} {
		u := &proto.Unit{Dir: m.dir, Frame: int64(i + 1), Time: int64(i) * 1000, Data: []byte(m.bytes), Len: len(m.bytes)}
		s.Unit(u)
		for _, t := range u.Turns {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%d:%d %s '%s' %s", t.Kind, t.Key&0xff, t.Command, t.Name, t.Status)))
			if t.More {
				got[len(got)-1] += " more"
			}
			if t.Failed {
				got[len(got)-1] += " failed"
			}
		}
		if over := u.Over != nil; over != (m.bytes == startedTLS) {
			t.Errorf("unit %d: over %v", i, over)
		}
		if i == 4 && u.Layers[0].Note != (field.Note{1}) {
			t.Errorf("note of the result: %v", u.Layers[0].Note)
		}
	}
	const want = "1:1 bindRequest '', 2:1  '' invalidCredentials failed, 1:2 searchRequest 'dc=a', 1:2 searchRequest 'dc=a', " +
		"2:2  '' success, 4:4 abandonRequest '', 4:0 extendedResp '' unavailable failed, " +
		"1:5 extendedReq '1.3.6.1.4.1.1466.20037', 2:5  '' success, 4:6 unbindRequest ''"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("\n got %s\nwant %s", s, want)
	}
}

// Requests that nobody answers do not pile up, and a long name is cut between its characters.
func TestBounds(t *testing.T) {
	s := ldap.Stream.New()
	long := message(2, element(ldap.DelRequest, "x"+strings.Repeat("é", 1000)))
	for range 1000 {
		u := &proto.Unit{Data: []byte(long), Len: len(long)}
		s.Unit(u)
		if name := u.Turns[0].Name; len(name) != 511 {
			t.Fatalf("%d bytes", len(name))
		}
	}
}

// A domain controller answers in one datagram.
func TestDatagrams(t *testing.T) {
	for bytes, want := range map[string]string{search: "1 searchRequest dc=a  -1", entry + done: "2   success 76", "\x30\x00": "none"} {
		var turn proto.Turn
		got := "none"
		if ldap.Datagram.Turn([]byte(bytes), &turn) {
			got = fmt.Sprintf("%d %s %s %s %d", turn.Kind, turn.Command, turn.Name, turn.Status, turn.Size)
		}
		if got != want {
			t.Errorf("%.20q: %s, want %s", bytes, got, want)
		}
	}
}

// everything asks for all that can be asked of bytes, and holds it against them.
func everything(t testing.TB, b []byte) {
	s := ldap.Stream.New()
	for dir := range 2 {
		for at := 0; at < len(b); {
			n := s.Extent(&proto.Piece{Dir: dir, Data: b[at:], Len: len(b) - at, Gap: at > 0})
			if n <= 0 || int(n) > len(b)-at {
				n = proto.Extent(len(b) - at)
			}
			u := &proto.Unit{Dir: dir, Data: b[at : at+int(n)], Len: int(n)}
			s.Unit(u)
			for _, l := range u.Layers {
				if l.Off < 0 || l.Off+l.Len > u.Len {
					t.Errorf("layer %+v of %d bytes", l, u.Len)
				}
			}
			layer(t, u.Data)
			at += int(n)
		}
	}
}

func layer(t testing.TB, b []byte) {
	for i := range ldap.Fields.Fields {
		f := &ldap.Fields.Fields[i]
		f.All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			_ = v.String()
			return true
		})
	}
	if off, n := ldap.Sealed(b); off < 0 || off+n > len(b) {
		t.Errorf("sealed at %d, %d of %d bytes", off, n, len(b))
	}
}

func TestEveryCut(t *testing.T) {
	for _, m := range all {
		for n := range len(m) + 1 {
			everything(t, []byte(m[:n]))
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := []byte(signed)
	var m ldap.Message
	n := testing.AllocsPerRun(100, func() {
		ldap.Messages(b, func(off, n int) bool { return m.Decode(b, off, off+n) })
	})
	if n > 1 { // the function
		t.Errorf("%v allocations", n)
	}
}

func FuzzSession(f *testing.F) {
	f.Add([]byte(strings.Join(all, "")))
	for _, m := range all {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}

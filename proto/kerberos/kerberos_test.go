package kerberos_test

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/kerberos"
)

// element is a value with its header.
func element(tag byte, parts ...string) string {
	content := strings.Join(parts, "")
	if n := len(content); n >= 128 {
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + content
	}
	return string([]byte{tag, byte(len(content))}) + content
}

func in(tag byte, parts ...string) string { return element(0xa0|tag, parts...) }
func seq(parts ...string) string          { return element(0x30, parts...) }
func text(s string) string                { return element(0x1b, s) }
func octets(s string) string              { return element(4, s) }
func integer(n ...byte) string            { return element(2, string(n)) }
func when(s string) string                { return element(0x18, s) }

func name(kind byte, parts ...string) string {
	all := ""
	for _, p := range parts {
		all += text(p)
	}
	return seq(in(0, integer(kind)), in(1, seq(all)))
}

func pa(kind []byte, value string) string {
	return seq(in(1, integer(kind...)), in(2, octets(value)))
}

func message(tag, from, kind byte, members ...string) string {
	return element(tag, seq(in(from, integer(5)), in(from+1, integer(kind)), strings.Join(members, "")))
}

// marked is a message with its record mark.
func marked(m string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(m)))) + m
}

var (
	sealed = seq(in(0, integer(18)), in(1, integer(2)), in(2, octets("secret")))
	ticket = element(0x61, seq(in(0, integer(5)), in(1, text("A.LAB")), in(2, name(2, "krbtgt", "A.LAB")), in(3, sealed)))
	ap     = message(kerberos.APRequest, 0, 14, in(2, element(3, "\x00\x20\x00\x00\x00")), in(3, ticket), in(4, sealed))
	body   = seq(in(0, element(3, "\x00\x40\x81\x00\x10")), in(1, name(1, "ann")), in(2, text("A.LAB")), in(3, name(2, "cifs", "srv.a.lab")),
		in(5, when("20370913024805Z")), in(6, when("99990909000000Z")), in(7, integer(0, 0xff, 0xff, 0xff, 0xfe)), in(8, seq(integer(18), integer(0xff, 0x7b))),
		in(9, seq(seq(in(0, integer(20)), in(1, octets("WS01           \x20"))), seq(in(0, integer(2)), in(1, octets("\x0a\x00\x00\x01"))))))
	asked   = message(kerberos.ASRequest, 1, 10, in(3, seq(pa([]byte{2}, sealed), pa([]byte{0, 128}, seq(in(0, element(1, "\xff")))))), in(4, body))
	tgs     = message(kerberos.TGSRequest, 1, 12, in(3, seq(pa([]byte{1}, ap), pa([]byte{0, 167}, seq(in(0, element(3, "\x00\x40\x00\x00\x00")))), pa([]byte{0, 136}, in(0, seq(in(1, seq(in(0, integer(16)), in(1, octets("sum")))), in(2, sealed)))))), in(4, body))
	granted = message(kerberos.TGSReply, 0, 13, in(2, seq(pa([]byte{19}, seq(seq(in(0, integer(18)), in(1, text("A.LABann"))))), pa([]byte{0, 136}, in(0, seq(in(0, sealed)))))), in(3, text("A.LAB")), in(4, name(1, "ann")), in(5, ticket), in(6, sealed))
	failed  = func(code byte, data string) string {
		return message(kerberos.Error, 0, 30, in(4, when("20210622092740Z")), in(5, integer(9)), in(6, integer(0, code)), in(9, text("A.LAB")), in(10, name(2, "cifs", "srv.a.lab")), in(12, octets(data)))
	}
	required    = failed(25, seq(pa([]byte{19}, seq(seq(in(0, integer(18)), in(1, text("A.LABann"))))), pa([]byte{2}, "")))
	notOffered  = failed(13, pa([]byte{3}, "\xbb\x00\x00\xc0\x00\x00\x00\x00\x03\x00\x00\x00"))
	credentials = message(kerberos.Credential, 0, 22, in(2, seq(ticket)), in(3, sealed))
)

var all = []string{asked, tgs, granted, ap, required, notOffered, credentials, failed(200, "text"), message(kerberos.Private, 0, 21, in(3, sealed))}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{asked, "AS-REQ cifs/srv.a.lab@A.LAB 0 0x0"},
		{tgs, "TGS-REQ cifs/srv.a.lab@A.LAB 0 0x0"},
		{granted, "TGS-REP krbtgt/A.LAB@A.LAB 0 0x0"},
		{required, "KRB-ERROR cifs/srv.a.lab@A.LAB 25 0x0"},
		{notOffered, "KRB-ERROR cifs/srv.a.lab@A.LAB 13 0xc00000bb"},
		{ap, "AP-REQ  0 0x0"},
		{"\x6a\x80\x30", ""},
		{"\x30\x00", ""},
		{"", ""},
	} {
		var m kerberos.Message
		got := ""
		if m.Decode([]byte(c.bytes)) {
			got = fmt.Sprintf("%s %s %d %#x", kerberos.Names[m.Kind], m.Principal(), m.Code, m.Status)
		}
		if got != c.want || kerberos.Is([]byte(c.bytes)) != (c.want != "") {
			t.Errorf("%.20q: %s, want %s", c.bytes, got, c.want)
		}
	}
}

// value joins what the layer b has of a field.
func value(table *field.Table, b, name string) string {
	var all []string
	for i := range table.Fields {
		if f := &table.Fields[i]; f.Name == name {
			f.All([]byte(b), func(_ field.Span, v field.Value) bool { all = append(all, v.String()); return true })
		}
	}
	return strings.Join(all, "|")
}

func TestFields(t *testing.T) {
	for _, c := range []struct{ bytes, name, want string }{
		{asked, "msg_type", "10"}, {asked, "pvno", "5"}, {asked, "CNameString", "ann"}, {asked, "SNameString", "cifs|srv.a.lab"}, {asked, "realm", "A.LAB"},
		{asked, "kdc_options", "40810010"}, {asked, "KDCOptions.forwardable", "1"}, {asked, "KDCOptions.renew", "0"}, {asked, "KDCOptions.renewable.ok", "1"},
		{asked, "nonce", "4294967294"}, {asked, "ENCTYPE", "18|-133"}, {asked, "kdc-req-body.etype", "2"}, {asked, "till", "2037-09-13T02:48:05Z"}, {asked, "rtime", ""},
		{asked, "padata", "2"}, {asked, "padata_type", "2|128"}, {asked, "etype", "18"}, {asked, "kvno", "2"}, {asked, "cipher", "736563726574"}, {asked, "include_pac", "1"},
		{asked, "addr_nb", "WS01"}, {asked, "addr_ip", "10.0.0.1"}, {asked, "addr_type", "20|2"}, {asked, "address", ""},
		{tgs, "msg_type", "12|14"}, {tgs, "ap_options", "20000000"}, {tgs, "APOptions.mutual.required", "1"}, {tgs, "tkt_vno", "5"},
		{tgs, "PAC.OPTIONS.FLAGS.branch.aware", "1"}, {tgs, "cksumtype", "16"}, {tgs, "enc_fast_req_element", ""}, {tgs, "armored_data_element", ""},
		{granted, "crealm", "A.LAB"}, {granted, "info2_salt", "A.LABann"}, {granted, "etype", "18|18|18|18"}, {granted, "sname_string", "2"},
		{required, "error_code", "25"}, {required, "stime", "2021-06-22T09:27:40Z"}, {required, "susec", "9"}, {required, "info2_salt", "A.LABann"}, {required, "padata_type", "19|2"},
		{notOffered, "smb.nt_status", "3221225659"}, {notOffered, "padata_type", "3"},
		{credentials, "tickets", "1"}, {credentials, "tkt_vno", "5"},
	} {
		if got := value(&kerberos.Fields, c.bytes, "kerberos."+c.name); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := value(&kerberos.StreamFields, marked(c.bytes), "kerberos."+c.name); got != c.want {
			t.Errorf("%s in a stream: %s, want %s", c.name, got, c.want)
		}
	}
	if got := value(&kerberos.StreamFields, marked(ap), "kerberos.rm.length"); got != fmt.Sprint(len(ap)) {
		t.Errorf("record mark: %s", got)
	}
}

func TestExtent(t *testing.T) {
	whole := marked(asked)
	for _, c := range []struct {
		bytes string
		n     int // on the wire
		want  proto.Extent
	}{
		{whole + whole, 0, proto.Extent(len(whole))},
		{whole[:4], 0, proto.Extent(len(whole))},
		{whole[:3], 0, proto.More},
		{whole[:3], 500, 500},
		{"GET / HTTP", 0, proto.NotThis},
		{"\x00\x00\x01\x00\x16\x03", 0, proto.NotThis},
		{"\x00\x00\x00\x00", 0, proto.NotThis},
		{"", 100, proto.NotThis},
		{"", 0, proto.More},
	} {
		if got := kerberos.Stream.New().Extent(&proto.Piece{Data: []byte(c.bytes), Len: max(c.n, len(c.bytes))}); got != c.want {
			t.Errorf("%.20q: %d, want %d", c.bytes, got, c.want)
		}
	}
}

func TestTurns(t *testing.T) {
	s := kerberos.Stream.New()
	for _, c := range []struct{ bytes, want string }{
		{asked, "1 AS-REQ cifs/srv.a.lab@A.LAB  0 false"},
		{required, "2   KRB5KDC_ERR_PREAUTH_REQUIRED 25 false"},
		{notOffered, "2   KRB5KDC_ERR_BADOPTION 13 true"},
		{failed(200, ""), "2   error 200 200 true"},
		{granted, "2   TGS-REP 0 false"},
		{credentials, "4 KRB-CRED   0 false"},
	} {
		u := &proto.Unit{Data: []byte(marked(c.bytes)), Len: len(c.bytes) + 4}
		s.Unit(u)
		var turn proto.Turn
		if len(u.Turns) != 1 || !kerberos.Datagram.Turn([]byte(c.bytes), &turn) {
			t.Fatalf("%d turns", len(u.Turns))
		}
		one := &u.Turns[0]
		if got := fmt.Sprintf("%d %s %s %s %d %v", one.Kind, one.Command, one.Name, one.Status, one.Code, one.Failed); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
		if turn.Key = 0; !reflect.DeepEqual(turn, *one) {
			t.Errorf("%+v in a datagram, %+v in a stream", turn, *one)
		}
	}
}

// everything asks for all that can be asked of bytes, and holds it against them.
func everything(t testing.TB, b []byte) {
	s := kerberos.Stream.New()
	for at := 0; at < len(b); {
		n := s.Extent(&proto.Piece{Data: b[at:], Len: len(b) - at})
		if n <= 0 || int(n) > len(b)-at {
			n = proto.Extent(len(b) - at)
		}
		u := &proto.Unit{Data: b[at : at+int(n)], Len: int(n)}
		s.Unit(u)
		check(t, &kerberos.StreamFields, u.Data)
		at += int(n)
	}
	check(t, &kerberos.Fields, b)
	var turn proto.Turn
	if kerberos.Datagram.Turn(b, &turn) && len(turn.Name) > 1000 {
		t.Errorf("a name of %d bytes", len(turn.Name))
	}
}

func check(t testing.TB, table *field.Table, b []byte) {
	for i := range table.Fields {
		f := &table.Fields[i]
		f.All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			_ = v.String()
			return true
		})
	}
}

func TestEveryCut(t *testing.T) {
	for _, m := range all {
		for n := range len(m) + 1 {
			everything(t, []byte(m[:n]))
			everything(t, []byte(marked(m)[:n]))
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := []byte(notOffered)
	var m kerberos.Message
	if n := testing.AllocsPerRun(100, func() { m.Decode(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSession(f *testing.F) {
	for _, m := range all {
		f.Add([]byte(m))
		f.Add([]byte(marked(m) + marked(m)))
	}
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}

package stream_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/request"
	store "github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// said makes messages of lines that begin with C: or S:.
func said(lines ...string) (list []tlstalk.Message) {
	for _, line := range lines {
		list = append(list, tlstalk.Message{Dir: strings.Index("CS", line[:1]), Bytes: []byte(line[2:])})
	}
	return list
}

// goneOver is a talk that begins in clear text and goes over to TLS.
func goneOver(t *testing.T, o tlstalk.Options, request, response string, clear ...string) *tlstalk.Talk {
	t.Helper()
	talk, err := tlstalk.New(o, []byte(request), []byte(response))
	if err != nil {
		t.Fatal(err)
	}
	talk.Messages = append(said(clear...), talk.Messages...)
	return talk
}

const (
	ldapStarts  = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	ldapStarted = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
	ldapBind    = "\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00"
	ldapBound   = "\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"
)

const (
	rdpAsks       = "\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=bob\r\n\x01\x00\x08\x00%c\x00\x00\x00" // [MS-RDPBCGR] 2.2.1.1
	rdpAgrees     = "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00%c\x00\x00\x00"                         // [MS-RDPBCGR] 2.2.1.2
	credSSP       = "\x30\x13\xa0\x03\x02\x01\x06\xa1\x0c\x30\x0a\x30\x08\xa0\x06\x04\x04NTLM"                           // [MS-CSSP] 2.2.1
	mysqlGreeting = "\x0f\x00\x00\x00\x0a5.5.5\x00\x01\x00\x00\x00\x00\x08\x00\x00"
	mysqlTLS      = "\x20\x00\x00\x01\x05\xae\x03\x00\x00\x00\x00\x01\x21" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	mysqlLogin    = "\x08\x00\x00\x02\x05\xae\x03\x00root"
	mysqlOK       = "\x03\x00\x00\x03\x00\x00\x00"
	xmppOpens     = "<?xml version='1.0'?><stream:stream to='im.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)

// TestGoneOver: connections that go over to TLS are opened with a key log, and what is inside is known by what was agreed on before, or by the port behind a proxy.
func TestGoneOver(t *testing.T) {
	const connect = "C:CONNECT %s HTTP/1.1\r\n\r\n"
	const connected = "S:HTTP/1.1 200 Connection established\r\n\r\n"
	for name, c := range map[string]struct {
		port              uint16
		inner             proto.ID
		request, response string
		clear             []string
	}{
		"CONNECT":                       {3128, proto.HTTP, asked, string(responseOf(5000)), []string{fmt.Sprintf(connect, "shop.test:443"), connected}},
		"CONNECT to LDAP":               {3128, proto.LDAP, ldapBind, ldapBound, []string{fmt.Sprintf(connect, "dc.test:636"), connected}},
		"LDAP":                          {389, proto.LDAP, ldapBind, ldapBound, []string{"C:" + ldapStarts, "S:" + ldapStarted}},
		"LDAP of a global catalog":      {3268, proto.LDAP, ldapBind, ldapBound, []string{"C:" + ldapStarts, "S:" + ldapStarted}},
		"PostgreSQL":                    {5432, proto.Data, "Q\x00\x00\x00\x0dselect 1", "Z\x00\x00\x00\x05I", []string{"C:\x00\x00\x00\x08\x04\xd2\x16\x2f", "S:S"}},
		"MySQL":                         {3306, proto.Data, mysqlLogin, mysqlOK, []string{"S:" + mysqlGreeting, "C:" + mysqlTLS}},
		"RDP, TLS":                      {3389, proto.Data, "\x03\x00\x00\x08\x02\xf0\x80\x7f", "\x03\x00\x00\x08\x02\xf0\x80\x7e", []string{"C:" + fmt.Sprintf(rdpAsks, 1), "S:" + fmt.Sprintf(rdpAgrees, 1)}},
		"RDP, CredSSP":                  {3389, proto.Data, credSSP, credSSP, []string{"C:" + fmt.Sprintf(rdpAsks, 3), "S:" + fmt.Sprintf(rdpAgrees, 2)}},
		"RDP, another port":             {13389, proto.Data, credSSP, credSSP, []string{"C:" + fmt.Sprintf(rdpAsks, 11), "S:" + fmt.Sprintf(rdpAgrees, 8)}},
		"FTP":                           {21, proto.Data, "USER me\r\n", "331 password\r\n", []string{"S:220 files\r\n", "C:FEAT\r\n", "S:211-Extensions\r\n AUTH TLS\r\n211 End\r\n", "C:AUTH TLS\r\n", "S:234 go\r\n"}},
		"FTP, a greeting as of mail":    {21, proto.Data, "USER me\r\n", "331 password\r\n", []string{"S:220 no SMTP here\r\n", "C:AUTH TLS\r\n", "S:234 go\r\n"}},
		"XMPP":                          {5222, proto.Data, xmppOpens, xmppOpens, []string{"C:" + xmppOpens, "S:" + xmppOpens + "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>", "C:<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "S:<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"}},
		"NNTP":                          {119, proto.Data, "GROUP x\r\n", "411 none\r\n", []string{"S:200 news\r\n", "C:STARTTLS\r\n", "S:382 go\r\n"}},
		"PostgreSQL, GSS refused first": {5432, proto.Data, "Q\x00\x00\x00\x0dselect 1", "Z\x00\x00\x00\x05I", []string{"C:\x00\x00\x00\x08\x04\xd2\x16\x30", "S:N", "C:\x00\x00\x00\x08\x04\xd2\x16\x2f", "S:S"}},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			talk := goneOver(t, tlstalk.Options{Version: version}, c.request, c.response, c.clear...)
			r := newTLSRig(t, talk.KeyLog)
			r.server, r.inner = c.port, c.inner
			r.talk(talk, 1460, nil)
			if got := r.opened.String(); got != c.request+c.response {
				t.Errorf("%s, %s: %q", name, tls.VersionName(version), got)
			}
			r.streams.End()
			if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Why != "" || list[0].Closed != 0 {
				t.Errorf("%s, %s: %+v", name, tls.VersionName(version), list)
			}
		}
	}
}

// TestAnswerMissing: where the capture has not the answer that lets TLS begin, its hello tells; where nobody asked, a hello is what it is to the protocol.
func TestAnswerMissing(t *testing.T) {
	const list, listed = "b LIST x y\r\n", "b OK\r\n"
	talk := goneOver(t, tlstalk.Options{Version: tls.VersionTLS12}, list, listed, "S:* OK IMAP4rev1\r\n", "C:a STARTTLS\r\n", "S:a OK go\r\n")
	for _, drop := range []int{-1, 1} {
		r := newTLSRig(t, talk.KeyLog)
		r.server, r.inner = 143, proto.IMAP
		r.talk(talk, 1460, func(dir, i int) bool { return dir == 1 && i == drop })
		if got := r.opened.String(); got != list+listed {
			t.Errorf("without segment %d of the server: %q", drop, got)
		}
		r.streams.End()
		if accounts, _ := stream.Accounts(r.streams); len(accounts) != 1 || accounts[0].Why != "" || accounts[0].Closed != 0 {
			t.Errorf("without segment %d of the server: %+v", drop, accounts)
		}
	}
	talk = goneOver(t, tlstalk.Options{Version: tls.VersionTLS12}, list, listed, "S:* OK IMAP4rev1\r\n")
	r := newTLSRig(t, talk.KeyLog)
	r.server, r.inner = 143, proto.IMAP
	r.talk(talk, 1460, nil)
	if got := r.opened.String(); got != "" {
		t.Errorf("nobody asked for TLS: %q", got)
	}
}

// TestTLSInTLS: TLS behind a proxy is opened where the way to the proxy is TLS as well, and behind one more of them; what lies deeper than is followed stays closed.
func TestTLSInTLS(t *testing.T) {
	response := responseOf(40_000)
	v12, v13 := tlstalk.Options{Version: tls.VersionTLS12}, tlstalk.Options{Version: tls.VersionTLS13}
	hop := func(o tlstalk.Options, to string) tlstalk.Hop {
		return tlstalk.Hop{Options: o, Ask: "CONNECT " + to + " HTTP/1.1\r\n\r\n", Answer: "HTTP/1.1 200 OK\r\n\r\n"}
	}
	for _, c := range []struct {
		name  string
		clear []string
		hops  []tlstalk.Hop
		inner tlstalk.Options
		deep  bool
	}{
		{"a proxy with TLS", nil, []tlstalk.Hop{hop(v13, "shop.test:443")}, v12, false},
		{"the same, TLS 1.2 outside", nil, []tlstalk.Hop{hop(v12, "shop.test:443")}, v13, false},
		{"a proxy without TLS to one with", []string{"C:CONNECT proxy.test:443 HTTP/1.1\r\n\r\n", "S:HTTP/1.1 200 OK\r\n\r\n"}, []tlstalk.Hop{hop(v12, "shop.test:443")}, v12, true},
		{"TLS in TLS without a proxy", nil, []tlstalk.Hop{{Options: v12}}, v13, false},
	} {
		talk, err := tlstalk.Through(c.hops, c.inner, []byte(asked), response)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		talk.Messages = append(said(c.clear...), talk.Messages...)
		for _, size := range []int{1460, 100_000} {
			r := newTLSRig(t, talk.KeyLog)
			r.talk(talk, size, nil)
			if got := r.seen.String(); !strings.HasSuffix(got, asked+string(response)) {
				t.Errorf("%s, segments of %d: %d bytes of HTTP, want the %d of the inside behind them", c.name, size, len(got), len(asked)+len(response))
			}
			r.streams.End()
			list, _ := stream.Accounts(r.streams)
			for _, one := range list {
				if one.Why != "" || one.Closed != 0 {
					t.Errorf("%s, segments of %d: %+v", c.name, size, one)
				}
			}
			if len(list) != 1+len(c.hops) {
				t.Errorf("%s: %d sessions, want %d", c.name, len(list), 1+len(c.hops))
			}
		}
	}
}

// tdsPackets is a message of TDS in packets with so many bytes of content ([MS-TDS] 2.2.3).
func tdsPackets(kind byte, content string, most int) string {
	var b []byte
	for number := byte(1); len(content) > 0; number++ {
		n := min(len(content), most)
		status := byte(0)
		if n == len(content) {
			status = 1
		}
		b = append(b, kind, status)
		b = binary.BigEndian.AppendUint16(b, uint16(8+n))
		b = append(append(b, 0, 0, number, 0), content[:n]...)
		content = content[n:]
	}
	return string(b)
}

func tdsLogin() string {
	b := make([]byte, 200)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], 0x74000004)
	return tdsPackets(16, string(b), 4088)
}

func tdsBatch(query string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(query)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return tdsPackets(1, string(b), 4088)
}

const (
	tdsPreLogin = "\x12\x01\x00\x1a\x00\x00\x01\x00\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x0f\x00\x08?\x00\x00\x00"
	tdsDone     = "\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	tdsAck      = "\xad\x0a\x00\x01\x74\x00\x00\x04\x00\x10\x00\x00\x00" + tdsDone
)

// inTDS puts the handshake of a talk into packets of the pre-login, with so many bytes of it in each, and leaves the alerts out ([MS-TDS] 3.2.5.2).
func inTDS(messages []tlstalk.Message, most int) (list []tlstalk.Message) {
	for _, m := range messages {
		var shake, raw []byte
		for b := m.Bytes; len(b) > 0; {
			n := 5 + int(binary.BigEndian.Uint16(b[3:]))
			switch b[0] {
			case 20, 22:
				shake = append(shake, b[:n]...)
			case 23:
				raw = append(raw, b[:n]...)
			}
			b = b[n:]
		}
		for _, part := range []string{tdsPackets(18, string(shake), most), string(raw)} {
			if len(part) > 0 {
				list = append(list, tlstalk.Message{Dir: m.Dir, Bytes: []byte(part)})
			}
		}
	}
	return list
}

// TestTDSInTLS: the handshake of TLS lies in packets of TDS; behind it everything is encrypted, or the login alone.
func TestTDSInTLS(t *testing.T) {
	const query = "select 1 from secrets"
	login, batch := tdsLogin(), tdsBatch(query)
	acked, done := tdsPackets(4, tdsAck, 4088), tdsPackets(4, tdsDone, 4088)
	for _, c := range []struct {
		name      string
		onlyLogin bool
		most      int // content of a packet
		size      int // of segments
	}{{"all", false, 4088, 1460}, {"all, in small packets", false, 300, 100}, {"the login", true, 4088, 1460}, {"the login, in small packets", true, 200, 1460}} {
		ask, answer := login+batch, acked+done
		if c.onlyLogin {
			ask, answer = login, ""
		}
		o := tlstalk.Options{Version: tls.VersionTLS12, Suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		talk := goneOver(t, o, ask, answer)
		talk.Messages = slices.Concat(said("C:"+tdsPreLogin, "S:"+"\x04"+tdsPreLogin[1:]), inTDS(talk.Messages, c.most))
		if c.onlyLogin {
			talk.Messages = append(talk.Messages, said("S:"+acked, "C:"+batch, "S:"+done)...)
		}
		other := "CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48)
		for kind, key := range map[string][]byte{"key log": talk.KeyLog, "private key": talk.PrivateKey, "the wrong key": []byte(other), "no key": nil} {
			var requests []string
			r := newTLSRig(t)
			r.streams = stream.New(stream.NewChoice(stream.Rules{}), 0, func(q *request.Request) {
				if q.Protocol == proto.TDS {
					requests = append(requests, strings.TrimSuffix(q.Command+" "+q.Name, " ")+": "+q.Status)
				}
			})
			s := new(store.Store)
			if key != nil {
				if err := s.Read(bytes.NewReader(key), "keys"); err != nil {
					t.Fatal(err)
				}
			}
			r.streams.Unlock(store.NewLearned(s))
			r.server, r.inner = 1433, proto.TDS
			r.talk(talk, c.size, nil)
			r.streams.End()
			list, _ := stream.Accounts(r.streams)
			opens := kind == "key log" || kind == "private key"
			want := []string{"Pre-Login: done", "TLS Client Hello: Server Hello", "TLS Key Exchange: Change Cipher Spec"}
			switch {
			case opens || c.onlyLogin:
				want = append(want, "Login: LOGINACK", "SQL Batch "+query+": done")
			default:
				want = append(want, "Login: encrypted")
			}
			if !slices.Equal(requests, want) {
				t.Errorf("%s, %s: %q, want %q", c.name, kind, requests, want)
			}
			if got := r.opened.String(); opens && got != ask+answer || !opens && got != "" {
				t.Errorf("%s, %s: %q", c.name, kind, got)
			}
			if opens && (len(list) != 1 || list[0].Why != "" || list[0].Closed != 0) || !opens && key != nil && (len(list) != 1 || list[0].Opened != 0 || list[0].Why == "") {
				t.Errorf("%s, %s: %+v", c.name, kind, list)
			}
		}
	}
}

// TestTDSLoss: segments of the handshake that are captured late change nothing, and what is encrypted is opened behind those that are missing.
func TestTDSLoss(t *testing.T) {
	login, acked := tdsLogin(), tdsPackets(4, tdsAck+strings.Repeat(tdsDone, 3000), 4088)
	talk := goneOver(t, tlstalk.Options{Version: tls.VersionTLS12, Suite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, login, acked)
	talk.Messages = slices.Concat(said("C:"+tdsPreLogin, "S:"+"\x04"+tdsPreLogin[1:]), inTDS(talk.Messages, 600))
	r := newTLSRig(t, talk.KeyLog)
	r.server, r.inner = 1433, proto.TDS
	r.delay = func(dir, i int) int {
		if dir == 1 && i%3 == 1 {
			return 1
		}
		return 0
	}
	r.talk(talk, 250, nil)
	if got := r.opened.String(); got != login+acked {
		t.Errorf("%d bytes of %d", len(got), len(login+acked))
	}
	r = newTLSRig(t, talk.KeyLog)
	r.server, r.inner = 1433, proto.TDS
	r.talk(talk, 250, func(dir, i int) bool { return dir == 1 && i == 60 })
	r.streams.End()
	if list, _ := stream.Accounts(r.streams); len(list) != 1 || list[0].Bytes < int64(len(login)+len(acked)/4) || list[0].Why == "" && list[0].Bytes == int64(len(login+acked)) {
		t.Errorf("%d of %d bytes: %+v", list[0].Bytes, len(login+acked), list)
	}
}

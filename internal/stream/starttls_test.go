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

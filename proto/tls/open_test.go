package tls

import (
	"bytes"
	"iter"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// anyKey has a secret for everything.
type anyKey struct{ learned int }

func (*anyKey) Secret(kind string, _ []byte) []byte {
	switch kind {
	case SecretMaster, SecretPremaster, SecretExchanged, SecretSession, SecretTicket, SecretClientTraffic, SecretServerTraffic:
		return make([]byte, 48)
	case SecretEarly, SecretClientHandshake, SecretServerHandshake:
		return make([]byte, 32)
	}
	return nil
}
func (*anyKey) From(string, []byte) string { return "nowhere" }
func (*anyKey) Each(string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) { yield("modulus", []byte{0x30, 0}) }
}
func (k *anyKey) Learn(string, []byte, []byte, string) { k.learned++ }
func (*anyKey) Empty() bool                            { return false }

// helloRecord is a record with a hello of either side.
func helloRecord(kind byte, version, suite string, extensions string) []byte {
	body := version + strings.Repeat("r", randomLen) + "\x00"
	if kind == clientHello {
		body += "\x00\x02" + suite + "\x01\x00"
	} else {
		body += suite + "\x00"
	}
	if extensions != "" {
		body += string([]byte{byte(len(extensions) >> 8), byte(len(extensions))}) + extensions
	}
	message := string([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}) + body
	return append([]byte{Handshake, 3, 3, byte(len(message) >> 8), byte(len(message))}, message...)
}

func record(kind byte, body string) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

// FuzzOpener: whatever both sides send, nothing breaks, and what is shown lies in what there is.
func FuzzOpener(f *testing.F) {
	change := record(ChangeCipherSpec, "\x01")
	data := record(ApplicationData, strings.Repeat("x", 64))
	f.Add(append(helloRecord(clientHello, "\x03\x03", "\x00\x2f", "\x00\x17\x00\x00"), append(record(Handshake, "\x10\x00\x00\x04\x00\x02ab"), append(change, data...)...)...),
		append(helloRecord(serverHello, "\x03\x03", "\x00\x2f", "\x00\x17\x00\x00"), append(change, data...)...))
	f.Add(append(helloRecord(clientHello, "\x03\x03", "\x13\x01", "\x00\x2b\x00\x03\x02\x03\x04\x00\x2a\x00\x00"), data...), append(helloRecord(serverHello, "\x03\x03", "\x13\x01", "\x00\x2b\x00\x02\x03\x04"), data...))
	f.Add([]byte("\x80\x2e\x01\x03\x00\x00\x15\x00\x00\x00\x10aaabbbcccdddeeefffggg0123456789abcdef"), data)
	f.Fuzz(func(t *testing.T, client, server []byte) {
		s := new(session)
		s.Unlock(&anyKey{})
		for i, b := range [][]byte{client, server, client, server} {
			dir := i % 2
			for len(b) > 0 {
				n := int(s.Extent(&proto.Piece{Dir: dir, Data: b, Len: len(b)}))
				if n <= 0 || n > len(b) {
					n = len(b)
				}
				u := proto.Unit{Dir: dir, Frame: int64(i + 1), Data: b[:n], Len: n, Lost: int64(b[0] & 3), Gap: b[0]&3 == 1}
				s.Unit(&u)
				for k := range u.Layers {
					part := u.Bytes(&u.Layers[k])
					for j := range Fields.Fields {
						Fields.Fields[j].Noted(part, &u.Layers[k].Note, func(field.Span, field.Value) bool { return true })
					}
				}
				for _, c := range u.Carried {
					if c.In < 1 || c.In > len(u.Opened) || c.Off+c.Len > len(u.Opened[c.In-1].Data) {
						t.Fatalf("carried %+v", c)
					}
				}
				b = b[n:]
			}
		}
		for _, a := range s.Accounts() {
			if a.Opened == 0 && a.Why == "" || bytes.Contains([]byte(a.Why+strings.Join(a.Steps, "")), make([]byte, 8)) {
				t.Errorf("%+v", a)
			}
		}
	})
}

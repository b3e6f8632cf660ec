package tls

import (
	"bytes"

	"github.com/wiretale/wiretale/proto"
)

// A handshake is a request like others: the ClientHello asks for a name, and
// the server has answered when the client can send. In TLS 1.3 that is with the
// flight of the ServerHello; before, with the server's change of ciphers (RFC 8446, 2; RFC 5246, 7.3).
type handshake struct {
	asked    bool
	client   int  // direction of the ClientHello
	answered bool // whole
}

// handshakeKey: a second ClientHello, after a Hello Retry Request, asks the same again.
const handshakeKey = 1

// turn is what a record in the clear, of a layer of the unit, has to do with the handshake; not ok for one that has nothing.
func (h *handshake) turn(s *session, u *proto.Unit, r *Record, layer int) {
	if h.answered {
		return
	}
	t := proto.Turn{Kind: proto.Answer, Key: handshakeKey, Offset: -1, Size: -1, Layer: layer}
	switch {
	case r.Type == Handshake && !r.Encrypted:
		for w := messagesIn(u.Data, r); w.next() && !w.Message.Encrypted; {
			if t, ok := h.message(s, u, &w.Message, t); ok {
				u.Turns = append(u.Turns, t)
			}
		}
		return
	case !h.asked || u.Dir == h.client:
		return
	case r.Type == ChangeCipherSpec && equal(s.version) != TLS13:
		h.answered = true
		t.Status = versionName(s.version)
	case ClearAlert(u.Data, r) && u.Data[r.Body] == fatal:
		h.answered = true
		t.Status, t.Code, t.Failed = alertNames[uint64(u.Data[r.Body+1])], uint32(u.Data[r.Body+1]), true
	default:
		return
	}
	u.Turns = append(u.Turns, t)
}

func (h *handshake) message(s *session, u *proto.Unit, m *Message, t proto.Turn) (proto.Turn, bool) {
	switch {
	case m.Type == clientHello:
		h.asked, h.client = true, u.Dir
		t.Kind, t.Command, t.Name = proto.Ask, "Handshake", ServerName(u.Data, m)
		return t, true
	case m.isVerify() && h.asked && u.Dir != h.client:
		t.Kind = proto.Interim
		return t, true
	case m.Type != serverHello || !h.asked || u.Dir == h.client:
		return t, false
	case IsRetry(u.Data, m):
		t.Kind = proto.Interim
		return t, true
	}
	hello, ok := helloOf(u.Data, m)
	if !ok {
		return t, false
	}
	version := chosen(u.Data, m, &hello)
	t.Status = versionName(version)
	t.More = equal(version) != TLS13
	h.answered = !t.More
	return t, true
}

// ServerName is the first host name that a ClientHello asks for (RFC 6066, 3), "" without one.
func ServerName(b []byte, m *Message) (name string) {
	h, ok := helloOf(b, m)
	if !ok || h.extensions < 0 {
		return ""
	}
	extensionsIn(b, h.extensions, min(h.extensions+h.extensionsLen, m.End), m.Type, func(e *extension) bool {
		if e.kind != serverName || e.end-e.body < 5 || b[e.body+2] != 0 {
			return true
		}
		at := e.body + 5
		name = string(bytes.ToValidUTF8(b[at:min(at+be16(b[e.body+3:]), e.end)], []byte("?")))
		return false
	})
	return name
}

var alertNames = proto.Names("tls.alert_message.desc")

func versionName(v uint16) string {
	if v == DTLS13 { // which Wireshark has no name for
		return "DTLS 1.3"
	}
	return versions[uint64(v)]
}

// fatal is the level of an alert that ends the connection (RFC 8446, 6).
const fatal = 2

package tds

import (
	"bytes"
	"encoding/binary"
	"net"
	"strconv"

	"github.com/wiretale/wiretale/proto"
)

// Commands of the requests that open a connection. Those of packets are the names of their types.
const (
	PreLoginCommand = "Pre-Login"
	HelloCommand    = "TLS Client Hello"
	KeysCommand     = "TLS Key Exchange"
	LoginCommand    = "Login"
	SSPICommand     = "SSPI"
)

// What their answers say.
const (
	LoggedIn   = "LOGINACK"          // the login was accepted
	Challenged = "NTLMSSP_CHALLENGE" // the server wants an answer to its challenge ([MS-NLMP] 2.2.1.2)
	Negotiates = "SSPI"              // the server goes on with another mechanism than NTLM
	Routed     = "routed"            // the client is to connect elsewhere ([MS-TDS] 2.2.7.9, routing); the text of the turn has where
	Sealed     = "encrypted"         // an answer came and cannot be read
	helloSaid  = "Server Hello"
	sealed     = "Change Cipher Spec" // the server has all that it needs for encryption
	alerted    = "alert "             // of TLS, with its number
)

// Authenticates is the name of an SSPI request that answers a challenge of NTLM ([MS-NLMP] 2.2.1.3).
const Authenticates = "NTLMSSP_AUTH"

// Terms of an answer with an error, named as Wireshark's fields.
const (
	StateTerm = "tds.error.state"
	ClassTerm = "tds.error.class"
)

// Types of records and of handshake messages of TLS (RFC 5246, 6.2.1 and 7.4).
const (
	changeCipherSpec  = 20
	alertRecord       = 21
	handshakeRecord   = 22
	applicationData   = 23
	clientHello       = 1
	serverHello       = 2
	clientCertificate = 11
	clientKeyExchange = 16
)

// shakes follows how a connection comes to be encrypted, and what of the login shows then: a request and an answer. What is encrypted from its first
// byte (version 8.0) is a connection of TLS, and none of this protocol's.
type shakes struct {
	within          [2]bool // the next packet goes on with what TLS sends
	hello           bool    // a client hello was seen
	serverSealed    bool    // the server changed ciphers
	asked, answered bool    // a login, encrypted
}

// goesOn reports whether a packet carries the rest of a handshake that the one before it in its direction began.
func (s *shakes) goesOn(u *proto.Unit) bool {
	return u.Data[0] == PreLogin && s.within[u.Dir]
}

// packet is the part of a packet that carries TLS; not ok for one that asks nothing and answers nothing.
func (s *shakes) packet(dir int, b []byte) (t proto.Turn, ok bool) {
	if len(b) < HeaderLen {
		return t, false
	}
	again := s.within[dir]
	s.within[dir] = !Last(b)
	if again && dir == 0 {
		return t, false
	}
	t, ok = s.shake(dir, b[HeaderLen:])
	t.More = ok && dir == 1 && s.within[dir]
	return t, ok
}

// shake reads the records that b begins with.
func (s *shakes) shake(dir int, b []byte) (t proto.Turn, ok bool) {
	kind, message, ciphers := firstOf(b)
	t = proto.Turn{Kind: proto.Ask, Offset: -1, Size: int64(len(b))}
	switch {
	case dir == 0 && kind == handshakeRecord && message == clientHello:
		t.Command, s.hello = HelloCommand, true
	case dir == 0 && s.serverSealed: // a session that goes on, or TLS 1.3: the server is done
		return t, false
	case dir == 0 && (kind == handshakeRecord && (message == clientKeyExchange || message == clientCertificate) || kind == changeCipherSpec):
		t.Command = KeysCommand
	case dir == 0 || kind == applicationData:
		return t, false
	case kind == alertRecord:
		t.Kind, t.Failed = proto.Answer, true
		t.Status = alerted + alertNumber(b)
	default:
		t.Kind = proto.Answer
		if kind == handshakeRecord && message == serverHello {
			t.Status = helloSaid
		} else if kind == changeCipherSpec || ciphers {
			t.Status = sealed
		}
		s.serverSealed = s.serverSealed || ciphers
	}
	return t, true
}

// firstOf is the type of the first record in b, of the handshake message in it, and whether a record of b changes ciphers.
func firstOf(b []byte) (kind, message byte, ciphers bool) {
	for at := 0; record(b[min(at, len(b)):]); {
		if at == 0 {
			kind = b[0]
			if len(b) > recordHead {
				message = b[recordHead]
			}
		}
		ciphers = ciphers || b[at] == changeCipherSpec
		at += recordHead + int(binary.BigEndian.Uint16(b[at+3:]))
	}
	return kind, message, ciphers
}

// alertNumber is that of the alert that b begins with: "70"; "?" when it is encrypted.
func alertNumber(b []byte) string {
	if len(b) < recordHead+2 || binary.BigEndian.Uint16(b[3:]) != 2 {
		return "?"
	}
	return strconv.Itoa(int(b[recordHead+1]))
}

// record is the part of a record that stands for packets: the first one of the client behind the handshake is its login, and the
// server's first one answers. What follows says nothing.
func (s *shakes) record(dir int, b []byte) (t proto.Turn, ok bool) {
	switch {
	case b[0] != applicationData || !s.hello:
		return t, false
	case dir == 0 && !s.asked:
		s.asked = true
		return proto.Turn{Kind: proto.Ask, Command: LoginCommand, Offset: -1, Size: -1, Of: proto.TDS, Sealed: true}, true
	case dir == 1 && s.asked && !s.answered:
		s.answered = true
		return proto.Turn{Kind: proto.Answer, Status: Sealed, Offset: -1, Size: -1, Of: proto.TDS, Sealed: true}, true
	}
	return t, false
}

// ntlm is what messages of NTLM begin with ([MS-NLMP] 2.2.1).
var ntlm = []byte("NTLMSSP\x00")

// challenge reports whether a token of the server has a challenge of NTLM, alone or in SPNEGO.
func challenge(b []byte) bool { return ntlmMessage(b) == 2 }

// authenticates reports whether what a client sends answers such a challenge.
func authenticates(b []byte) bool { return ntlmMessage(b) == 3 }

// ntlmMessage is the type of the message of NTLM in b, 0 without one.
func ntlmMessage(b []byte) uint32 {
	i := bytes.Index(b, ntlm)
	if i < 0 || i+len(ntlm)+4 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[i+len(ntlm):])
}

const routingChange = 20 // type of an ENVCHANGE

// routing is where an ENVCHANGE sends the client: host and port ([MS-TDS] 2.2.7.9); "" for any other change.
func routing(b []byte) string {
	const fixed = 3 + 1 + 2 + 1 + 2 + 2 // token and length, type, length of the value, protocol, port, length of the name
	if len(b) < fixed || b[3] != routingChange || b[6] != 0 {
		return ""
	}
	n := 2 * int(binary.LittleEndian.Uint16(b[9:]))
	if n == 0 || fixed+n > len(b) {
		return ""
	}
	return net.JoinHostPort(text(b[fixed:fixed+n], maxName), strconv.Itoa(int(binary.LittleEndian.Uint16(b[7:]))))
}

// message is the text of an ERROR or INFO, its first characters.
func (t *token) message() string {
	at, _, _, _ := t.sayings()
	if at == 0 || at+2 > len(t.b) {
		return ""
	}
	n := 2 * int(binary.LittleEndian.Uint16(t.b[at:]))
	return text(t.b[at+2:min(len(t.b), at+2+n)], maxName)
}

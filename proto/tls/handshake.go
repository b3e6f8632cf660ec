package tls

import "github.com/wiretale/wiretale/field"

// Handshake messages that the code knows by number (RFC 8446, 4; RFC 5246, 7.4).
const (
	helloRequest        = 0
	clientHello         = 1
	serverHello         = 2
	newSessionTicket    = 4
	encryptedExtensions = 8
	certificate         = 11
	serverKeyExchange   = 12
	certificateRequest  = 13
	clientKeyExchange   = 16
	finished            = 20
	keyUpdate           = 24
	ssl2ClientHello     = 1
)

// A Message is one handshake message.
type Message struct {
	Off, End  int  // from its type to the end of what its record has of it
	Body      int  // where its content begins
	Type      byte //
	Len       int  // of its content, as it says
	Encrypted bool // nothing of it can be read: Type and Len are not valid
	Record    *Record

	// Of DTLS.
	Datagram         bool
	Seq              uint16
	FragOff, FragLen int
	Part             bool // it is not all of the message: see [Whole]
}

const (
	messageHeader = 4
	// maxMessage is longer than any handshake message in the clear: what is longer is encrypted.
	maxMessage = 1 << 17
)

// readable reports whether what is left of a handshake record begins with a message in the clear.
func readable(b []byte, at int, r *Record) bool {
	if r.End-at < messageHeader || handshakeTypes[uint64(b[at])] == "" {
		return false
	}
	n := be24(b[at+1:])
	if r.Encrypted { // after a retry the server's real hello follows its change of ciphers (RFC 8446, D.4)
		return (b[at] == clientHello || b[at] == serverHello) && at+messageHeader+n == r.Body+r.Len
	}
	return n < maxMessage
}

// Messages walks the handshake messages of a layer, those of SSL 2.0 left out. A message is valid until yield returns.
func Messages(b []byte, note *field.Note, yield func(m *Message) bool) {
	Records(b, note, func(r *Record) bool {
		return r.Type != Handshake || messagesOf(b, r, yield)
	})
}

// Messages walks the messages of a record of the layer b. A message is valid until yield returns.
func (r *Record) Messages(b []byte, yield func(m *Message) bool) { messagesOf(b, r, yield) }

func messagesOf(b []byte, r *Record, yield func(m *Message) bool) bool {
	for w := messagesIn(b, r); w.next(); {
		if !yield(&w.Message) {
			return false
		}
	}
	return true
}

// messages goes through the messages of a record as messagesOf does, for whoever must not allocate.
type messages struct {
	Message
	b  []byte
	at int // of the next message
}

// messagesIn begins before the first message.
func messagesIn(b []byte, r *Record) messages {
	return messages{Message: Message{Record: r}, b: b, at: r.Body + r.Continues}
}

// next goes to the next message, false behind the last one.
func (w *messages) next() bool {
	r := w.Record
	if w.at >= r.End {
		return false
	}
	if r.Datagram {
		w.fragment()
		return true
	}
	w.Message = Message{Off: w.at, End: r.End, Body: w.at, Record: r, Encrypted: !readable(w.b, w.at, r)}
	m := &w.Message
	if m.Encrypted {
		w.at = r.End
		return true
	}
	m.Type, m.Len, m.Body = w.b[w.at], be24(w.b[w.at+1:]), w.at+messageHeader
	m.End = min(m.Body+m.Len, r.End)
	w.at = m.Body + m.Len
	return true
}

// overhang is how much of the last message of a record lies in the records that follow.
func overhang(b []byte, r *Record) (n int) {
	for at := r.Body + r.Continues; at < r.End && readable(b, at, r); {
		at += messageHeader + be24(b[at+1:])
		n = max(0, at-(r.Body+r.Len))
	}
	return n
}

// A hello is where the parts of a ClientHello or ServerHello are; -1 for one that is not there.
type hello struct {
	version, random, id, idLen int
	cookie, cookieLen          int // of DTLS
	suites, suitesLen          int // of a server: its choice
	methods, methodsLen        int
	extensions, extensionsLen  int
}

// lastShort is the number of the draft of TLS 1.3 in which a ServerHello became what it had been before.
const lastShort = 22

// helloOf finds the parts of a hello (RFC 8446, 4.1).
func helloOf(b []byte, m *Message) (h hello, ok bool) {
	if m.Encrypted || m.Part || m.Type != clientHello && m.Type != serverHello || m.Body+35 > m.End {
		return h, false
	}
	h = hello{version: m.Body, random: m.Body + 2, id: m.Body + 35, idLen: int(b[m.Body+34]), cookie: -1, suites: -1, methods: -1, extensions: -1}
	at := h.id + h.idLen
	if m.Type == serverHello && b[m.Body] == draft && b[m.Body+1] < lastShort { // nothing but its choice and extensions
		h.id, h.idLen, at = -1, 0, m.Body+34
		if at+4 <= m.End {
			h.suites, h.suitesLen, h.extensions, h.extensionsLen = at, 2, at+4, be16(b[at+2:])
		}
		return h, true
	}
	if m.Type == serverHello {
		if at+3 > m.End {
			return h, true
		}
		h.suites, h.suitesLen, h.methods, h.methodsLen = at, 2, at+2, 1
		at += 3
	} else {
		if m.Datagram {
			if at+1 > m.End {
				return h, true
			}
			h.cookie, h.cookieLen = at+1, int(b[at])
			at = h.cookie + h.cookieLen
		}
		if at+2 > m.End {
			return h, true
		}
		h.suites, h.suitesLen = at+2, be16(b[at:])
		if at = h.suites + h.suitesLen; at+1 > m.End {
			return h, true
		}
		h.methods, h.methodsLen = at+1, int(b[at])
		at = h.methods + h.methodsLen
	}
	if at+2 <= m.End {
		h.extensions, h.extensionsLen = at+2, be16(b[at:])
	}
	return h, true
}

// An extension of a hello, of the server's encrypted extensions, or of a certificate request.
type extension struct {
	off, body, end int
	kind, len      int
	of             byte // type of the message
}

func extensions(b []byte, note *field.Note, yield func(e *extension) bool) {
	Messages(b, note, func(m *Message) bool {
		h, ok := helloOf(b, m)
		return !ok || h.extensions < 0 || extensionsIn(b, h.extensions, min(h.extensions+h.extensionsLen, m.End), m.Type, yield)
	})
}

func extensionsIn(b []byte, at, end int, of byte, yield func(e *extension) bool) bool {
	for at+4 <= end {
		e := extension{off: at, body: at + 4, kind: be16(b[at:]), len: be16(b[at+2:]), of: of}
		e.end = min(e.body+e.len, end)
		if !yield(&e) {
			return false
		}
		at = e.body + e.len
	}
	return true
}

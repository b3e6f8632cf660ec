package tls

import "bytes"

// A Hello is what a ClientHello or a ServerHello says (RFC 8446, 4.1; RFC 5246, 7.4.1), as far as others look at it. Its
// slices lie in the message, but for lists, which are copies and bounded.
type Hello struct {
	Client   bool
	Retry    bool   // a Hello Retry Request
	Version  uint16 // of a server the one that it chooses, of a client the newest that it offers in its head
	Versions []uint16
	Random   []byte
	ID       []byte   // of the session
	Suites   []uint16 // of a server its choice
	Name     string   // server_name of a client
	Protocol []string // ALPN: of a server its choice
	Groups   []uint16 // of a server the one of its key share
	Ticket   []byte   // that the client goes on with, or empty: it would take one
	// Known are extensions by their bits below.
	Known HelloExtensions
}

// HelloExtensions are bits for extensions that a hello has.
type HelloExtensions uint8

// Extensions that a hello has.
const (
	HasName HelloExtensions = 1 << iota
	HasTicket
	HasPreShared // goes on with a session of TLS 1.3 (RFC 8446, 4.2.11)
	HasEarlyData
	HasInnerHello // encrypted_client_hello: the name in it is not the one that is asked for
	HasStatus     // status_request: staples revocation information
)

const (
	encryptedClientHello = 0xfe0d
	maxListed            = 64
)

// grease reports whether a number is one of those that clients mix in so that servers learn to ignore what they do not know (RFC 8701).
func grease(n uint16) bool { return n&0x0f0f == 0x0a0a && n>>8 == n&0xff }

// numbersIn are the numbers of two bytes in b, without those that say nothing.
func numbersIn(b []byte) (list []uint16) {
	for ; len(b) >= 2 && len(list) < maxListed; b = b[2:] {
		if n := uint16(be16(b)); !grease(n) {
			list = append(list, n)
		}
	}
	return list
}

// HelloOf reads a hello: raw is a handshake message with its header, which may be cut.
func HelloOf(raw []byte) (out Hello, ok bool) {
	if len(raw) < messageHeader {
		return out, false
	}
	m := whole(raw)
	h, ok := helloOf(raw, &m)
	if !ok {
		return out, false
	}
	part := func(off, n int) []byte {
		if off < 0 || off > len(raw) {
			return nil
		}
		return raw[off:min(off+n, len(raw))]
	}
	out = Hello{Client: m.Type == clientHello, Version: uint16(be16(raw[h.version:])), Random: part(h.random, randomLen), ID: part(h.id, h.idLen), Suites: numbersIn(part(h.suites, h.suitesLen))}
	if h.extensions >= 0 {
		n := 0
		extensionsIn(raw, h.extensions, min(h.extensions+h.extensionsLen, len(raw)), m.Type, func(e *extension) bool {
			out.extension(raw[min(e.body, len(raw)):max(min(e.body, len(raw)), e.end)], e.kind)
			n++
			return n < mostExtensions
		})
	}
	if out.Client {
		out.Name = ServerName(raw, &m)
		return out, true
	}
	out.Version, out.Retry = chosen(raw, &m, &h), IsRetry(raw, &m)
	return out, true
}

// extension takes in one.
func (h *Hello) extension(b []byte, kind int) {
	switch kind {
	case serverName:
		h.Known |= HasName
	case statusRequest:
		h.Known |= HasStatus
	case sessionTicket:
		h.Known |= HasTicket
		h.Ticket = b
	case preSharedKey:
		h.Known |= HasPreShared
	case earlyData:
		h.Known |= HasEarlyData
	case encryptedClientHello:
		h.Known |= HasInnerHello
	case supportedVersions:
		if h.Client && len(b) > 0 {
			h.Versions = numbersIn(b[1:])
		}
	case supportedGroups:
		if h.Client && len(b) > 2 {
			h.Groups = numbersIn(b[2:])
		}
	case keyShare:
		if !h.Client {
			h.Groups = numbersIn(b[:min(2, len(b))])
		}
	case applicationProtocol:
		for b = b[min(2, len(b)):]; len(b) > 0 && len(h.Protocol) < maxListed; {
			n := min(int(b[0]), len(b)-1)
			h.Protocol = append(h.Protocol, string(bytes.ToValidUTF8(b[1:1+n], []byte("?"))))
			b = b[1+n:]
		}
	}
}

// Oldest is the oldest version that a client offers, 0 where its hello does not say.
func (h *Hello) Oldest() (v uint16) {
	for _, one := range h.Versions {
		if one>>8 == 3 && (v == 0 || one < v) {
			v = one
		}
	}
	return v
}

// Newest is the newest version that a client offers.
func (h *Hello) Newest() (v uint16) {
	for _, one := range h.Versions {
		if one>>8 == 3 {
			v = max(v, one)
		}
	}
	if v == 0 {
		return h.Version
	}
	return v
}

// Chain are the certificates in a Certificate message with its header, that of the sender first; version is that of the connection (RFC 8446, 4.4.2; RFC 5246, 7.4.2).
func Chain(raw []byte, version uint16) (list [][]byte) {
	const most = 16
	b := raw[min(messageHeader, len(raw)):]
	if version == TLS13 { // begins with a context
		if len(b) < 1 || 1+int(b[0]) > len(b) {
			return nil
		}
		b = b[1+int(b[0]):]
	}
	if len(b) < 3 {
		return nil
	}
	b = b[3:min(len(b), 3+be24(b))]
	for len(b) >= 3 && len(list) < most {
		n := be24(b)
		if n == 0 || 3+n > len(b) {
			break
		}
		list = append(list, b[3:3+n])
		if b = b[3+n:]; version == TLS13 {
			if len(b) < 2 {
				break
			}
			b = b[min(len(b), 2+be16(b)):]
		}
	}
	return list
}

// certificateAuthorities names those whose certificates are wanted (RFC 8446, 4.2.4).
const certificateAuthorities = 47

// Authorities are the names of those whose certificates a CertificateRequest wants, in DER (RFC 8446, 4.3.2; RFC 5246, 7.4.4).
func Authorities(raw []byte, version uint16) (list [][]byte) {
	const most = 16
	b := raw[min(messageHeader, len(raw)):]
	skip := func(length int) {
		n := 0
		switch {
		case len(b) < length:
		case length == 1:
			n = int(b[0])
		default:
			n = be16(b)
		}
		b = b[min(len(b), length+n):]
	}
	skip(1) // types of certificates; the context in TLS 1.3
	switch {
	case version == TLS13:
		var in []byte
		if len(b) >= 2 {
			extensionsIn(b, 2, min(len(b), 2+be16(b)), 0, func(e *extension) bool {
				if e.kind == certificateAuthorities && e.body <= e.end {
					in = b[e.body:e.end]
				}
				return in == nil
			})
		}
		b = in
	case version == TLS12:
		skip(2) // algorithms of signatures
	}
	if len(b) < 2 {
		return nil
	}
	b = b[2:min(len(b), 2+be16(b))]
	for len(b) >= 2 && len(list) < most {
		n := be16(b)
		if n == 0 || 2+n > len(b) {
			break
		}
		list, b = append(list, b[2:2+n]), b[2+n:]
	}
	return list
}

// NoCertificate reports whether the list of a Certificate message with its header is empty: its sender has none.
func NoCertificate(raw []byte, version uint16) bool {
	b := raw[min(messageHeader, len(raw)):]
	if version == TLS13 && len(b) > 0 {
		b = b[min(len(b), 1+int(b[0])):]
	}
	return len(b) == 3 && be24(b) == 0
}

// Types of handshake messages, for those who follow handshakes.
const (
	ClientHello        = clientHello
	ServerHello        = serverHello
	NewSessionTicket   = newSessionTicket
	CertificateMessage = certificate
	CertificateRequest = certificateRequest
	ServerHelloDone    = 14
	ClientKeyExchange  = clientKeyExchange
	Finished           = finished
)

// MessageHeader is the length of the header of a handshake message in bytes: type and length.
const MessageHeader = messageHeader

// MessageLen is the length of the handshake message that b begins with, header included; b has a whole header.
func MessageLen(b []byte) int { return messageHeader + be24(b[1:]) }

// VersionName is the name of a version, "" for a number that is none.
func VersionName(v uint16) string { return versionName(v) }

// AlertName is the name of the description of an alert.
func AlertName(code byte) string { return alertNames[uint64(code)] }

// SuiteName is the name of a cipher suite.
func SuiteName(number uint16) string { return suiteName(number) }

// GroupName is the name of a group for the key exchange, "" for one that is not known.
func GroupName(number uint16) string { return groups[uint64(number)] }

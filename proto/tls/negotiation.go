package tls

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto"
)

// A negotiation is one agreement on keys: a handshake. A connection has another one when it is negotiated anew.
type negotiation struct {
	account
	holes    bool // bytes of the handshake are missing
	derived  bool // it was looked for secrets
	ready    bool // and there are keys
	offers13 bool
	early    bool // the client offers data before the handshake is done
	retried  bool // by a Hello Retry Request

	clientRandom, serverRandom []byte
	offeredID, serverID        []byte
	ticket                     []byte       // that the client goes on with
	offered                    map[int]bool // extensions of the client
	suites                     []uint16
	chosen                     bool   // a ServerHello was seen
	number                     uint16 // of the suite
	suite                      tlsrecord.Suite
	known                      bool // the suite can be opened
	version                    uint16
	draft                      tlsrecord.Draft
	options                    tlsrecord.Options
	extended, deflates         bool
	protocol                   proto.ID
	transcript                 []byte // of the handshake, up to the key exchange
	certificate                bool
	modulus                    string // of the private key that was given for it
	ephemeral                  bool   // the server sent a key of its own for the exchange
	exchange                   []byte // what the client sent for it; nil before
	master                     []byte
	keys                       [2]tlsrecord.Keys
	secrets                    [2][]byte // of TLS 1.3, of what each side sends after the handshake
}

// Extensions that change how records are protected (IANA, TLS ExtensionType Values).
const (
	truncatedMAC   = 4
	encryptThenMAC = 22
	extendedMaster = 23
	sessionTicket  = 35
	earlyData      = 42
	maxTranscript  = 1 << 18
	randomLen      = 32
	deflate        = 1
	lastClassic    = TLS12
	mostSuites     = 512
	mostExtensions = 128
)

var suiteNames = proto.Names("tls.handshake.ciphersuite")

// message takes in a whole handshake message with its header; said is what of it is hashed.
func (o *opener) message(u *proto.Unit, raw, said []byte) {
	body := raw[messageHeader:]
	kind := raw[0]
	if kind == clientHello {
		o.begin(u, raw)
	}
	n := o.neg
	if n == nil {
		return
	}
	if o.datagrams != nil && kind == helloVerify { // neither it nor the hello before it is hashed (RFC 6347, 4.2.1)
		n.retried, n.transcript = true, nil
		n.step("the server asks for another hello")
		return
	}
	if kind != helloRequest && n.exchange == nil && o.version != TLS13 && len(n.transcript)+len(said) <= maxTranscript {
		n.transcript = append(n.transcript, said...)
	}
	fromServer := u.Dir != o.client
	switch {
	case kind == serverHello && fromServer:
		o.answered(u, raw)
	case kind == certificate && fromServer && o.version != TLS13:
		n.recognise(o.keys, body)
	case kind == serverKeyExchange && fromServer:
		n.ephemeral = true
	case kind == clientKeyExchange && !fromServer:
		n.exchange = bytes.Clone(body)
		n.derive(o)
		n.transcript = nil
	case kind == newSessionTicket && fromServer && o.version != TLS13:
		n.granted(o.keys, body)
	case kind == encryptedExtensions && fromServer && len(body) >= 2:
		n.extensions(raw, messageHeader+2, len(raw), kind)
	case o.datagrams != nil: // which keys a record has is on the wire
	case kind == finished && o.version == TLS13:
		o.traffic(u.Dir)
	case kind == keyUpdate && o.version == TLS13:
		o.update(u.Dir)
	}
}

// whole is the message that raw is.
func whole(raw []byte) Message {
	return Message{Type: raw[0], Len: len(raw) - messageHeader, Body: messageHeader, End: len(raw)}
}

// whole is the message that raw is, of a stream or of datagrams.
func (o *opener) whole(raw []byte) Message {
	m := whole(raw)
	m.Datagram = o.datagrams != nil
	return m
}

// begin begins an agreement with a ClientHello.
func (o *opener) begin(u *proto.Unit, raw []byte) {
	m := o.whole(raw)
	h, ok := helloOf(raw, &m)
	if !ok {
		return
	}
	random := raw[h.random : h.random+randomLen]
	if o.neg != nil && o.neg.retried && !o.neg.chosen && bytes.Equal(o.neg.clientRandom, random) {
		o.neg.early = false
		return
	}
	n := o.start(u)
	n.clientRandom, n.offeredID = bytes.Clone(random), bytes.Clone(raw[h.id:min(h.id+h.idLen, len(raw))])
	n.Name = ServerName(raw, &m)
	for at := h.suites; at >= 0 && at+2 <= min(h.suites+h.suitesLen, len(raw)) && len(n.suites) < mostSuites; at += 2 {
		n.suites = append(n.suites, uint16(be16(raw[at:])))
	}
	if h.extensions >= 0 {
		n.extensions(raw, h.extensions, min(h.extensions+h.extensionsLen, len(raw)), clientHello)
	}
	if n.early && o.datagrams == nil {
		o.earlyReaders()
	}
}

// start is a new agreement. Sides keep the keys that they have until they change them.
func (o *opener) start(u *proto.Unit) *negotiation {
	n := &negotiation{offered: map[int]bool{}}
	if n.ID, n.Frame = proto.TLS, u.Frame; o.datagrams != nil {
		n.ID = proto.DTLS
	}
	if o.client = u.Dir; len(o.all) < maxNegotiations {
		o.all = append(o.all, n)
	}
	if o.neg != nil {
		n.step("negotiated anew in the connection")
	}
	if o.neg = n; !o.sides[0].changed && !o.sides[1].changed {
		o.version = 0
	}
	return n
}

// ssl2 is a hello of SSL 2.0, of a client that speaks newer versions too (RFC 5246, E.2): its challenge is the end of the random.
func (o *opener) ssl2(u *proto.Unit, b []byte) {
	if len(b) < 9 {
		return
	}
	suites, id, challenge := be16(b[3:]), be16(b[5:]), be16(b[7:])
	if challenge > randomLen || 9+suites+id+challenge > len(b) {
		return
	}
	n := o.start(u)
	n.clientRandom = append(make([]byte, randomLen-challenge), b[9+suites+id:9+suites+id+challenge]...)
	n.offeredID = bytes.Clone(b[9+suites : 9+suites+id])
	n.transcript = append(n.transcript, b...)
	n.step("the client begins with a hello of SSL 2.0")
}

// extensions takes in those of a hello, or those that are encrypted.
func (n *negotiation) extensions(raw []byte, from, to int, of byte) {
	count := 0
	extensionsIn(raw, from, to, of, func(e *extension) bool {
		count++
		body := raw[e.body:e.end]
		if of == clientHello {
			n.offered[e.kind] = true
			switch e.kind {
			case sessionTicket:
				n.ticket = bytes.Clone(body)
			case supportedVersions:
				n.offers13 = true
			case earlyData:
				n.early = true
			}
			return count < mostExtensions
		}
		agreed := n.offered[e.kind]
		switch e.kind {
		case truncatedMAC:
			n.options.TruncatedMAC = agreed
		case encryptThenMAC:
			n.options.EncryptThenMAC = agreed
		case extendedMaster:
			n.extended = agreed
		case applicationProtocol:
			if len(body) > 3 {
				n.protocol = protocolOf(string(body[3:min(len(body), 3+int(body[2]))]))
			}
		}
		return count < mostExtensions
	})
}

// protocolOf is the protocol that a name of ALPN stands for (IANA, TLS ALPN Protocol IDs). One that is not known here is nobody's.
func protocolOf(name string) proto.ID {
	switch name {
	case "http/1.0", "http/1.1":
		return proto.HTTP
	case "h2":
		return proto.HTTP2
	case "imap":
		return proto.IMAP
	case "pop3":
		return proto.POP
	case "tds/8.0":
		return proto.TDS
	case "":
		return proto.None
	}
	return proto.Data
}

// answered takes in a ServerHello.
func (o *opener) answered(u *proto.Unit, raw []byte) {
	n := o.neg
	m := o.whole(raw)
	h, ok := helloOf(raw, &m)
	if !ok || h.suites < 0 {
		return
	}
	version := named(raw, &m, &h)
	if version>>8 == draft {
		n.draft, version = tlsrecord.Draft(version), TLS13
	}
	if version == DTLS13 {
		n.draft = tlsrecord.Datagrams
	}
	o.version, n.version = equal(version), equal(version)
	if IsRetry(raw, &m) {
		n.retried = true
		n.step("the server asks for another hello")
		return
	}
	n.chosen = true
	n.number = uint16(be16(raw[h.suites:]))
	n.Version, n.Suite = versionName(version), suiteName(n.number)
	n.suite, n.known = tlsrecord.SuiteOf(n.Suite)
	n.serverRandom = bytes.Clone(raw[h.random : h.random+randomLen])
	if h.id >= 0 {
		n.serverID = bytes.Clone(raw[h.id:min(h.id+h.idLen, len(raw))])
	}
	n.deflates = h.methods >= 0 && raw[h.methods] == deflate
	if h.extensions >= 0 {
		n.extensions(raw, h.extensions, min(h.extensions+h.extensionsLen, len(raw)), serverHello)
	}
	n.options.Draft = n.draft
	if n.step("the server chooses %s, %s%s", n.Version, n.Suite, n.features()); n.version == TLS13 {
		o.agreed()
	}
}

func suiteName(number uint16) string {
	if name := suiteNames[uint64(number)]; name != "" {
		return name
	}
	return "suite " + hex16(number)
}

// features are what was agreed on that changes keys and records, in words.
func (n *negotiation) features() string {
	var b strings.Builder
	for _, f := range []struct {
		on   bool
		text string
	}{{n.extended, "extended master secret"}, {n.options.EncryptThenMAC, "encrypt-then-MAC"}, {n.options.TruncatedMAC, "truncated MAC"}, {n.deflates, "DEFLATE"}} {
		if f.on {
			b.WriteString(", " + f.text)
		}
	}
	return b.String()
}

// recognise looks for the private key of the server's certificate: its modulus is in it, as it is.
func (n *negotiation) recognise(keys proto.Keyring, body []byte) {
	n.certificate = true
	if len(body) < 6 {
		return
	}
	first := body[6:min(len(body), 6+be24(body[3:]))]
	for modulus := range keys.Each(SecretPrivateKey) {
		if bytes.Contains(first, []byte(modulus)) {
			n.modulus = modulus
			n.step("the certificate is that of %s", keys.From(SecretPrivateKey, []byte(modulus)))
		}
	}
}

// granted keeps the master secret for a session that goes on with a ticket (RFC 5077, 3.3).
func (n *negotiation) granted(keys proto.Keyring, body []byte) {
	if len(body) < 6 || n.master == nil {
		return
	}
	if ticket := body[6:min(len(body), 6+be16(body[4:]))]; len(ticket) > 0 {
		keys.Learn(SecretTicket, ticket, n.master, n.origin())
	}
}

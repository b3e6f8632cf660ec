package main

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto"
)

// Downloads over TLS: pages of HTTP/1.1 in records of 16 KiB, or short sessions of which most go on with an earlier one.
const (
	tlsPort    = 443
	tlsSegment = 1448
	recordLen  = 1 << 14
	pageLen    = 2 << 20
	shortLen   = 400
	cached     = 1000 // sessions that a short one may go on with
)

// Types of records and handshake messages (RFC 5246, 6.2.1 and 7.4).
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23

	clientHello         = 1
	serverHello         = 2
	encryptedExtensions = 8
	certificate         = 11
	serverKeyExchange   = 12
	serverHelloDone     = 14
	certificateVerify   = 15
	clientKeyExchange   = 16
	finished            = 20
)

// An agreement is what sessions of the suite have in common.
type agreement struct {
	suite   tlsrecord.Suite
	number  uint16
	version uint16
	server  *identity
	keys    io.Writer // the key log
	cache   []session // that can be gone on with
}

// A session is one that was agreed on.
type session struct {
	id             []byte
	master         []byte
	client, server uint32 // addresses
}

// newAgreement is that of a suite by its name; it writes a key log.
func (t *traffic) newAgreement(name string, keys io.Writer) (*agreement, error) {
	a := &agreement{version: tlsrecord.TLS12, keys: keys, server: newIdentity(t.random)}
	var ok bool
	if a.suite, ok = tlsrecord.SuiteOf(name); !ok {
		return nil, fmt.Errorf("no suite %q that can be opened", name)
	}
	if a.suite.Exchange == "" {
		a.version = tlsrecord.TLS13
	}
	for number, n := range proto.Names("tls.handshake.ciphersuite") {
		if n == name { // drafts had lower numbers
			a.number = max(a.number, uint16(number))
		}
	}
	return a, nil
}

// A visit is one connection of a browser.
type visit struct {
	*conn
	*agreement
	seal       [2]*sealer // nil before the change of ciphers
	transcript []byte
	out        []byte // of the server, that is not sent
	left       int    // pages, with the one that is being sent
}

// runVisits writes so many connections at a time until the file has its size.
func (t *traffic) runVisits(a *agreement, size int64) {
	open := make([]*visit, t.shape.open)
	for t.out.size < size {
		i := t.random.IntN(len(open))
		t.micros += int64(t.random.IntN(30))
		if open[i] == nil {
			open[i] = t.visit(a)
		}
		for range 1 + t.random.IntN(12) {
			t.micros += 6
			if !t.browse(open[i]) {
				open[i] = nil
				break
			}
		}
	}
}

// visit connects and shakes hands; a short one mostly goes on with an earlier session, of the same pair of hosts or, now and then, of another.
func (t *traffic) visit(a *agreement) *visit {
	v := &visit{conn: t.connect(), agreement: a, left: t.shape.pages}
	v.to = tlsPort
	var earlier *session
	if len(a.cache) > 0 && t.random.IntN(4) > 0 {
		earlier = &a.cache[t.random.IntN(len(a.cache))]
		if v.conn.server = earlier.server; t.random.IntN(16) > 0 {
			v.client = earlier.client
		}
	}
	for range 3 {
		t.micros += 100
		t.advance(v.conn)
	}
	if a.version == tlsrecord.TLS13 {
		t.shake13(v)
	} else {
		t.shake(v, earlier)
	}
	t.fetch(v)
	return v
}

// shake is the handshake of TLS 1.2 (RFC 5246, 7.3). In one with a Diffie-Hellman exchange keys are of no use to anybody but in the key log.
func (t *traffic) shake(v *visit, earlier *session) {
	client, server, id := t.bits(32), t.bits(32), t.bits(32)
	var offered, master []byte
	if earlier != nil {
		offered, id, master = earlier.id, earlier.id, earlier.master
	}
	t.says(v, 0, record(handshake, v.message(clientHello, v.hello(client, offered, true))))
	hello := v.message(serverHello, v.hello(server, id, false))
	if earlier != nil {
		t.says(v, 1, record(handshake, hello))
	} else {
		flight := append(hello, v.message(certificate, v.agreement.server.certificate())...)
		if !v.suite.PrivateKey() {
			flight = append(flight, v.message(serverKeyExchange, append([]byte{3, 0, 29, 32}, t.bits(32+4+256)...))...)
		}
		t.says(v, 1, record(handshake, append(flight, v.message(serverHelloDone, nil)...)))
		premaster := append([]byte{3, 3}, t.bits(46)...)
		exchange := append([]byte{32}, t.bits(32)...)
		if v.suite.PrivateKey() {
			exchange = vector(2, v.agreement.server.encrypt(t.random, premaster))
		}
		master = v.suite.Master(v.version, premaster, client, server)
		t.says(v, 0, record(handshake, v.message(clientKeyExchange, exchange)))
		v.remember(&session{id, master, v.client, v.conn.server}, t)
	}
	fmt.Fprintf(v.keys, "CLIENT_RANDOM %x %x\n", client, master)
	keys := v.suite.Keys(v.version, master, client, server)
	sides := []int{0, 1}
	if earlier != nil {
		sides = []int{1, 0}
	}
	for _, side := range sides {
		t.says(v, side, record(changeCipherSpec, []byte{1}))
		verify := v.message(finished, v.suite.Finished(v.version, master, v.transcript, side == 1))
		v.seal[side] = newSealer(v.version, v.agreement, keys[side])
		t.says(v, side, v.seal[side].records(t, handshake, verify))
	}
}

// remember keeps a session that short ones may go on with, in place of another one.
func (v *visit) remember(s *session, t *traffic) {
	if len(v.cache) < cached {
		v.cache = append(v.cache, *s)
		return
	}
	v.cache[t.random.IntN(len(v.cache))] = *s
}

// shake13 is the handshake of TLS 1.3 (RFC 8446, 2). Its secrets are in the key log alone.
func (t *traffic) shake13(v *visit) {
	client, server := t.bits(32), t.bits(32)
	t.says(v, 0, record(handshake, v.message(clientHello, v.hello(client, t.bits(32), true))))
	t.says(v, 1, record(handshake, v.message(serverHello, v.hello(server, nil, false))))
	secret := func(label string) *sealer {
		s := t.bits(v.suite.HashLen())
		fmt.Fprintf(v.keys, "%s %x %x\n", label, client, s)
		return newSealer(v.version, v.agreement, v.suite.TrafficKeys(0, s))
	}
	v.seal = [2]*sealer{secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), secret("SERVER_HANDSHAKE_TRAFFIC_SECRET")}
	flight := v.message(encryptedExtensions, []byte{0, 0})
	flight = append(flight, v.message(certificate, append([]byte{0}, vector(3, append(v.agreement.server.certificate()[3:], 0, 0))...))...)
	flight = append(flight, v.message(certificateVerify, append([]byte{8, 4}, vector(2, t.bits(256))...))...)
	flight = append(flight, v.message(finished, t.bits(v.suite.HashLen()))...)
	t.says(v, 1, v.seal[1].records(t, handshake, flight))
	t.says(v, 0, v.seal[0].records(t, handshake, v.message(finished, t.bits(v.suite.HashLen()))))
	v.seal = [2]*sealer{secret("CLIENT_TRAFFIC_SECRET_0"), secret("SERVER_TRAFFIC_SECRET_0")}
}

// hello is the body of a ClientHello or ServerHello.
func (v *visit) hello(random, id []byte, client bool) []byte {
	b := append([]byte{3, 3}, random...)
	b = append(b, vector(1, id)...)
	suite := binary.BigEndian.AppendUint16(nil, v.number)
	if client {
		b = append(append(b, vector(2, suite)...), 1, 0)
	} else {
		b = append(append(b, suite...), 0)
	}
	if v.version < tlsrecord.TLS13 {
		return b
	}
	versions, share := []byte{3, 4}, append([]byte{0, 29}, vector(2, make([]byte, 32))...)
	if client {
		versions, share = vector(1, versions), vector(2, share)
	}
	extensions := append([]byte{0, 43}, vector(2, versions)...)
	extensions = append(append(extensions, 0, 51), vector(2, share)...)
	return append(b, vector(2, extensions)...)
}

// message is a handshake message, which counts for the Finished.
func (v *visit) message(kind byte, body []byte) []byte {
	m := append([]byte{kind}, vector(3, body)...)
	v.transcript = append(v.transcript, m...)
	return m
}

// fetch asks for the next page.
func (t *traffic) fetch(v *visit) {
	request := fmt.Sprintf("GET /page/%d HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: benchcap\r\nAccept: */*\r\n\r\n", v.left)
	t.says(v, 0, v.seal[0].records(t, applicationData, []byte(request)))
	n := pageLen
	if t.shape.pages == 1 {
		n = shortLen
	}
	page := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", n)
	for n += len(page); len(page) < n; {
		page = append(page, t.file...)
	}
	v.out = v.seal[1].records(t, applicationData, page[:n])
	v.acked[0] = v.seq[0]
}

// browse sends the next segment of the server, asks for more, or closes; false behind the last packet.
func (t *traffic) browse(v *visit) bool {
	switch {
	case len(v.out) > 0:
		n := min(tlsSegment, len(v.out))
		t.bytes(v.conn, 1, v.out[:n])
		if v.out = v.out[n:]; v.seq[1]-v.acked[1] > 2*tlsSegment || len(v.out) == 0 {
			v.acked[1] = v.seq[1]
			t.send(v.conn, 0, ack, 0)
		}
	case v.left > 1:
		v.left--
		t.fetch(v)
	case v.left == 1:
		v.left = 0
		t.says(v, 0, v.seal[0].records(t, alert, []byte{1, 0}))
		v.conn.left = 0
	default:
		return t.close(v.conn)
	}
	return true
}

// says sends bytes in as many segments as they take.
func (t *traffic) says(v *visit, side int, b []byte) {
	for len(b) > 0 {
		n := min(tlsSegment, len(b))
		t.micros += 50
		t.bytes(v.conn, side, b[:n])
		v.acked[side] = v.seq[side]
		b = b[n:]
	}
}

// bits are so many bytes that nobody can foresee but who knows the seed.
func (t *traffic) bits(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(t.random.Uint32())
	}
	return b
}

// record is one that is not encrypted.
func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 3}, vector(2, body)...)
}

// vector is b behind its length in so many bytes.
func vector(size int, b []byte) []byte {
	v := make([]byte, size, size+len(b))
	for i := range size {
		v[i] = byte(len(b) >> (8 * (size - 1 - i)))
	}
	return append(v, b...)
}

package main

import (
	"encoding/binary"
	"math/rand/v2"
)

// A shape is what a kind of capture consists of.
type shape struct {
	open     int    // connections that are open at a time
	segments [2]int // fewest and most data segments of a connection
	size     [2]int // payload bytes of a segment of the server
	request  int    // payload bytes of a segment of the client; 0 for none after the first
	turns    bool   // the client asks before each segment of the server
	loss     int    // one data segment of so many is lost before or behind the capture; 0 never
	reorder  int    // one data segment of so many changes places with the next; 0 never
	udp      int    // one packet of so many is a DNS exchange; 0 never
	shares   bool   // clients read files over SMB, and nothing else
	pages    int    // of a connection of TLS, which is all that there is
}

var shapes = map[string]shape{
	"mix":    {open: 4000, segments: [2]int{2, 600}, size: [2]int{200, 1448}, request: 300, loss: 200, reorder: 400, udp: 50},
	"bulk":   {open: 8, segments: [2]int{100_000, 400_000}, size: [2]int{1448, 1448}, loss: 5000},
	"small":  {open: 500, segments: [2]int{2000, 20_000}, size: [2]int{4, 24}, request: 12, turns: true},
	"smb":    {shares: true},
	"steady": {open: 2000, segments: [2]int{1 << 30, 1 << 30}, size: [2]int{200, 1448}, request: 300, loss: 200, reorder: 400},
	"tls":    {open: 8, pages: 1 << 30},
	"visits": {open: 200, pages: 1},
	"short":  {open: 200, segments: [2]int{1, 1}, size: [2]int{100, 700}, request: 120, turns: true},
}

// traffic makes packets of many connections, a random one at a time.
type traffic struct {
	shape  shape
	random *rand.Rand
	out    *pcapWriter
	micros int64
	conns  []*conn
	opened uint32
	frame  []byte
	noise  []byte
	file   []byte // what a read of a file gives
}

// conn is one connection, seen at the server.
type conn struct {
	client, server uint32
	port, to       uint16 // of the client, of the server
	step           int
	left           int
	seq            [2]uint32 // next number of client, of server
	acked          [2]uint32 // what the other side has acknowledged of it
	lost           *segment  // to be sent again
	held           *segment  // changed places with the next one
	dupAcks        int
	id             [2]uint16
}

type segment struct {
	seq uint32
	len int
}

const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

func newTraffic(s shape, seed uint64, out *pcapWriter) *traffic {
	t := &traffic{shape: s, random: rand.New(rand.NewPCG(seed, 0x77697265)), out: out, micros: 1_700_000_000_000_000, frame: make([]byte, 0, 2048)}
	t.noise = make([]byte, 4096)
	for i := range t.noise {
		t.noise[i] = byte(t.random.Uint32())
	}
	for len(t.file) < readLen {
		t.file = append(t.file, t.noise...)
	}
	return t
}

func (t *traffic) run(size int64) {
	if t.shape.shares {
		t.runShares(size)
		return
	}
	t.conns = make([]*conn, t.shape.open)
	for t.out.size < size {
		i := t.random.IntN(len(t.conns))
		if t.conns[i] == nil {
			t.conns[i] = t.connect()
		}
		t.micros += int64(t.random.IntN(20))
		if t.shape.udp > 0 && t.random.IntN(t.shape.udp) == 0 {
			t.dns()
		}
		// Segments come in trains, as they do on a wire.
		for range 1 + t.random.IntN(8) {
			if !t.advance(t.conns[i]) {
				t.conns[i] = nil
				break
			}
			t.micros++
		}
	}
}

func (t *traffic) connect() *conn {
	t.opened++
	n := t.opened
	return &conn{
		client: 0x0a000000 + n/50_000*131 + n%4093, server: 0xc0a80a00 + n%61, port: uint16(10_000 + n%50_000), to: 5201,
		left: t.shape.segments[0] + t.random.IntN(t.shape.segments[1]-t.shape.segments[0]+1),
		seq:  [2]uint32{t.random.Uint32(), t.random.Uint32()},
	}
}

// advance sends the next packet of the connection; false behind its last one.
func (t *traffic) advance(c *conn) bool {
	c.step++
	switch c.step {
	case 1:
		t.send(c, 0, syn, 0)
		c.seq[0]++
	case 2:
		c.acked[0] = c.seq[0]
		t.send(c, 1, syn|ack, 0)
		c.seq[1]++
	case 3:
		c.acked[1] = c.seq[1]
		t.send(c, 0, ack, 0)
	case 4:
		t.data(c, 0, max(t.shape.request, 100))
		c.acked[0] = c.seq[0]
	default:
		if c.left > 0 || c.lost != nil || c.held != nil {
			t.exchange(c)
			return true
		}
		return t.close(c)
	}
	return true
}

// exchange sends data of the server, acknowledgements of the client, and what was lost again.
func (t *traffic) exchange(c *conn) {
	switch {
	case c.lost != nil && (c.dupAcks >= 3 || c.left == 0):
		t.again(c)
	case c.held != nil:
		t.emit(c, 1, psh|ack, c.held.seq, t.filled(c.held.seq, c.held.len))
		c.held = nil
	case c.step%3 == 0 && c.seq[1] != c.acked[1]:
		if c.lost != nil {
			c.dupAcks++
		} else {
			c.acked[1] = c.seq[1]
		}
		t.send(c, 0, ack, 0)
	case t.shape.turns && c.step%2 == 0 && t.shape.request > 0:
		c.acked[1] = c.seq[1]
		t.data(c, 0, t.shape.request)
		c.acked[0] = c.seq[0]
	case c.left > 0:
		t.serve(c)
	}
}

// again sends the lost segment, which fills the gap.
func (t *traffic) again(c *conn) {
	t.micros += 200
	t.emit(c, 1, psh|ack, c.lost.seq, t.filled(c.lost.seq, c.lost.len))
	c.lost, c.dupAcks = nil, 0
	c.acked[1] = c.seq[1]
	t.send(c, 0, ack, 0)
}

// serve sends one data segment of the server, which may get lost or late.
func (t *traffic) serve(c *conn) {
	c.left--
	low, high := t.shape.size[0], t.shape.size[1]
	n := low + t.random.IntN(high-low+1)
	chance := func(of int) bool { return of > 0 && c.lost == nil && c.held == nil && t.random.IntN(of) == 0 }
	switch {
	case chance(t.shape.loss):
		c.lost = &segment{c.seq[1], n}
		if t.random.IntN(2) == 0 { // lost behind the place of capture
			t.emit(c, 1, psh|ack, c.seq[1], t.filled(c.seq[1], n))
		}
		c.seq[1] += uint32(n)
	case c.left > 0 && chance(t.shape.reorder):
		c.held = &segment{c.seq[1], n}
		c.seq[1] += uint32(n)
		t.data(c, 1, n)
	default:
		t.data(c, 1, n)
	}
}

func (t *traffic) close(c *conn) bool {
	if c.left == 0 { // the numbers below zero count the steps of closing
		c.acked[1] = c.seq[1]
	}
	c.left--
	switch c.left {
	case -1:
		t.send(c, 0, fin|ack, 0)
		c.seq[0]++
	case -2:
		c.acked[0] = c.seq[0]
		t.send(c, 1, fin|ack, 0)
		c.seq[1]++
	case -3:
		c.acked[1] = c.seq[1]
		t.send(c, 0, ack, 0)
		return false
	}
	return true
}

func (t *traffic) data(c *conn, side, n int) {
	t.emit(c, side, psh|ack, c.seq[side], t.filled(c.seq[side], n))
	c.seq[side] += uint32(n)
}

func (t *traffic) send(c *conn, side int, flags byte, n int) {
	t.emit(c, side, flags, c.seq[side], t.filled(c.seq[side], n))
}

// filled is the payload of a segment whose content does not matter.
func (t *traffic) filled(seq uint32, n int) []byte { return t.noise[seq%2048:][:n] }

// emit writes one TCP segment.
func (t *traffic) emit(c *conn, side int, flags byte, seq uint32, payload []byte) {
	n := len(payload)
	src, dst, sport, dport := c.client, c.server, c.port, c.to
	if side == 1 {
		src, dst, sport, dport = dst, src, dport, sport
	}
	options := 12
	if flags&syn != 0 {
		options = 20
	}
	c.id[side]++
	b := t.ip(src, dst, 6, c.id[side], 20+options+n)
	tcp := b[34:]
	be := binary.BigEndian
	be.PutUint16(tcp, sport)
	be.PutUint16(tcp[2:], dport)
	be.PutUint32(tcp[4:], seq)
	if flags&ack != 0 {
		be.PutUint32(tcp[8:], c.acked[1-side])
	}
	tcp[12], tcp[13] = byte(20+options)/4<<4, flags
	be.PutUint16(tcp[14:], 60_000)
	t.options(tcp[20:20+options], flags&syn != 0)
	copy(tcp[20+options:], payload)
	be.PutUint16(tcp[16:], checksum(tcp, pseudo(b, 6, len(tcp))))
	t.out.record(t.micros, b)
}

// options fills MSS, SACK permitted, window scale and timestamps into a SYN, timestamps into all others.
func (t *traffic) options(b []byte, first bool) {
	stamp := b
	if first {
		copy(b, []byte{2, 4, 5, 180, 4, 2})
		copy(b[16:], []byte{1, 3, 3, 7})
		stamp = b[6:]
	} else {
		b[0], b[1] = 1, 1
		stamp = b[2:]
	}
	stamp[0], stamp[1] = 8, 10
	binary.BigEndian.PutUint32(stamp[2:], uint32(t.micros/1000))
	binary.BigEndian.PutUint32(stamp[6:], uint32(t.micros/1000))
}

// dns writes a question and its answer.
func (t *traffic) dns() {
	client, port, id := 0x0a000000+t.random.Uint32N(4093), uint16(1024+t.random.IntN(60_000)), uint16(t.random.Uint32())
	question := []byte{byte(id >> 8), byte(id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 'h', 'o', 's', 't', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1}
	t.datagram(client, 0xc0a80a35, port, 53, question)
	t.micros += 300
	answer := append([]byte(nil), question...)
	answer[2], answer[3], answer[7] = 0x81, 0x80, 1
	answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 168, 10, 1)
	t.datagram(0xc0a80a35, client, 53, port, answer)
}

func (t *traffic) datagram(src, dst uint32, sport, dport uint16, data []byte) {
	b := t.ip(src, dst, 17, uint16(t.micros), 8+len(data))
	udp := b[34:]
	be := binary.BigEndian
	be.PutUint16(udp, sport)
	be.PutUint16(udp[2:], dport)
	be.PutUint16(udp[4:], uint16(len(udp)))
	copy(udp[8:], data)
	be.PutUint16(udp[6:], checksum(udp, pseudo(b, 17, len(udp))))
	t.out.record(t.micros, b)
}

// ip starts a frame whose IPv4 payload has n bytes, all zero.
func (t *traffic) ip(src, dst uint32, protocol byte, id uint16, n int) []byte {
	b := t.frame[:34+n]
	clear(b)
	copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45})
	be := binary.BigEndian
	be.PutUint16(b[16:], uint16(20+n))
	be.PutUint16(b[18:], id)
	b[20], b[22], b[23] = 0x40, 63, protocol
	be.PutUint32(b[26:], src)
	be.PutUint32(b[30:], dst)
	be.PutUint16(b[24:], checksum(b[14:34], 0))
	return b
}

// pseudo is the sum of the pseudo header of the IPv4 frame b (RFC 9293, 3.1).
func pseudo(b []byte, protocol, n int) uint64 {
	be := binary.BigEndian
	return uint64(be.Uint32(b[26:])) + uint64(be.Uint32(b[30:])) + uint64(protocol+n)
}

// checksum is the Internet checksum (RFC 1071) of b, added to s.
func checksum(b []byte, s uint64) uint16 {
	for ; len(b) >= 4; b = b[4:] {
		s += uint64(binary.BigEndian.Uint32(b))
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

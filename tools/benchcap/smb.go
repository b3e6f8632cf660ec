package main

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// Reads of files over SMB 2.1 ([MS-SMB2]): clients that have so many reads of 64 KiB open, each on a connection of its own.
const (
	smbPort    = 445
	smbSegment = 1448
	readLen    = 1 << 16
	smbClients = 24
	smbDepth   = 8
	fileReads  = 1600 // of one file: 100 MiB
)

// Commands of [MS-SMB2] 2.2.1.2.
const (
	smbNegotiate    = 0
	smbSessionSetup = 1
	smbTreeConnect  = 3
	smbCreate       = 5
	smbClose        = 6
	smbRead         = 8
)

// A share is one client's connection to a file server.
type share struct {
	*conn
	id     uint64 // of the next message
	file   uint64
	reads  int      // of the file that is open, asked for
	open   []uint64 // ids of the reads without an answer
	answer []byte   // what is left to send of an answer
}

// runShares writes what the clients read until the file has its size.
func (t *traffic) runShares(size int64) {
	shares := make([]*share, smbClients)
	for i := range shares {
		shares[i] = t.mount(i)
	}
	for t.out.size < size {
		t.micros += int64(t.random.IntN(30))
		s := shares[t.random.IntN(len(shares))]
		for range 1 + t.random.IntN(12) {
			t.micros += 6
			t.step(s)
		}
	}
}

// mount connects, and opens a session and a tree.
func (t *traffic) mount(i int) *share {
	s := &share{conn: t.connect()}
	s.to = smbPort
	for range 3 {
		t.micros += 100
		t.advance(s.conn)
	}
	negotiate := make([]byte, 38)
	copy(negotiate, []byte{36, 0, 1, 0, 1})
	negotiate[36], negotiate[37] = 0x10, 2 // 2.1
	t.exchangeSMB(s, smbNegotiate, negotiate, append([]byte{65, 0, 1, 0, 0x10, 2}, make([]byte, 59)...))
	t.exchangeSMB(s, smbSessionSetup, append([]byte{25, 0}, make([]byte, 23)...), append([]byte{9, 0}, make([]byte, 7)...))
	path := utf16le(fmt.Sprintf(`\\files\share%d`, i))
	tree := append([]byte{9, 0, 0, 0, 72, 0, byte(len(path)), 0}, path...)
	t.exchangeSMB(s, smbTreeConnect, tree, append([]byte{16, 0, 1}, make([]byte, 13)...))
	t.create(s)
	return s
}

// create opens the next file.
func (t *traffic) create(s *share) {
	s.file++
	name := utf16le(fmt.Sprintf(`data\file%d.bin`, s.file))
	body := make([]byte, 56)
	body[0] = 57
	binary.LittleEndian.PutUint16(body[44:], 120)
	binary.LittleEndian.PutUint16(body[46:], uint16(len(name)))
	response := make([]byte, 89)
	response[0] = 89
	binary.LittleEndian.PutUint64(response[48:], fileReads*readLen)
	binary.LittleEndian.PutUint64(response[64:], s.file)
	t.exchangeSMB(s, smbCreate, append(body, name...), response)
	s.reads = 0
}

// step sends the next segment of an answer, or asks for more, or goes over to the next file.
func (t *traffic) step(s *share) {
	switch {
	case len(s.answer) > 0:
		n := min(smbSegment, len(s.answer))
		t.bytes(s.conn, 1, s.answer[:n])
		if s.answer = s.answer[n:]; s.seq[1]-s.acked[1] > 2*smbSegment {
			s.acked[1] = s.seq[1]
			t.send(s.conn, 0, ack, 0)
		}
	case len(s.open) < smbDepth && s.reads < fileReads:
		t.ask(s)
	case len(s.open) > 0:
		id := s.open[0]
		s.open = s.open[1:]
		body := make([]byte, 16, 16+readLen)
		body[0], body[2] = 17, 80
		binary.LittleEndian.PutUint32(body[4:], readLen)
		s.answer = message(smbRead, id, 1, append(body, t.file...))
	default:
		body := make([]byte, 24)
		body[0] = 24
		binary.LittleEndian.PutUint64(body[8:], s.file)
		response := make([]byte, 60)
		response[0] = 60
		t.exchangeSMB(s, smbClose, body, response)
		t.create(s)
	}
}

// ask sends a read.
func (t *traffic) ask(s *share) {
	body := make([]byte, 49)
	body[0] = 49
	binary.LittleEndian.PutUint32(body[4:], readLen)
	binary.LittleEndian.PutUint64(body[8:], uint64(s.reads)*readLen)
	binary.LittleEndian.PutUint64(body[16:], s.file)
	t.bytes(s.conn, 0, message(smbRead, s.id, 0, body))
	s.open = append(s.open, s.id)
	s.id++
	s.reads++
}

// exchangeSMB sends a message and its answer.
func (t *traffic) exchangeSMB(s *share, command uint16, request, response []byte) {
	t.bytes(s.conn, 0, message(command, s.id, 0, request))
	s.acked[0] = s.seq[0]
	t.micros += 300
	t.bytes(s.conn, 1, message(command, s.id, 1, response))
	s.acked[1] = s.seq[1]
	s.id++
}

// message is one message with its header, over TCP directly.
func message(command uint16, id uint64, flags uint32, body []byte) []byte {
	b := make([]byte, 4+64, 4+64+len(body))
	le := binary.LittleEndian
	binary.BigEndian.PutUint32(b, uint32(64+len(body)))
	copy(b[4:], "\xfeSMB\x40")
	b[10] = 1 // credit charge
	le.PutUint16(b[16:], command)
	le.PutUint16(b[18:], 1)
	le.PutUint32(b[20:], flags)
	le.PutUint64(b[28:], id)
	le.PutUint32(b[40:], 1) // tree
	le.PutUint64(b[44:], 1) // session
	return append(b, body...)
}

// bytes sends a segment with these bytes.
func (t *traffic) bytes(c *conn, side int, b []byte) {
	t.emit(c, side, psh|ack, c.seq[side], b)
	c.seq[side] += uint32(len(b))
}

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

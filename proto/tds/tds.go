// Package tds decodes the Tabular Data Stream of SQL Server ([MS-TDS]): the
// packets of a connection, what a client asks (pre-login, login, batches of
// SQL, procedures, transactions), and of an answer the tokens that tell how it
// went. Rows and their columns are not taken apart. Numbers in packet headers
// and in pre-login options are big-endian, all others little-endian; text is UTF-16.
package tds

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// HeaderLen is the length of a packet's header in bytes ([MS-TDS] 2.2.3.1).
const HeaderLen = 8

// Types of packets, [MS-TDS] 2.2.3.1.1. LoginOld and Query5 are those of earlier versions and of Sybase.
const (
	Batch       = 1
	LoginOld    = 2
	RPC         = 3
	Response    = 4
	Attention   = 6
	BulkLoad    = 7
	Transaction = 14
	Query5      = 15
	Login7      = 16
	SSPI        = 17
	PreLogin    = 18
)

// Bits of the status, [MS-TDS] 2.2.3.1.2.
const endOfMessage = 1

// kinds are the types that a packet can have.
var kinds = [PreLogin + 1]bool{
	Batch: true, LoginOld: true, RPC: true, Response: true, Attention: true, BulkLoad: true, Transaction: true, Query5: true, Login7: true, SSPI: true, PreLogin: true,
}

// header reports whether b, which has two bytes at least, begins the header of a packet, as far as it goes.
func header(b []byte) bool {
	if len(b) < 2 || int(b[0]) >= len(kinds) || !kinds[b[0]] || b[1]&^0x1f != 0 {
		return false
	}
	return len(b) < 4 || binary.BigEndian.Uint16(b[2:]) >= HeaderLen
}

// Last reports whether a packet ends its message.
func Last(b []byte) bool { return len(b) > 1 && b[1]&endOfMessage != 0 }

// Encrypted reports whether a packet of the pre-login carries a record of TLS ([MS-TDS] 2.2.6.5). Where a connection stays encrypted, records stand instead of packets behind it.
func Encrypted(b []byte) bool { return len(b) > HeaderLen && b[0] == PreLogin && record(b[HeaderLen:]) }

const recordHead = 5 // of TLS

// record reports whether b begins with the header of a record of TLS.
func record(b []byte) bool {
	return len(b) >= recordHead && b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4
}

// Options walks the options of a pre-login message: each is a token, and the offset and length of its value, which
// count from the first option ([MS-TDS] 2.2.6.5). It reports whether they end as they must.
func Options(b []byte, yield func(off int, value []byte) bool) bool {
	for at := 0; at < len(b); at += 5 {
		if b[at] == 0xff {
			return true
		}
		if at+5 > len(b) {
			return false
		}
		from := int(binary.BigEndian.Uint16(b[at+1:]))
		to := from + int(binary.BigEndian.Uint16(b[at+3:]))
		if from > to || to > len(b) || !yield(at, b[from:to]) {
			return false
		}
	}
	return false
}

// isPreLogin reports whether b, the payload of a packet, is a pre-login message: its first option is the version, behind the last option.
func isPreLogin(b []byte) bool {
	if len(b) < 6 || b[0] != 0 || b[3] != 0 || b[4] != 6 {
		return false
	}
	return Options(b, func(int, []byte) bool { return true })
}

// headersLen is the length of the headers before a request of version 7.2 and later ([MS-TDS] 2.2.5.3), 0 without any.
func headersLen(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	total := int(binary.LittleEndian.Uint32(b))
	if total < 4 || total > len(b) {
		return 0
	}
	for at := 4; at < total; {
		if at+6 > total {
			return 0
		}
		n := int(binary.LittleEndian.Uint32(b[at:]))
		if kind := binary.LittleEndian.Uint16(b[at+4:]); n < 6 || n > total-at || kind == 0 || kind > 3 {
			return 0
		}
		at += n
	}
	return total
}

// Query is the text of a batch: where it begins in the packet b, and whether it is UTF-16. What lies in later packets of the message is no part of it.
func Query(b []byte) (off int, wide bool) {
	off = HeaderLen + headersLen(b[HeaderLen:])
	return off, off > HeaderLen || len(b) < off+2 || b[off+1] == 0
}

// text is UTF-16, little-endian, of at most so many characters, without zeros at its end; a negative limit is none.
func text(b []byte, limit int) string {
	n := len(b) / 2
	if limit >= 0 && n > limit {
		n = limit
	}
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}

// Procedures are the names of procedures that go by a number ([MS-TDS] 2.2.6.6).
var Procedures = [...]string{
	1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute", 5: "sp_cursorprepexec", 6: "sp_cursorunprepare", 7: "sp_cursorfetch",
	8: "sp_cursoroption", 9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 14: "sp_prepexecrpc", 15: "sp_unprepare",
}

// A Procedure is what a remote procedure call asks for.
type Procedure struct {
	Off     int    // of the length of its name
	Name    []byte // UTF-16; nil for one that goes by a number
	Number  int
	Options int // offset of the options, behind which the parameters are
}

// Call reads the first procedure of the packet b. It reports whether there is one.
func Call(b []byte) (p Procedure, ok bool) {
	p.Off = HeaderLen + headersLen(b[min(len(b), HeaderLen):])
	if p.Off+4 > len(b) {
		return p, false
	}
	n := int(binary.LittleEndian.Uint16(b[p.Off:]))
	if n == 0xffff {
		p.Number, p.Options = int(binary.LittleEndian.Uint16(b[p.Off+2:])), p.Off+4
		return p, true
	}
	p.Options = p.Off + 2 + 2*n
	if n == 0 || p.Options > len(b) {
		return p, false
	}
	p.Name = b[p.Off+2 : p.Options]
	return p, true
}

// Types of the first parameter of sp_executesql ([MS-TDS] 2.2.5.4).
const (
	typeNText    = 0x63
	typeNVarChar = 0xe7
	unlimited    = 0xffff
)

// Statement is the text that a call of sp_executesql runs, as far as it lies in the packet: its first parameter.
func (p *Procedure) Statement(b []byte) []byte {
	at := p.Options + 2
	if at >= len(b) {
		return nil
	}
	at += 1 + 2*int(b[at]) + 1 // its name, and its status
	head, size := 8, 2         // type, size, collation
	switch {
	case at+head > len(b):
		return nil
	case b[at] == typeNText:
		head, size = 10, 4
	case b[at] != typeNVarChar:
		return nil
	case binary.LittleEndian.Uint16(b[at+1:]) == unlimited: // in chunks: the length of all, and that of the first
		head, size = 16, 4
	}
	at += head
	if at+size > len(b) {
		return nil
	}
	n := int(binary.LittleEndian.Uint16(b[at:]))
	if size == 4 {
		n = int(min(binary.LittleEndian.Uint32(b[at:]), 1<<30))
	}
	at += size
	return b[at:min(len(b), at+n)]
}

package tds

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
)

// Tokens of answers, [MS-TDS] 2.2.7.
const (
	ReturnStatus = 0x79
	TabName      = 0xa4
	ColInfo      = 0xa5
	Order        = 0xa9
	Error        = 0xaa
	Info         = 0xab
	LoginAck     = 0xad
	EnvChange    = 0xe3
	SessionState = 0xe4
	SSPIToken    = 0xed
	Done         = 0xfd
	DoneProc     = 0xfe
	DoneInProc   = 0xff
)

// What a note says of a packet.
const (
	noteContinues = 0 // 1 when it goes on with a message of an earlier packet
	noteVersion   = 1 // version of the connection: 0x71 is 7.1; 0 while it is not known
)

const (
	version72 = 0x72 // from there on counts of rows have 8 bytes ([MS-TDS] 2.2.7.6)
	shortDone = 9
	longDone  = 13
	errorHead = 11 // of an error: token, length, number, state, class, length of the text
)

// Status bits of DONE, [MS-TDS] 2.2.7.6.
const (
	doneMore   = 1
	doneError  = 2
	doneCount  = 0x10
	doneCancel = 0x20
	doneServer = 0x100
	doneBits   = 0x137 | 0x40 | 0x80
)

// A token is one of an answer, with its bytes.
type token struct {
	kind byte
	off  int // in the packet
	b    []byte
}

// tokens walks the tokens of an answer in the packet b. What stands between
// those that are known here (rows and their columns) is passed over: behind it
// errors and messages are found by their lengths, which must add up, and the last DONE by the end of the message.
func tokens(b []byte, note *field.Note, yield func(t *token) bool) {
	if len(b) < HeaderLen || b[0] != Response || isPreLogin(b[HeaderLen:]) {
		return
	}
	at := HeaderLen
	if note[noteContinues] == 0 {
		for at < len(b) {
			n := tokenLen(b[at:], note)
			if n == 0 || at+n > len(b) {
				break
			}
			if !yield(&token{b[at], at, b[at : at+n]}) {
				return
			}
			at += n
		}
	}
	end := len(b)
	last := 0
	if Last(b) && at < len(b) {
		last = lastDone(b[at:], note)
		end -= last
	}
	for at < end {
		i := nextSaid(b[at:end])
		if i < 0 {
			break
		}
		at += i
		n := 3 + int(binary.LittleEndian.Uint16(b[at+1:]))
		if !yield(&token{b[at], at, b[at : at+n]}) {
			return
		}
		at += n
	}
	if last > 0 {
		yield(&token{b[end], end, b[end:]})
	}
}

// tokenLen is the length of the token that b begins with; 0 for one whose length is not known.
func tokenLen(b []byte, note *field.Note) int {
	switch b[0] {
	case ReturnStatus:
		return 5
	case Done, DoneProc, DoneInProc:
		return doneLen(b, note)
	case TabName, ColInfo, Order, Error, Info, LoginAck, EnvChange, SSPIToken:
		if len(b) >= 3 {
			return 3 + int(binary.LittleEndian.Uint16(b[1:]))
		}
	case SessionState:
		if len(b) >= 5 {
			return 5 + int(min(binary.LittleEndian.Uint32(b[1:]), 1<<20))
		}
	}
	return 0
}

// doneLen is the length of a DONE. While the version is not known, that behind which a token follows, or nothing.
func doneLen(b []byte, note *field.Note) int {
	switch v := note[noteVersion]; {
	case v >= version72:
		return longDone
	case v != 0:
		return shortDone
	case len(b) == shortDone:
		return shortDone
	case len(b) > longDone && !begins(b[longDone]) && begins(b[shortDone]):
		return shortDone
	}
	return longDone
}

// begins reports whether a byte can be a token, rows included.
func begins(c byte) bool {
	switch c {
	case ReturnStatus, 0x81, TabName, ColInfo, Order, Error, Info, 0xac, LoginAck, 0xae, 0xd1, 0xd2, EnvChange, SessionState, SSPIToken, Done, DoneProc, DoneInProc:
		return true
	}
	return false
}

// lastDone is the length of the DONE that b ends with, 0 when it does not look like one.
func lastDone(b []byte, note *field.Note) int {
	for _, n := range []int{longDone, shortDone} {
		if v := note[noteVersion]; v != 0 && (v >= version72) != (n == longDone) || n > len(b) {
			continue
		}
		d := b[len(b)-n:]
		status := binary.LittleEndian.Uint16(d[1:])
		if d[0] >= Done && status&^doneBits == 0 && status&doneMore == 0 && (status&doneCount != 0 || d[5]|d[6]|d[7]|d[8] == 0) {
			return n
		}
	}
	return 0
}

// nextSaid is the offset of the next ERROR or INFO in b, -1 without one.
func nextSaid(b []byte) int {
	for at := 0; at+errorHead <= len(b); at++ {
		if (b[at] == Error || b[at] == Info) && said(b[at:]) {
			return at
		}
	}
	return -1
}

// said reports whether the lengths in an ERROR or INFO add up.
func said(b []byte) bool {
	n := 3 + int(binary.LittleEndian.Uint16(b[1:]))
	if n > len(b) || n < errorHead+4 {
		return false
	}
	at := errorHead + 2*int(binary.LittleEndian.Uint16(b[9:]))
	for range 2 { // names of the server and of the procedure
		if at >= n {
			return false
		}
		at += 1 + 2*int(b[at])
	}
	return n-at == 2 || n-at == 4
}

// sayings are the parts of an ERROR or INFO, as offsets in it of their lengths; 0 for one that is not there.
func (t *token) sayings() (message, server, procedure, line int) {
	if len(t.b) < errorHead {
		return 0, 0, 0, 0
	}
	message = errorHead - 2
	at := errorHead + 2*int(binary.LittleEndian.Uint16(t.b[message:]))
	if at >= len(t.b) {
		return message, 0, 0, 0
	}
	server = at
	if at += 1 + 2*int(t.b[at]); at >= len(t.b) {
		return message, server, 0, 0
	}
	procedure = at
	if at += 1 + 2*int(t.b[at]); at+2 <= len(t.b) {
		line = at
	}
	return message, server, procedure, line
}

// Package smb2 decodes messages of the Server Message Block protocol, versions
// 2 and 3 ([MS-SMB2]). Numbers are little-endian, text is UTF-16LE. A
// message lies in a frame of NetBIOS or of direct TCP (package nbss); a
// compound message is a chain of headers, each with its body, and each is decoded apart.
package smb2

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// HeaderLen is the length of the header in bytes ([MS-SMB2] 2.2.1). Offsets in bodies that count from the header include it.
const HeaderLen = 64

// Lengths of the headers of encrypted ([MS-SMB2] 2.2.41) and of compressed messages (2.2.42.1).
const (
	TransformLen   = 52
	CompressionLen = 16
)

// A Kind is what a message begins with.
type Kind uint8

const (
	None       Kind = iota
	Plain           // a header
	Encrypted       // a transform header, what follows cannot be read without keys
	Compressed      // a compression header
	Version1        // SMB 1, which a negotiation may begin with
)

// KindOf tells what the message b is by its first four bytes.
func KindOf(b []byte) Kind {
	if len(b) < 4 || b[1] != 'S' || b[2] != 'M' || b[3] != 'B' {
		return None
	}
	switch b[0] {
	case 0xfe:
		return Plain
	case 0xfd:
		return Encrypted
	case 0xfc:
		return Compressed
	case 0xff:
		return Version1
	}
	return None
}

// Commands ([MS-SMB2] 2.2.1.2).
const (
	Negotiate      = 0
	SessionSetup   = 1
	Logoff         = 2
	TreeConnect    = 3
	TreeDisconnect = 4
	Create         = 5
	Close          = 6
	Flush          = 7
	Read           = 8
	Write          = 9
	Lock           = 10
	IOCTL          = 11
	Cancel         = 12
	Echo           = 13
	QueryDirectory = 14
	ChangeNotify   = 15
	QueryInfo      = 16
	SetInfo        = 17
	OplockBreak    = 18
)

// Flags of a header.
const (
	Response = 1 << 0
	Async    = 1 << 1
	Related  = 1 << 2 // the message takes session, tree and file from the one before in the compound
	Signed   = 1 << 3
	DFS      = 1 << 28
	Replay   = 1 << 29
)

// Statuses that come with a body of the command, not of an error.
const (
	statusPending        = 0x00000103
	statusNotifyEnumDir  = 0x0000010c
	statusBufferOverflow = 0x80000005
	statusMoreProcessing = 0xc0000016
)

// A Message is one header with its body: a whole message, or one of a compound.
type Message struct {
	CreditCharge    uint16
	Status          uint32 // NTSTATUS of a response
	ChannelSequence uint16 // of a request
	Command         uint16
	Credits         uint16 // asked for by a request, granted by a response
	Flags           uint32
	Next            uint32 // offset of the next header from this one, 0 in the last
	ID              uint64
	AsyncID         uint64 // valid iff Flags has Async
	Tree            uint32 // valid iff Flags has not Async
	Session         uint64
	// Bytes is the message from its header to the end of what was captured of it. It aliases what Decode got.
	Bytes []byte
}

// Decode reads the header that b begins with; b ends where the message does. It reports whether there is a whole header; m is unchanged otherwise.
func (m *Message) Decode(b []byte) bool {
	if len(b) < HeaderLen || KindOf(b) != Plain {
		return false
	}
	le := binary.LittleEndian
	m.CreditCharge, m.Command, m.Credits = le.Uint16(b[6:]), le.Uint16(b[12:]), le.Uint16(b[14:])
	m.Flags, m.Next, m.ID, m.Session = le.Uint32(b[16:]), le.Uint32(b[20:]), le.Uint64(b[24:]), le.Uint64(b[40:])
	m.Status, m.ChannelSequence, m.AsyncID, m.Tree = 0, 0, 0, 0
	if m.Response() {
		m.Status = le.Uint32(b[8:])
	} else {
		m.ChannelSequence = le.Uint16(b[8:])
	}
	if m.Flags&Async != 0 {
		m.AsyncID = le.Uint64(b[32:])
	} else {
		m.Tree = le.Uint32(b[36:])
	}
	m.Bytes = b
	return true
}

// Response reports whether the message is a response or a notification.
func (m *Message) Response() bool { return m.Flags&Response != 0 }

// Failed reports whether the body is that of an error instead of the command's.
func (m *Message) Failed() bool {
	return m.Response() && failed(m.Command, m.Status) && (len(m.Body()) < 2 || m.size() == errorSize)
}

// errorSize is the size of the fixed part of the body of an error ([MS-SMB2] 2.2.2). Commands have it too, and then the status decides.
const errorSize = 9

func failed(command uint16, status uint32) bool {
	switch status {
	case 0:
		return false
	case statusMoreProcessing:
		return command != SessionSetup
	case statusBufferOverflow:
		return command != Read && command != IOCTL && command != QueryInfo
	case statusNotifyEnumDir:
		return command != ChangeNotify
	}
	return true
}

// Body is what was captured behind the header.
func (m *Message) Body() []byte { return m.Bytes[HeaderLen:] }

// Next is the length in bytes of the first message of the chain that b begins
// with: up to the next header, or all of b. It is 0 when b does not begin with a header.
func Next(b []byte) int {
	if KindOf(b) != Plain {
		return 0
	}
	if len(b) < HeaderLen {
		return len(b)
	}
	if n := binary.LittleEndian.Uint32(b[20:]); n >= HeaderLen && int64(n) < int64(len(b)) {
		return int(n)
	}
	return len(b)
}

// Text is UTF-16LE text as a string; an odd last byte is left out.
func Text(b []byte) string { return string(appendText(nil, b)) }

// appendText appends UTF-16LE text in UTF-8.
func appendText(dst, b []byte) []byte {
	for len(b) >= 2 {
		r := rune(binary.LittleEndian.Uint16(b))
		if b = b[2:]; utf16.IsSurrogate(r) {
			if len(b) < 2 {
				r = utf8.RuneError
			} else if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b))); pair == utf8.RuneError {
				r = pair
			} else {
				r, b = pair, b[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

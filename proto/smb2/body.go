package smb2

import (
	"bytes"
	"encoding/binary"
)

// What follows reads values of bodies; offsets in a body count from its first byte.

// dir is the index of a table by direction: 0 for requests, 1 for responses.
func (m *Message) dir() int { return int(m.Flags & Response) }

// absent marks what a body has not.
const absent = -1

// fileIDs are the offsets of file ids in the bodies of requests and responses ([MS-SMB2] 2.2.14.1).
var fileIDs = [OplockBreak + 1][2]int8{
	Negotiate: {absent, absent}, SessionSetup: {absent, absent}, Logoff: {absent, absent}, TreeConnect: {absent, absent}, TreeDisconnect: {absent, absent},
	Create: {absent, 64}, Close: {8, absent}, Flush: {8, absent}, Read: {16, absent}, Write: {16, absent}, Lock: {8, absent}, IOCTL: {8, 8},
	Cancel: {absent, absent}, Echo: {absent, absent}, QueryDirectory: {8, absent}, ChangeNotify: {8, absent}, QueryInfo: {24, absent},
	SetInfo: {16, absent}, OplockBreak: {8, 8},
}

// Sizes of the bodies of breaks ([MS-SMB2] 2.2.23 to 2.2.25).
const (
	oplockSize      = 24
	leaseSize       = 36 // acknowledgment and its response
	leaseNotifySize = 44
)

// FileID is the 16 bytes that name the open file in requests about one, and in the
// response to a CREATE; nil where there are none. A related message of a compound has all ones.
func (m *Message) FileID() []byte {
	if int(m.Command) >= len(fileIDs) || m.Failed() || m.Command == OplockBreak && m.size() != oplockSize {
		return nil
	}
	off := int(fileIDs[m.Command][m.dir()])
	if b := m.Body(); off >= 0 && off+16 <= len(b) {
		return b[off : off+16]
	}
	return nil
}

// size is the size that the body says of its fixed part.
func (m *Message) size() int { return int(m.u16(0)) }

func (m *Message) u16(off int) uint16 {
	if b := m.Body(); off+2 <= len(b) {
		return binary.LittleEndian.Uint16(b[off:])
	}
	return 0
}

func (m *Message) u32(off int) uint32 {
	if b := m.Body(); off+4 <= len(b) {
		return binary.LittleEndian.Uint32(b[off:])
	}
	return 0
}

func (m *Message) u64(off int) uint64 {
	if b := m.Body(); off+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[off:])
	}
	return 0
}

// buffer is the n bytes that lie off bytes behind the start of the header, as far as they were captured; nil when they would overlap it.
func (m *Message) buffer(off, n int) []byte {
	if n == 0 || off < HeaderLen || off > len(m.Bytes) {
		return nil
	}
	return m.Bytes[off:min(len(m.Bytes), off+n)]
}

// counted is the buffer that the body names at at with an offset and at at+2 with a length.
func (m *Message) counted(at int) []byte {
	if len(m.Body()) < at+4 {
		return nil
	}
	return m.buffer(int(m.u16(at)), int(m.u16(at+2)))
}

// names are the offsets of what the texts of requests are announced with: a path, the name of a file, a pattern.
var names = map[uint16]int{TreeConnect: 4, Create: 44, QueryDirectory: 24}

// Name is the text of a request, in UTF-16LE: the path of the share of a TREE_CONNECT, the file of a CREATE, the pattern
// of a QUERY_DIRECTORY. ok is false for any other message, and for one whose fixed part was not captured whole.
func (m *Message) Name() (text []byte, ok bool) {
	at, ok := names[m.Command]
	if !ok || m.Response() || len(m.Body()) < at+4 {
		return nil, false
	}
	return m.counted(at), true
}

// blobs are the offsets of what security tokens are announced with, in requests and responses.
var blobs = map[uint16][2]int{Negotiate: {absent, 56}, SessionSetup: {12, 4}}

// Security is the security token of a negotiation or of a session's set-up; nil where there is none, or not all of it was captured.
func (m *Message) Security() []byte {
	at, ok := blobs[m.Command]
	if !ok || at[m.dir()] == absent || m.Failed() {
		return nil
	}
	if len(m.Body()) < at[m.dir()]+4 {
		return nil
	}
	if token := m.counted(at[m.dir()]); len(token) == int(m.u16(at[m.dir()]+2)) {
		return token
	}
	return nil
}

// Range is the part of the file that a READ or WRITE request is about, in bytes.
func (m *Message) Range() (offset uint64, length uint32, ok bool) {
	if m.Response() || m.Command != Read && m.Command != Write || len(m.Body()) < 16 {
		return 0, 0, false
	}
	return m.u64(8), m.u32(4), true
}

// Classes of information ([MS-SMB2] 2.2.37).
const (
	FileInfo     = 1
	FSInfo       = 2
	SecurityInfo = 3
	QuotaInfo    = 4
)

// Info is the class and the level of what a QUERY_INFO or SET_INFO request is about.
func (m *Message) Info() (class, level uint8, ok bool) {
	b := m.Body()
	if m.Response() || m.Command != QueryInfo && m.Command != SetInfo || len(b) < 4 {
		return 0, 0, false
	}
	return b[2], b[3], true
}

// Level is the level of what a QUERY_DIRECTORY request asks for.
func (m *Message) Level() (level uint8, ok bool) {
	b := m.Body()
	if m.Response() || m.Command != QueryDirectory || len(b) < 3 {
		return 0, false
	}
	return b[2], true
}

// Functions of IOCTL that are looked into ([MS-SMB2] 2.2.31).
const (
	GetReferrals   = 0x00060194
	PipeWait       = 0x00110018
	PipeTransceive = 0x0011c017
)

// Function is the control code of an IOCTL.
func (m *Message) Function() (code uint32, ok bool) {
	if m.Command != IOCTL || m.Failed() || len(m.Body()) < 8 {
		return 0, false
	}
	return m.u32(4), true
}

// Input is the input of an IOCTL request.
func (m *Message) Input() []byte {
	if m.Command != IOCTL || m.Response() || len(m.Body()) < 32 || m.u32(28) > 1<<24 || m.u32(24) > 1<<24 {
		return nil
	}
	return m.buffer(int(m.u32(24)), int(m.u32(28)))
}

// Lease reports whether a break is about a lease instead of an oplock, and whether it is the server's notification.
func (m *Message) Lease() (lease, notification bool) {
	n := m.size()
	return n == leaseSize || n == leaseNotifySize, n == leaseNotifySize || m.ID == ^uint64(0)
}

// An NTLM message inside a security token ([MS-NLMP] 2.2.1).
type NTLM struct {
	Type uint32 // 1 negotiate, 2 challenge, 3 authenticate
	// Domain, User and Host are of an authentication; UTF-16LE iff Unicode.
	Domain, User, Host []byte
	Unicode            bool
}

var ntlmMagic = []byte("NTLMSSP\x00")

// NTLM finds the NTLM message in the security token, whatever it is wrapped in.
func (m *Message) NTLM() (n NTLM, ok bool) {
	token := m.Security()
	i := bytes.Index(token, ntlmMagic)
	if i < 0 || i+12 > len(token) {
		return n, false
	}
	b := token[i:]
	n.Type = binary.LittleEndian.Uint32(b[8:])
	if n.Type == 3 && len(b) >= 64 {
		n.Unicode = b[60]&1 != 0
		n.Domain, n.User, n.Host = part(b, 28), part(b, 36), part(b, 44)
	}
	return n, true
}

// part is a field of an NTLM message: length, allocated length, offset.
func part(b []byte, at int) []byte {
	n, off := int(binary.LittleEndian.Uint16(b[at:])), binary.LittleEndian.Uint32(b[at+4:])
	if int64(off)+int64(n) > int64(len(b)) {
		return nil
	}
	return b[off : int(off)+n]
}

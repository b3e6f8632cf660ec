// Package nbss decodes the session service of NetBIOS over TCP (RFC 1002, 4.3)
// and the framing of SMB that goes over TCP directly ([MS-SMB2] 2.1): a
// type, a length, and as many bytes. Numbers are big-endian.
package nbss

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// HeaderLen is the length of the header in bytes.
const HeaderLen = 4

// Types of frames (RFC 1002, 4.3.1).
const (
	Message   = 0x00
	Request   = 0x81
	Positive  = 0x82
	Negative  = 0x83
	Retarget  = 0x84
	KeepAlive = 0x85
)

// Ports of the session service and of SMB over TCP directly (IANA).
const (
	Port       = 139
	DirectPort = 445
)

// A Header is what a frame begins with.
type Header struct {
	Type uint8
	Len  int // bytes that follow the header
}

// Decode reads the header that b begins with. direct says that the frame goes over TCP directly, where the length has
// three bytes; else it has 17 bits, unless a message of SMB follows: SMB is longer than that on both ports. It reports whether b begins with one.
func (h *Header) Decode(b []byte, direct bool) bool {
	if len(b) < HeaderLen {
		return false
	}
	h.Type = b[0]
	length := int(b[1]&1)<<16 | int(b[2])<<8 | int(b[3])
	long := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	smb := len(b) >= 8 && b[5] == 'S' && b[6] == 'M' && b[7] == 'B' && b[4] >= 0xfc
	switch b[0] {
	case Message:
		if direct && !smb && len(b) >= 8 { // nothing else goes over TCP directly
			return false
		}
		if direct || smb {
			length = long
		} else if b[1]&^1 != 0 {
			return false
		}
		h.Len = length
		return true
	case Request:
		h.Len = length
		return b[1]&^1 == 0 && length >= 4
	case Positive, KeepAlive:
		h.Len = length
		return long == 0
	case Negative:
		h.Len = length
		return long == 1
	case Retarget:
		h.Len = length
		return long == 6
	}
	return false
}

// Extent is the length in bytes of the frame that b begins with, its header included; 0 when b is too short to tell, -1 when it does not begin with a frame.
func Extent(b []byte, direct bool) int {
	var h Header
	switch {
	case len(b) < HeaderLen:
		return 0
	case !h.Decode(b, direct):
		return -1
	}
	return HeaderLen + h.Len
}

// Fields of a frame.
var Fields = field.Table{Proto: "nbss", Title: "NetBIOS Session Service", Fields: []field.Field{
	proto.Named(proto.Hex("nbss.type", "Message Type", 0, 1, 0), proto.Names("nbss.type")),
	proto.Dec("nbss.length", "Length", 1, 3, 0),
	proto.When(proto.Named(proto.Hex("nbss.error_code", "Error code", 4, 1, 0), proto.Names("nbss.error_code")), proto.Kind(Negative)),
	proto.When(proto.Fixed("nbss.retarget_ip_address", "Retarget IP address", field.IPv4, 4, 4), proto.Kind(Retarget)),
	proto.When(proto.Dec("nbss.retarget_port", "Retarget port", 8, 2, 0), proto.Kind(Retarget)),
	name("nbss.called_name", "Called name", 0),
	name("nbss.calling_name", "Calling name", 1),
}}

// ContinuationFields are those of the rest of a frame whose begin was not captured.
var ContinuationFields = field.Table{Proto: "nbss", Title: "NetBIOS Session Service", Fields: []field.Field{
	{Name: "nbss.continuation_data", Title: "Continuation data", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (off, n int) { return 0, len(b) })},
}}

// name is a name of a session request.
func name(id, title string, which int) field.Field {
	return field.Field{Name: id, Title: title, Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) < HeaderLen || b[0] != Request {
			return
		}
		at := HeaderLen
		for i := 0; ; i++ {
			text, n := Name(b[at:])
			if n == 0 {
				return
			}
			if i == which {
				yield(field.Span{Off: at, Len: n}, field.S(text))
				return
			}
			at += n
		}
	}}
}

// encodedLen is the length of the encoded form of a name of 16 bytes.
const encodedLen = 32

// Name is the name that b begins with in its encoded form (RFC 1001, 14.1): a
// letter for each half of a byte. The last byte is the kind of the name and is
// shown in angle brackets. n is its length on the wire, 0 when b does not begin with one.
func Name(b []byte) (text string, n int) {
	if len(b) < encodedLen+2 || b[0] != encodedLen {
		return "", 0
	}
	var plain [encodedLen / 2]byte
	for i := range plain {
		high, low := b[1+2*i]-'A', b[2+2*i]-'A'
		if high > 15 || low > 15 {
			return "", 0
		}
		plain[i] = high<<4 | low
	}
	n = 1 + encodedLen
	for n < len(b) && b[n] != 0 { // labels of a scope
		n += 1 + int(b[n])
	}
	if n >= len(b) {
		return "", 0
	}
	last := len(plain) - 1
	for last > 0 && plain[last-1] == ' ' {
		last--
	}
	const hex = "0123456789abcdef"
	kind := plain[len(plain)-1]
	return string(plain[:last]) + "<" + string([]byte{hex[kind>>4], hex[kind&15]}) + ">", n + 1
}

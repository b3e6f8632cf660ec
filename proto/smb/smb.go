// Package smb decodes the header of version 1 of the Server Message Block
// protocol ([MS-CIFS] 2.2.3.1). A negotiation of SMB 2 may begin with it, and
// old devices speak nothing else. Numbers are little-endian.
package smb

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/proto"
)

// HeaderLen is the length of the header in bytes.
const HeaderLen = 32

// Commands that are treated apart ([MS-CIFS] 2.2.2.1).
const Negotiate = 0x72

const (
	flagReply  = 0x80   // of Flags
	flagStatus = 0x4000 // of Flags2: the status is an NTSTATUS
)

// A Header is the header of a message.
type Header struct {
	Command  uint8
	Status   uint32 // an NTSTATUS iff NTStatus
	NTStatus bool
	Flags    uint8
	Flags2   uint16
	Tree     uint16
	User     uint16
	Mid      uint16 // number of the exchange
}

// Decode reads the header that b begins with. It reports whether there is a whole one.
func (h *Header) Decode(b []byte) bool {
	if len(b) < HeaderLen || string(b[:4]) != "\xffSMB" {
		return false
	}
	le := binary.LittleEndian
	*h = Header{Command: b[4], Status: le.Uint32(b[5:]), Flags: b[9], Flags2: le.Uint16(b[10:]), Tree: le.Uint16(b[24:]), User: le.Uint16(b[28:]), Mid: le.Uint16(b[30:])}
	h.NTStatus = h.Flags2&flagStatus != 0
	return true
}

// Response reports whether the message is a response.
func (h *Header) Response() bool { return h.Flags&flagReply != 0 }

func withStatus(b []byte) bool    { return len(b) > 11 && b[11]&(flagStatus>>8) != 0 }
func withoutStatus(b []byte) bool { return len(b) > 11 && b[11]&(flagStatus>>8) == 0 }

// Fields of the header.
var Fields = field.Table{Proto: "smb", Title: "SMB (Server Message Block Protocol)", Fields: []field.Field{
	proto.Named(proto.Hex("smb.cmd", "SMB Command", 4, 1, 0), proto.Names("smb.cmd")),
	proto.When(proto.Named(proto.Little(proto.Hex("smb.nt_status", "NT Status", 5, 4, 0)), ntstatus.Names()), withStatus),
	proto.When(proto.Hex("smb.error_class", "Error Class", 5, 1, 0), withoutStatus),
	proto.When(proto.Little(proto.Hex("smb.error_code", "Error Code", 7, 2, 0)), withoutStatus),
	proto.Hex("smb.flags", "Flags", 9, 1, 0),
	proto.Bit("smb.flags.response", "Request/Response", 9, 1, 0x80),
	proto.Bit("smb.flags.notify", "Notify", 9, 1, 0x40),
	proto.Bit("smb.flags.oplock", "Oplocks", 9, 1, 0x20),
	proto.Bit("smb.flags.canon", "Canonicalized Pathnames", 9, 1, 0x10),
	proto.Bit("smb.flags.caseless", "Case Sensitivity", 9, 1, 0x08),
	proto.Little(proto.Hex("smb.flags2", "Flags2", 10, 2, 0)),
	proto.Little(proto.Bit("smb.flags2.string", "Unicode Strings", 10, 2, 0x8000)),
	proto.Little(proto.Bit("smb.flags2.nt_error", "Error Code Type", 10, 2, flagStatus)),
	proto.Little(proto.Bit("smb.flags2.dfs", "Dfs", 10, 2, 0x1000)),
	proto.Little(proto.Bit("smb.flags2.esn", "Extended Security Negotiation", 10, 2, 0x0800)),
	proto.Little(proto.Bit("smb.flags2.sec_sig", "Security Signatures", 10, 2, 0x0004)),
	proto.Little(proto.Dec("smb.pid.high", "Process ID High", 12, 2, 0)),
	proto.Fixed("smb.signature", "Signature", field.Bytes, 14, 8),
	proto.Little(proto.Dec("smb.tid", "Tree ID", 24, 2, 0)),
	proto.Little(proto.Dec("smb.pid", "Process ID", 26, 2, 0)),
	proto.Little(proto.Dec("smb.uid", "User ID", 28, 2, 0)),
	proto.Little(proto.Dec("smb.mid", "Multiplex ID", 30, 2, 0)),
	{Name: "smb.dialect.name", Title: "Name", Type: field.String, Find: dialects},
}}

// dialects are those that a negotiation offers: a word count of 0, the number of bytes, and for each a 2 and text with a zero ([MS-CIFS] 2.2.4.52.1).
func dialects(b []byte, yield func(field.Span, field.Value) bool) {
	var h Header
	if !h.Decode(b) || h.Command != Negotiate || h.Response() || len(b) < HeaderLen+3 || b[HeaderLen] != 0 {
		return
	}
	at := HeaderLen + 3
	end := min(len(b), at+int(binary.LittleEndian.Uint16(b[HeaderLen+1:])))
	for at < end && b[at] == 2 {
		from := at + 1
		at = from
		for at < end && b[at] != 0 {
			at++
		}
		if at == end || !yield(field.Span{Off: from, Len: at + 1 - from}, field.S(string(b[from:at]))) {
			return
		}
		at++
	}
}

package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/proto"
)

// Fields of a header and its body.
var Fields = field.Table{Proto: "smb2", Title: "SMB2 (Server Message Block Protocol version 2)", Fields: join(
	headerFields, stateFields, userFields, negotiateFields, sessionFields, treeFields, createFields, fileFields, queryFields, ioctlFields, breakFields, errorFields, signatureFields, proto.Answering("smb2"))}

func join(lists ...[]field.Field) (all []field.Field) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// The declarations of fields of this protocol: their numbers are little-endian, and those of a body lie behind the header.

func dec(name, title string, off, n int) field.Field {
	return proto.Little(proto.Dec(name, title, HeaderLen+off, n, 0))
}

func hex(name, title string, off, n int) field.Field {
	return proto.Little(proto.Hex(name, title, HeaderLen+off, n, 0))
}

func bit(name, title string, off, n int, mask uint64) field.Field {
	return proto.Little(proto.Bit(name, title, HeaderLen+off, n, mask))
}

func guid(name, title string, off int) field.Field {
	return proto.Fixed(name, title, field.GUID, HeaderLen+off, 16)
}

func named(f field.Field) field.Field { return proto.Named(f, proto.Names(f.Name)) }

// bits are the flags of a number, lowest first: "" skips one.
func bits(prefix string, off, n int, first uint64, list ...[2]string) (all []field.Field) {
	for _, l := range list {
		if l[0] != "" {
			all = append(all, bit(prefix+l[0], l[1], off, n, first))
		}
		first <<= 1
	}
	return all
}

// on declares fields of the messages that the condition holds for.
func on(has func(b []byte) bool, fields ...field.Field) (all []field.Field) {
	for _, f := range fields {
		all = append(all, proto.When(f, has))
	}
	return all
}

// body reports whether there is a body, of a response or of a request, and of which command.
func body(b []byte) (command uint16, response, ok bool) {
	if len(b) < HeaderLen+2 {
		return 0, false, false
	}
	return binary.LittleEndian.Uint16(b[12:]), b[16]&Response != 0, true
}

func request(commands ...uint16) func(b []byte) bool {
	return func(b []byte) bool {
		c, response, ok := body(b)
		return ok && !response && has(commands, c)
	}
}

func response(commands ...uint16) func(b []byte) bool {
	return func(b []byte) bool {
		c, response, ok := body(b)
		return ok && response && has(commands, c) && !inError(b)
	}
}

func both(commands ...uint16) func(b []byte) bool {
	req, resp := request(commands...), response(commands...)
	return func(b []byte) bool { return req(b) || resp(b) }
}

// sized is a condition for bodies whose fixed part has one of some sizes.
func sized(when func(b []byte) bool, sizes ...uint16) func(b []byte) bool {
	return func(b []byte) bool { return when(b) && has(sizes, binary.LittleEndian.Uint16(b[HeaderLen:])) }
}

func has(list []uint16, v uint16) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func isRequest(b []byte) bool  { return len(b) > 16 && b[16]&Response == 0 }
func isResponse(b []byte) bool { return len(b) > 16 && b[16]&Response != 0 }
func isAsync(b []byte) bool    { return len(b) > 16 && b[16]&Async != 0 }
func isSync(b []byte) bool     { return len(b) > 16 && b[16]&Async == 0 }

// at is a field of the header.
func at(f field.Field) field.Field {
	f.Off -= HeaderLen
	return f
}

var headerFields = join([]field.Field{
	proto.Hex("smb2.protocol_id", "ProtocolId", 0, 4, 0),
	at(dec("smb2.header_len", "Header Length", 4, 2)),
	at(dec("smb2.credit.charge", "Credit Charge", 6, 2)),
	proto.When(at(dec("smb2.channel_sequence", "Channel Sequence", 8, 2)), isRequest),
	proto.When(proto.Named(at(hex("smb2.nt_status", "NT Status", 8, 4)), ntstatus.Names()), isResponse),
	named(at(dec("smb2.cmd", "Command", 12, 2))),
	proto.When(at(dec("smb2.credits.requested", "Credits requested", 14, 2)), isRequest),
	proto.When(at(dec("smb2.credits.granted", "Credits granted", 14, 2)), isResponse),
	at(hex("smb2.flags", "Flags", 16, 4)),
	at(bit("smb2.flags.response", "Response", 16, 4, Response)),
	at(bit("smb2.flags.async", "Async command", 16, 4, Async)),
	at(bit("smb2.flags.chained", "Chained", 16, 4, Related)),
	at(bit("smb2.flags.signature", "Signing", 16, 4, Signed)),
	at(bit("smb2.flags.priority_mask", "Priority", 16, 4, 0x70)),
	at(bit("smb2.flags.dfs", "DFS operation", 16, 4, DFS)),
	at(bit("smb2.flags.replay", "Replay operation", 16, 4, Replay)),
	at(hex("smb2.chain_offset", "Chain Offset", 20, 4)),
	at(dec("smb2.msg_id", "Message ID", 24, 8)),
	proto.When(at(hex("smb2.aid", "Async Id", 32, 8)), isAsync),
	proto.When(at(hex("smb2.pid", "Process Id", 32, 4)), isSync),
	proto.When(at(hex("smb2.tid", "Tree Id", 36, 4)), isSync),
	at(hex("smb2.sesid", "Session Id", 40, 8)),
	proto.Fixed("smb2.signature", "Signature", field.Bytes, 48, 16),
	hex("smb2.buffer_code", "StructureSize", 0, 2),
	proto.Little(proto.Dec("smb2.buffer_code.length", "Fixed Part Length", HeaderLen, 2, 0xfffe)),
	bit("smb2.buffer_code.dynamic", "Dynamic Part", 0, 2, 1),
})

// TransformFields are those of an encrypted message.
var TransformFields = field.Table{Proto: "smb2", Title: "SMB2 Transform Header", Fields: join(userFields, []field.Field{
	proto.Hex("smb2.protocol_id", "ProtocolId", 0, 4, 0),
	proto.Fixed("smb2.header.transform.signature", "Signature", field.Bytes, 4, 16),
	proto.Fixed("smb2.header.transform.nonce", "Nonce", field.Bytes, 20, 16),
	proto.Little(proto.Dec("smb2.header.transform.msg_size", "Message size", 36, 4, 0)),
	proto.Fixed("smb2.header.transform.reserved", "Reserved", field.Bytes, 40, 2),
	proto.Little(proto.Hex("smb2.header.transform.flags", "Flags", 42, 2, 0)),
	proto.Little(proto.Bit("smb2.header.transform.flags.encrypted", "Encrypted", 42, 2, 1)),
	proto.Little(proto.Hex("smb2.sesid", "Session Id", 44, 8, 0)),
	{Name: "smb2.header.transform.enc_data", Title: "Data", Type: field.Bytes, Noted: func(b []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
		if len(b) > TransformLen && n[noteOpened] == 0 {
			yield(field.Span{Off: TransformLen, Len: len(b) - TransformLen}, field.Value{Type: field.Bytes, B: b[TransformLen:]})
		}
	}},
	closedField,
})}

// CompressionFields are those of a compressed message.
var CompressionFields = field.Table{Proto: "smb2", Title: "SMB2 Compression Transform Header", Fields: join([]field.Field{
	proto.Hex("smb2.protocol_id", "ProtocolId", 0, 4, 0),
	proto.Little(proto.Dec("smb2.header.comp_transform.original_size", "OriginalSize", 4, 4, 0)),
	proto.When(proto.Named(proto.Little(proto.Hex("smb2.header.comp_transform.comp_alg", "CompressionAlgorithm", 8, 2, 0)), algorithmNames), unchained),
	proto.When(proto.Little(proto.Hex("smb2.header.comp_transform.flags", "Flags", 10, 2, 0)), unchained),
	proto.When(proto.Little(proto.Hex("smb2.header.comp_transform.offset", "Offset", 12, 4, 0)), unchained),
}, payloadFields)}

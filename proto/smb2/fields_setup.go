package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// capabilities of either side ([MS-SMB2] 2.2.3, 2.2.4).
func capabilities(off int) []field.Field {
	return append([]field.Field{hex("smb2.capabilities", "Capabilities", off, 4)}, bits("smb2.capabilities.", off, 4, 1,
		[2]string{"dfs", "DFS"}, [2]string{"leasing", "LEASING"}, [2]string{"large_mtu", "LARGE MTU"}, [2]string{"multi_channel", "MULTI CHANNEL"},
		[2]string{"persistent_handles", "PERSISTENT HANDLES"}, [2]string{"directory_leasing", "DIRECTORY LEASING"}, [2]string{"encryption", "ENCRYPTION"})...)
}

func securityMode(off int) []field.Field {
	return append([]field.Field{hex("smb2.sec_mode", "Security mode", off, 1)}, bits("smb2.sec_mode.", off, 1, 1,
		[2]string{"sign_enabled", "Signing enabled"}, [2]string{"sign_required", "Signing required"})...)
}

// dialect311 is the dialect with which negotiations have contexts.
const dialect311 = 0x0311

// dialects walks those of a negotiation: the list of a request, the choice of a response.
var dialects = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	at, count := HeaderLen+4, 1
	switch {
	case request(Negotiate)(b):
		if len(b) < HeaderLen+4 {
			return
		}
		at, count = HeaderLen+36, int(binary.LittleEndian.Uint16(b[HeaderLen+2:]))
	case !response(Negotiate)(b):
		return
	}
	for ; count > 0 && at+2 <= len(b) && yield(at, 2); count-- {
		at += 2
	}
})

// withContexts reports whether a negotiation has contexts: it offers dialect 3.1.1, or has chosen it.
func withContexts(b []byte) (found bool) {
	dialects(b, func(off, n int) bool {
		found = binary.LittleEndian.Uint16(b[off:]) == dialect311
		return !found
	})
	return found
}

func offered(b []byte) bool { return request(Negotiate)(b) && withContexts(b) }
func chosen(b []byte) bool  { return response(Negotiate)(b) && withContexts(b) }

// contexts walks the contexts of a negotiation, each aligned to eight bytes from the header ([MS-SMB2] 2.2.3.1).
var contexts = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	where, count := HeaderLen+28, HeaderLen+32
	switch {
	case chosen(b):
		where, count = HeaderLen+60, HeaderLen+6
	case !offered(b):
		return
	}
	if where+4 > len(b) || count+2 > len(b) {
		return
	}
	at := int64(binary.LittleEndian.Uint32(b[where:]))
	for n := binary.LittleEndian.Uint16(b[count:]); n > 0 && at >= HeaderLen && at+8 <= int64(len(b)); n-- {
		size := 8 + int64(binary.LittleEndian.Uint16(b[at+2:]))
		if at+size > int64(len(b)) || !yield(int(at), int(size)) {
			return
		}
		at += (size + 7) &^ 7
	}
})

// Types of contexts.
const (
	preauth     = 1
	encryption  = 2
	compression = 3
	netname     = 5
	signing     = 8
)

func context(kind uint16) func(e []byte) bool {
	return func(e []byte) bool { return binary.LittleEndian.Uint16(e) == kind }
}

// algorithms are the numbers of two bytes in a context, behind those that are counted before them.
func algorithms(name, title string, kind uint16, skip int) field.Field {
	f := named(hex(name, title, 0, 2))
	f.Width, f.Len, f.Off = 2, 0, 0
	f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
		contexts(b, func(at, n int) bool {
			if !context(kind)(b[at:at+n]) || n < 10 {
				return true
			}
			count := int(binary.LittleEndian.Uint16(b[at+8:]))
			for off := at + 8 + skip; count > 0 && off+2 <= at+n; off += 2 {
				if !yield(field.Span{Off: off, Len: 2}, field.U(uint64(binary.LittleEndian.Uint16(b[off:])))) {
					return false
				}
				count--
			}
			return true
		})
	}
	return f
}

// inContext is a number in a context of a kind.
func inContext(name, title string, off, n int, kind uint16) field.Field {
	return contexts.In(proto.Little(proto.Dec(name, title, off, n, 0)), context(kind))
}

var negotiateFields = join(
	on(request(Negotiate), dec("smb2.dialect_count", "Dialect count", 2, 2)),
	on(request(Negotiate), securityMode(4)...),
	on(response(Negotiate), securityMode(2)...),
	[]field.Field{named(dialects.In(proto.Little(proto.Hex("smb2.dialect", "Dialect", 0, 2, 0)), nil))},
	on(request(Negotiate), append(capabilities(8), guid("smb2.client_guid", "Client Guid", 12))...),
	on(request(Negotiate), hex("smb2.negotiate_context.offset", "NegotiateContextOffset", 28, 4), dec("smb2.negotiate_context.count", "NegotiateContextCount", 32, 2)),
	on(response(Negotiate), dec("smb2.negotiate_context.count", "NegotiateContextCount", 6, 2)),
	on(response(Negotiate), guid("smb2.server_guid", "Server Guid", 8)),
	on(response(Negotiate), capabilities(24)...),
	on(response(Negotiate), dec("smb2.max_trans_size", "Max Transaction Size", 28, 4), dec("smb2.max_read_size", "Max Read Size", 32, 4),
		dec("smb2.max_write_size", "Max Write Size", 36, 4)),
	[]field.Field{moment("smb2.current_time", "Current Time", 40, response(Negotiate)), moment("smb2.boot_time", "Boot Time", 48, response(Negotiate))},
	on(response(Negotiate), hex("smb2.negotiate_context.offset", "NegotiateContextOffset", 60, 4)),
	[]field.Field{
		named(contexts.In(proto.Little(proto.Hex("smb2.negotiate_context.type", "Type", 0, 2, 0)), nil)),
		contexts.In(proto.Little(proto.Dec("smb2.negotiate_context.data_length", "DataLength", 2, 2, 0)), nil),
		inContext("smb2.negotiate_context.hash_alg_count", "HashAlgorithmCount", 8, 2, preauth),
		inContext("smb2.negotiate_context.salt_length", "SaltLength", 10, 2, preauth),
		algorithms("smb2.negotiate_context.hash_algorithm", "HashAlgorithm", preauth, 4),
		inContext("smb2.negotiate_context.cipher_count", "CipherCount", 8, 2, encryption),
		algorithms("smb2.negotiate_context.cipher_id", "CipherId", encryption, 2),
		inContext("smb2.negotiate_context.comp_alg_count", "CompressionAlgorithmCount", 8, 2, compression),
		algorithms("smb2.negotiate_context.comp_alg_id", "CompressionAlgorithmId", compression, 8),
		inContext("smb2.negotiate_context.signing_alg_count", "SigningAlgorithmCount", 8, 2, signing),
		algorithms("smb2.negotiate_context.signing_id", "SigningAlgorithmId", signing, 2),
		{Name: "smb2.negotiate_context.netname", Title: "Netname", Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
			contexts(b, func(at, n int) bool {
				return !context(netname)(b[at:at+n]) || yield(field.Span{Off: at + 8, Len: n - 8}, field.S(Text(b[at+8:at+n])))
			})
		}},
	},
)

var sessionFields = join(
	on(request(SessionSetup), dec("smb2.ses_req_flags", "Flags", 2, 1), bit("smb2.ses_req_flags.session_binding", "Session Binding Request", 2, 1, 1)),
	on(request(SessionSetup), securityMode(3)...),
	on(request(SessionSetup), capabilities(4)...),
	on(request(SessionSetup), hex("smb2.channel", "Channel", 8, 4), hex("smb2.previous_sesid", "Previous Session Id", 16, 8)),
	on(response(SessionSetup), hex("smb2.session_flags", "Session Flags", 2, 2)),
	on(response(SessionSetup), bits("smb2.ses_flags.", 2, 2, 1, [2]string{"guest", "Guest"}, [2]string{"null", "Null"}, [2]string{"encrypt", "Encrypt"})...),
	[]field.Field{{Name: "smb2.security_blob", Title: "Security Blob", Type: field.Bytes, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		var m Message
		if m.Decode(b) && m.Security() != nil {
			s := m.Security()
			yield(field.Span{Off: cap(b) - cap(s), Len: len(s)}, field.Value{Type: field.Bytes, B: s})
		}
	}}},
)

var treeFields = join(
	on(request(TreeConnect), hex("smb2.tc.flags", "Flags", 2, 2), bit("smb2.tc.cluster_reconnect", "Cluster Reconnect", 2, 2, 1),
		bit("smb2.tc.redirect_to_owner", "Redirect To Owner", 2, 2, 2), bit("smb2.tc.extension_present", "Extension Present", 2, 2, 4)),
	[]field.Field{text("smb2.tree", "Tree", TreeConnect)},
	on(response(TreeConnect), named(hex("smb2.share_type", "Share Type", 2, 1)), hex("smb2.share_flags", "Share flags", 4, 4)),
	on(response(TreeConnect), bits("smb2.share_flags.", 4, 4, 1, [2]string{"dfs", "DFS"}, [2]string{"dfs_root", "DFS root"})...),
	on(response(TreeConnect), bits("smb2.share_flags.", 4, 4, 0x100,
		[2]string{"restrict_exclusive_opens", "Restrict exclusive opens"}, [2]string{"force_shared_delete", "Force shared delete"},
		[2]string{"allow_namespace_caching", "Allow namespace caching"}, [2]string{"access_based_dir_enum", "Access based directory enum"},
		[2]string{"force_levelii_oplock", "Force level II oplock"}, [2]string{"enable_hash_v1", "Enable hash V1"},
		[2]string{"enable_hash_v2", "Enable hash V2"}, [2]string{"encrypt_data", "Encrypted data required"})...),
	on(response(TreeConnect), hex("smb2.share_caps", "Share Capabilities", 8, 4)),
	on(response(TreeConnect), bits("smb2.share_caps.", 8, 4, 8, [2]string{"dfs", "DFS"}, [2]string{"continuous_availability", "CONTINUOUS AVAILABILITY"},
		[2]string{"scaleout", "SCALEOUT"}, [2]string{"cluster", "CLUSTER"})...),
	on(response(TreeConnect), access(12)...),
)

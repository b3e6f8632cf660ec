package tls

import (
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

var (
	handshakeTypes = proto.Names("tls.handshake.type")
	groups         = proto.Names("tls.handshake.extensions_supported_group")
	versions       = proto.Names("tls.record.version")
)

// Extensions whose contents are fields (IANA, TLS ExtensionType Values).
const (
	serverName          = 0
	statusRequest       = 5
	supportedGroups     = 10
	pointFormats        = 11
	signatureAlgorithms = 13
	applicationProtocol = 16
	padding             = 21
	compressCertificate = 27
	preSharedKey        = 41
	supportedVersions   = 43
	pskModes            = 45
	keyShare            = 51
	renegotiationInfo   = 0xff01
)

func u8(name, title string) field.Field  { return proto.Dec(name, title, 0, 1, 0) }
func u16(name, title string) field.Field { return proto.Dec(name, title, 0, 2, 0) }
func u24(name, title string) field.Field { return proto.Dec(name, title, 0, 3, 0) }
func x16(name, title string) field.Field { return proto.Hex(name, title, 0, 2, 0) }

func raw(name, title string) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Bytes}
}

func label(name, title string) field.Field {
	return field.Field{Name: name, Title: title, Type: field.None}
}

func text(name, title string) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String}
}

// Fields are those of a layer of records.
var Fields = field.Table{Proto: "tls", Title: "Transport Layer Security", Fields: slices.Concat(recordFields, handshakeFields, helloFields, extensionFields, certificateFields, insideFields, ssl2Fields)}

var recordFields = []field.Field{
	at(label("tls.record", "Record Layer"), inRecords(func(_ []byte, r *Record, n *field.Note) (int, int, bool) { return r.Off, r.End - r.Off, !Opened(n) })),
	at(proto.Named(u8("tls.record.content_type", "Content Type"), proto.Names("tls.record.content_type")), inRecords(func(_ []byte, r *Record, n *field.Note) (int, int, bool) {
		return r.Off, 1, r.Type != 0 && !opaque(r, n) && !r.hides() && (!Opened(n) || equal(Version(n)) == TLS13 || hidden(n))
	})),
	at(proto.Named(u8("tls.record.opaque_type", "Opaque Type"), proto.Names("tls.record.content_type")), inRecords(func(_ []byte, r *Record, n *field.Note) (int, int, bool) {
		return r.Off, 1, opaque(r, n)
	})),
	recordVersion(),
	recordLength(),
	at(label("tls.change_cipher_spec", "Change Cipher Spec Message"), inRecords(func(_ []byte, r *Record, _ *field.Note) (int, int, bool) {
		return r.Body, r.End - r.Body, r.Type == ChangeCipherSpec
	})),
	at(label("tls.alert_message", "Alert Message"), inRecords(func(_ []byte, r *Record, _ *field.Note) (int, int, bool) {
		return r.Body, r.End - r.Body, r.Type == Alert && !(r.Datagram && r.Opened)
	})),
	at(proto.Named(u8("tls.alert_message.level", "Level"), proto.Names("tls.alert_message.level")), inRecords(alert(0))),
	at(proto.Named(u8("tls.alert_message.desc", "Description"), proto.Names("tls.alert_message.desc")), inRecords(alert(1))),
	at(raw("tls.app_data", "Encrypted Application Data"), inRecords(func(_ []byte, r *Record, n *field.Note) (int, int, bool) {
		return r.Body, r.End - r.Body, r.Type == ApplicationData && !Opened(n)
	})),
}

// opaque reports whether the type of a record says nothing, as TLS 1.3 has it.
func opaque(r *Record, note *field.Note) bool {
	return !r.Datagram && r.Type == ApplicationData && Version(note) == TLS13 && !Opened(note)
}

// recordVersion is in the header; a record of SSL 2.0 has none.
func recordVersion() field.Field {
	f := proto.Named(x16("tls.record.version", "Version"), versions)
	f.Width, f.Len = 2, 0
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		Records(b, note, func(r *Record) bool {
			if Opened(note) || r.Unified {
				return true
			}
			s := field.Span{Off: r.Off + 1, Len: 2}
			if r.Type == 0 {
				s.Len = 0
			}
			return yield(s, field.U(uint64(r.Version)))
		})
	}
	return f
}

// recordLength is in the header too. That of SSL 2.0 has it in the bits beside a flag.
func recordLength() field.Field {
	f := u16("tls.record.length", "Length")
	f.Width, f.Len = 2, 0
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		Records(b, note, func(r *Record) bool {
			return Opened(note) || r.Unified && b[r.Off]&unifiedLength == 0 || yield(field.Span{Off: r.Body - 2, Len: 2}, field.U(uint64(r.Len)))
		})
	}
	return f
}

// alert is a byte of an alert in the clear (RFC 8446, 6).
func alert(i int) func([]byte, *Record, *field.Note) (int, int, bool) {
	return func(b []byte, r *Record, _ *field.Note) (int, int, bool) { return r.Body + i, 1, ClearAlert(b, r) }
}

// ClearAlert reports whether a record is an alert that can be read.
func ClearAlert(b []byte, r *Record) bool {
	return r.Type == Alert && r.Len == 2 && r.End-r.Body == 2 && (b[r.Body] == 1 || b[r.Body] == 2)
}

var handshakeFields = []field.Field{
	at(label("tls.handshake", "Handshake Protocol"), func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Messages(b, note, func(m *Message) bool { return m.Record.Opened || Whole(note) || yield(m.Off, m.End-m.Off) })
	}),
	at(proto.Named(u8("tls.handshake.type", "Handshake Type"), handshakeTypes), func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Records(b, note, func(r *Record) bool {
			switch r.Type {
			case 0:
				return r.Body >= r.End || ssl2Names[uint64(b[r.Body])] == "" || yield(r.Body, 1)
			case Handshake:
				return messagesOf(b, r, func(m *Message) bool { return m.Encrypted || Whole(note) || yield(m.Off, 1) })
			}
			return true
		})
	}),
	at(u24("tls.handshake.length", "Length"), heads(func(m *Message) (int, int) { return m.Off + 1, 3 })),
}

// heads are a part of the header of each handshake message.
func heads(get func(m *Message) (off, n int)) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Messages(b, note, func(m *Message) bool {
			off, n := get(m)
			return m.Encrypted || Whole(note) || yield(off, n)
		})
	}
}

var helloFields = []field.Field{
	at(proto.Named(x16("tls.handshake.version", "Version"), versions), helloVersion),
	at(raw("tls.handshake.random", "Random"), inHellos(func(_ []byte, _ *Message, h *hello) (int, int, bool) { return h.random, 32, true })),
	at(u8("tls.handshake.session_id_length", "Session ID Length"), inHellos(func(_ []byte, _ *Message, h *hello) (int, int, bool) { return h.id - 1, 1, h.id > 0 })),
	at(raw("tls.handshake.session_id", "Session ID"), inHellos(func(_ []byte, _ *Message, h *hello) (int, int, bool) { return h.id, h.idLen, h.idLen > 0 })),
	at(u16("tls.handshake.cipher_suites_length", "Cipher Suites Length"), inHellos(func(_ []byte, m *Message, h *hello) (int, int, bool) {
		return h.suites - 2, 2, h.suites >= 0 && m.Type == clientHello
	})),
	at(proto.Named(x16("tls.handshake.ciphersuite", "Cipher Suite"), proto.Names("tls.handshake.ciphersuite")), elements(func(h *hello) (int, int) { return h.suites, h.suitesLen }, 2)),
	at(u8("tls.handshake.comp_methods_length", "Compression Methods Length"), inHellos(func(_ []byte, m *Message, h *hello) (int, int, bool) {
		return h.methods - 1, 1, h.methods >= 0 && m.Type == clientHello
	})),
	at(proto.Named(u8("tls.handshake.comp_method", "Compression Method"), proto.Names("tls.handshake.comp_method")), elements(func(h *hello) (int, int) { return h.methods, h.methodsLen }, 1)),
	at(u16("tls.handshake.extensions_length", "Extensions Length"), inHellos(func(_ []byte, _ *Message, h *hello) (int, int, bool) {
		return h.extensions - 2, 2, h.extensions >= 0
	})),
}

// ssl2Names are the messages of SSL 2.0 that come in the clear.
var ssl2Names = field.Names{1: "Client Hello", 2: "Client Master Key", 4: "Server Hello"}

// SSL2Name is the name of a message of SSL 2.0 in the clear, "" for one that is not.
func SSL2Name(kind byte) string { return ssl2Names[uint64(kind)] }

// helloVersion is the version that a hello names, that of SSL 2.0 too.
func helloVersion(b []byte, note *field.Note, yield func(off, n int) bool) {
	Records(b, note, func(r *Record) bool {
		if r.Type == 0 {
			return !isSSL2Hello(b[r.Off:]) || yield(r.Body+1, 2)
		}
		return r.Type != Handshake || messagesOf(b, r, func(m *Message) bool {
			if m.isVerify() {
				return yield(m.Body, 2)
			}
			h, ok := helloOf(b, m)
			return !ok || yield(h.version, 2)
		})
	})
}

// elements are the elements of n bytes of a list in hellos.
func elements(list func(h *hello) (off, n int), n int) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		Messages(b, note, func(m *Message) bool {
			h, ok := helloOf(b, m)
			if !ok {
				return true
			}
			from, length := list(&h)
			for o := from; o >= 0 && o+n <= min(from+length, m.End); o += n {
				if !yield(o, n) {
					return false
				}
			}
			return true
		})
	}
}

var extensionFields = []field.Field{
	at(proto.Named(u16("tls.handshake.extension.type", "Type"), proto.Names("tls.handshake.extension.type")), eachExtension(0, 2)),
	at(u16("tls.handshake.extension.len", "Length"), eachExtension(2, 2)),
	at(u16("tls.handshake.extensions_server_name_list_len", "Server Name list length"), lead(serverName, 2, false)),
	at(proto.Named(u8("tls.handshake.extensions_server_name_type", "Server Name Type"), proto.Names("tls.handshake.extensions_server_name_type")), names(0, 1)),
	at(u16("tls.handshake.extensions_server_name_len", "Server Name length"), names(1, 2)),
	at(text("tls.handshake.extensions_server_name", "Server Name"), names(3, 0)),
	at(proto.Named(u8("tls.handshake.extensions_status_request_type", "Certificate Status Type"), proto.Names("tls.handshake.extensions_status_request_type")), lead(statusRequest, 1, true)),
	at(u16("tls.handshake.extensions_supported_groups_length", "Supported Groups List Length"), lead(supportedGroups, 2, false)),
	at(proto.Named(x16("tls.handshake.extensions_supported_group", "Supported Group"), groups), listed(supportedGroups, 2, 2)),
	at(u8("tls.handshake.extensions_ec_point_formats_length", "EC point formats Length"), lead(pointFormats, 1, false)),
	at(proto.Named(u8("tls.handshake.extensions_ec_point_format", "EC point format"), proto.Names("tls.handshake.extensions_ec_point_format")), listed(pointFormats, 1, 1)),
	at(u16("tls.handshake.sig_hash_alg_len", "Signature Hash Algorithms Length"), lead(signatureAlgorithms, 2, false)),
	at(proto.Named(x16("tls.handshake.sig_hash_alg", "Signature Algorithm"), proto.Names("tls.handshake.sig_hash_alg")), listed(signatureAlgorithms, 2, 2)),
	at(u16("tls.handshake.extensions_alpn_len", "ALPN Extension Length"), lead(applicationProtocol, 2, false)),
	at(u8("tls.handshake.extensions_alpn_str_len", "ALPN string length"), stringsIn(applicationProtocol, 2, true)),
	at(text("tls.handshake.extensions_alpn_str", "ALPN Next Protocol"), stringsIn(applicationProtocol, 2, false)),
	at(raw("tls.handshake.extensions_padding_data", "Padding Data"), inExtensions(padding, func(_ []byte, e *extension, yield func(off, n int) bool) bool {
		return e.end == e.body || yield(e.body, e.end-e.body)
	})),
	at(u8("tls.handshake.extensions.supported_versions_len", "Supported Versions length"), lead(supportedVersions, 1, true)),
	at(proto.Named(x16("tls.handshake.extensions.supported_version", "Supported Version"), versions), inExtensions(supportedVersions, supportedVersionsIn)),
	at(proto.Named(u8("tls.extension.psk_ke_mode", "PSK Key Exchange Mode"), proto.Names("tls.extension.psk_ke_mode")), listed(pskModes, 1, 1)),
	at(u16("tls.handshake.extensions_key_share_client_length", "Client Key Share Length"), lead(keyShare, 2, true)),
	at(proto.Named(u16("tls.handshake.extensions_key_share_group", "Group"), groups), shares(0, 2)),
	at(u16("tls.handshake.extensions_key_share_key_exchange_length", "Key Exchange Length"), shares(2, 2)),
	at(raw("tls.handshake.extensions_key_share_key_exchange", "Key Exchange"), shares(4, 0)),
	at(u8("tls.handshake.extensions_reneg_info_len", "Renegotiation info extension length"), lead(renegotiationInfo, 1, false)),
}

func eachExtension(off, n int) spots {
	return func(b []byte, note *field.Note, yield func(off, n int) bool) {
		extensions(b, note, func(e *extension) bool { return yield(e.off+off, n) })
	}
}

// names are parts of the entries of server_name (RFC 6066, 3): off bytes into each; of n bytes, or as long as the name when n is 0.
func names(off, n int) spots {
	return inExtensions(serverName, func(b []byte, e *extension, yield func(off, n int) bool) bool {
		return entries(b, e.body+2, e.end, 3, field.Span{Off: off, Len: n}, yield)
	})
}

// entries are a part of each entry of the list b[from:to]. An entry begins with head bytes, the last two of which are the length of what follows.
// A part of length 0 is as long as that.
func entries(b []byte, from, to, head int, part field.Span, yield func(off, n int) bool) bool {
	for from+head <= to {
		length := be16(b[from+head-2:])
		if from+head+length > to {
			break
		}
		size := part.Len
		if size == 0 {
			size = length
		}
		if !yield(from+part.Off, size) {
			return false
		}
		from += head + length
	}
	return true
}

// supportedVersionsIn are a list in a ClientHello and one version in a ServerHello (RFC 8446, 4.2.1).
func supportedVersionsIn(_ []byte, e *extension, yield func(off, n int) bool) bool {
	o := e.body
	if e.of == clientHello {
		o++
	}
	for ; o+2 <= e.end; o += 2 {
		if !yield(o, 2) {
			return false
		}
	}
	return true
}

// shares are parts of the entries of key_share (RFC 8446, 4.2.8): a list in a ClientHello, one in a ServerHello.
func shares(off, n int) spots {
	return inExtensions(keyShare, func(b []byte, e *extension, yield func(off, n int) bool) bool {
		o := e.body
		if e.of == clientHello {
			o += 2
		}
		return entries(b, o, e.end, 4, field.Span{Off: off, Len: n}, yield)
	})
}

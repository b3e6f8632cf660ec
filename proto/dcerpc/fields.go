package dcerpc

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of units.
var Fields = field.Table{Proto: "dcerpc", Title: "Distributed Computing Environment / Remote Procedure Call", Fields: fields()}

// A place yields the offsets of a field in a unit.
type place func(b []byte, yield func(off int) bool)

// at is a fixed offset in units of some types, of all without any.
func at(off int, types ...byte) place {
	return func(b []byte, yield func(off int) bool) {
		if len(b) >= HeaderLen && (len(types) == 0 || bytes.IndexByte(types, b[2]) >= 0) {
			yield(off)
		}
	}
}

// in is an offset in each element of a list.
func in(off int, list place) place {
	return func(b []byte, yield func(off int) bool) {
		list(b, func(element int) bool { return yield(element + off) })
	}
}

func contexts(b []byte, yield func(off int) bool) {
	Contexts(b, func(c *Context) bool { return yield(c.Off) })
}

func transfers(b []byte, yield func(off int) bool) {
	Contexts(b, func(c *Context) bool {
		more := true
		c.transfers(func(off int) bool { more = yield(off); return more })
		return more
	})
}

// negotiated are the transfer syntaxes that negotiate features.
func negotiated(b []byte, yield func(off int) bool) {
	transfers(b, func(off int) bool {
		u := uuid(b[off:], order(b))
		return !u.negotiates() || yield(off)
	})
}

// featuresAt is where a bind has the features that it offers, and its answer those that are granted. They are little-endian, as everything of those who negotiate.
func featuresAt(b []byte, yield func(off int) bool) {
	both(in(8, negotiated), func(b []byte, yield func(off int) bool) {
		results(b, func(off int) bool {
			return order(b).Uint16(b[off:]) != negotiateAck || b[4]&littleEndian == 0 || yield(off+2)
		})
	})(b, yield)
}

// both is one list behind another.
func both(first, second place) place {
	return func(b []byte, yield func(off int) bool) {
		more := true
		first(b, func(off int) bool { more = yield(off); return more })
		if more {
			second(b, yield)
		}
	}
}

// number makes a field of some bytes one that lies in places and has the byte order of the unit, when it is not little-endian anyway.
func number(f field.Field, where place) field.Field {
	n, mask, t, little := f.Len, f.Mask, f.Type, f.Little
	f.Width, f.Off, f.Len, f.Mask, f.Bits = n, 0, 0, 0, mask != 0
	f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
		where(b, func(off int) bool {
			if off < 0 || off+n > len(b) {
				return false
			}
			return yield(field.Span{Off: off, Len: n}, field.Read(b[off:off+n], t, mask, little || b[4]&littleEndian != 0))
		})
	}
	return f
}

// identifier is a UUID in places.
func identifier(name, title string, where place) field.Field {
	return field.Field{Name: name, Title: title, Type: field.GUID, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		where(b, func(off int) bool {
			if off < 0 || off+16 > len(b) {
				return false
			}
			u := uuid(b[off:], order(b))
			return yield(field.Span{Off: off, Len: 16}, field.Value{Type: field.GUID, B: u[:]})
		})
	}}
}

// trailer is where what authenticates a unit begins: its length is in the header, and eight bytes stand before it (C706, 13.2.6).
func trailer(off int) place {
	return func(b []byte, yield func(off int) bool) {
		const head = 8
		if len(b) < HeaderLen || authLen(b) == 0 {
			return
		}
		if start := length(b) - authLen(b) - head; start >= HeaderLen && start+head <= len(b) {
			yield(start + off)
		}
	}
}

// object is where a request has the UUID of an object.
func object(b []byte, yield func(off int) bool) {
	if len(b) >= HeaderLen && b[2] == Request && b[3]&flagObject != 0 {
		yield(24)
	}
}

func fields() []field.Field {
	call := []byte{Request, Response, Fault}
	offers, answers := []byte{Bind, Alter}, []byte{BindAck, AlterAnswer}
	binds := append(append([]byte{}, offers...), answers...)
	dec := func(name, title string, n int, where place) field.Field {
		return number(proto.Dec("dcerpc."+name, title, 0, n, 0), where)
	}
	hex := func(name, title string, n int, where place) field.Field {
		return number(proto.Hex("dcerpc."+name, title, 0, n, 0), where)
	}
	bits := func(name, title string, n int, mask uint64, where place) field.Field {
		return number(proto.Bit("dcerpc."+name, title, 0, n, mask), where)
	}
	all := []field.Field{
		dec("ver", "Version", 1, at(0)), dec("ver_minor", "Version (minor)", 1, at(1)),
		proto.Named(dec("pkt_type", "Packet type", 1, at(2)), proto.Names("dcerpc.pkt_type")),
		hex("cn_flags", "Packet Flags", 1, at(3)),
		bits("cn_flags.object", "Object", 1, 0x80, at(3)), bits("cn_flags.maybe", "Maybe", 1, 0x40, at(3)), bits("cn_flags.dne", "Did Not Execute", 1, 0x20, at(3)),
		bits("cn_flags.mpx", "Multiplex", 1, 0x10, at(3)), bits("cn_flags.reserved", "Reserved", 1, 0x08, at(3)),
		bits("cn_flags.cancel_pending", "Cancel Pending", 1, 0x04, at(3)), bits("cn_flags.last_frag", "Last Frag", 1, flagLast, at(3)),
		bits("cn_flags.first_frag", "First Frag", 1, flagFirst, at(3)),
		proto.Fixed("dcerpc.drep", "Data Representation", field.Bytes, 4, 4),
		proto.Named(number(proto.Dec("dcerpc.drep.byteorder", "Byte order", 0, 1, 0xf0), at(4)), proto.Names("dcerpc.drep.byteorder")),
		proto.Named(number(proto.Dec("dcerpc.drep.character", "Character", 0, 1, 0x0f), at(4)), proto.Names("dcerpc.drep.character")),
		proto.Named(dec("drep.fp", "Floating-point", 1, at(5)), proto.Names("dcerpc.drep.fp")),
		dec("cn_frag_len", "Frag Length", 2, at(8)), dec("cn_auth_len", "Auth Length", 2, at(10)), dec("cn_call_id", "Call ID", 4, at(12)),
		dec("cn_max_xmit", "Max Xmit Frag", 2, at(16, binds...)), dec("cn_max_recv", "Max Recv Frag", 2, at(18, binds...)),
		hex("cn_assoc_group", "Assoc Group", 4, at(20, binds...)),
		dec("cn_num_ctx_items", "Num Ctx Items", 1, at(24, offers...)),
		dec("cn_alloc_hint", "Alloc hint", 4, at(16, call...)),
		dec("cn_ctx_id", "Context ID", 2, both(contexts, at(20, call...))),
		dec("cn_num_trans_items", "Num Trans Items", 1, in(2, contexts)),
		identifier("dcerpc.cn_bind_to_uuid", "Interface UUID", in(4, contexts)),
		dec("cn_bind_if_ver", "Interface Ver", 2, in(20, contexts)), dec("cn_bind_if_ver_minor", "Interface Ver Minor", 2, in(22, contexts)),
		identifier("dcerpc.cn_bind_trans_id", "ID", transfers),
		number(proto.Little(proto.Hex("dcerpc.cn_bind_trans_btfn", "Bind Time Features", 0, 2, 0)), featuresAt),
		number(proto.Little(proto.Bit("dcerpc.cn_bind_trans_btfn.01", "Security Context Multiplexing Supported", 0, 2, 1)), featuresAt),
		number(proto.Little(proto.Bit("dcerpc.cn_bind_trans_btfn.02", "Keep Connection On Orphan Supported", 0, 2, 2)), featuresAt),
		dec("cn_bind_trans_ver", "ver", 4, in(16, transfers)),
		dec("cn_sec_addr_len", "Scndry Addr len", 2, at(24, answers...)),
		{Name: "dcerpc.cn_sec_addr", Title: "Scndry Addr", Type: field.String, Find: address},
		dec("cn_num_results", "Num results", 1, func(b []byte, yield func(off int) bool) {
			if at, _ := resultsAt(b); at > 0 {
				yield(at - 4)
			}
		}),
		proto.Named(dec("cn_ack_result", "Ack result", 2, results), proto.Names("dcerpc.cn_ack_result")),
		proto.Named(dec("cn_ack_reason", "Ack reason", 2, in(2, rejected)), proto.Names("dcerpc.cn_ack_reason")),
		identifier("dcerpc.cn_ack_trans_id", "Transfer Syntax", in(4, results)), dec("cn_ack_trans_ver", "Syntax ver", 4, in(20, results)),
		proto.Named(dec("cn_reject_reason", "Reject reason", 2, at(16, BindNak)), proto.Names("dcerpc.cn_reject_reason")),
		{Name: "dcerpc.opnum", Title: "Opnum", Type: field.Uint, Width: 2, Noted: operation},
		identifier("dcerpc.obj_id", "Object", object),
		dec("cn_cancel_count", "Cancel count", 1, at(22, Response, Fault)),
		hex("cn_fault_flags", "Fault flags", 1, at(23, Fault)),
		proto.Named(hex("cn_status", "Status", 4, at(24, Fault)), proto.Names("dcerpc.cn_status")),
		proto.Named(dec("auth_type", "Auth type", 1, trailer(0)), proto.Names("dcerpc.auth_type")),
		proto.Named(dec("auth_level", "Auth level", 1, trailer(1)), proto.Names("dcerpc.auth_level")),
		dec("auth_pad_len", "Auth pad len", 1, trailer(2)), dec("auth_rsrvd", "Auth Rsrvd", 1, trailer(3)), dec("auth_ctx_id", "Auth Context ID", 4, trailer(4)),
	}
	const from = "from the connection"
	unknown := func([]byte, func(field.Span, field.Value) bool) {}
	return append(all,
		field.Field{Name: "dcerpc.request_in", Title: "Request in frame", Type: field.Uint, Width: 4, Derived: from, Find: unknown},
		field.Field{Name: "dcerpc.time", Title: "Time from request", Type: field.Duration, Derived: from, Find: unknown})
}

// rejected are the results that have a reason.
func rejected(b []byte, yield func(off int) bool) {
	const rejection = 2
	results(b, func(off int) bool {
		r := order(b).Uint16(b[off:])
		return r == Acceptance || r > rejection || yield(off)
	})
}

// address is the port or the pipe that a server can also be reached at.
func address(b []byte, yield func(field.Span, field.Value) bool) {
	if len(b) < 26 || b[2] != BindAck && b[2] != AlterAnswer {
		return
	}
	n := int(order(b).Uint16(b[24:]))
	if n > 0 && 26+n <= len(b) {
		yield(field.Span{Off: 26, Len: n}, field.S(string(bytes.TrimRight(b[26:26+n], "\x00"))))
	}
}

// operation is that of a request, and of what answers one that is known.
func operation(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
	if len(b) < 24 {
		return
	}
	switch b[2] {
	case Request:
		yield(field.Span{Off: 22, Len: 2}, field.U(uint64(order(b).Uint16(b[22:]))))
	case Response, Fault:
		if _, n, _ := Of(note); n >= 0 {
			yield(field.Span{}, field.U(uint64(n)))
		}
	}
}

package tds

import (
	"bytes"
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of packets.
var Fields = field.Table{Proto: "tds", Title: "Tabular Data Stream", Fields: fields()}

func fields() []field.Field {
	all := []field.Field{
		proto.Named(inHeader(proto.Dec("tds.type", "Type", 0, 1, 0)), proto.Names("tds.type")),
		inHeader(proto.Hex("tds.status", "Status", 1, 1, 0)),
		inHeader(proto.Bit("tds.status.eom", "End of message", 1, 1, 0x01)),
		inHeader(proto.Bit("tds.status.ignore", "Ignore this event", 1, 1, 0x02)),
		inHeader(proto.Bit("tds.status.event_notif", "Event notification", 1, 1, 0x04)),
		inHeader(proto.Bit("tds.status.reset_conn", "Reset connection", 1, 1, 0x08)),
		inHeader(proto.Bit("tds.status.reset_conn_skip_tran", "Reset connection keeping transaction state", 1, 1, 0x10)),
		inHeader(proto.Dec("tds.length", "Length", 2, 2, 0)),
		inHeader(proto.Dec("tds.channel", "Channel", 4, 2, 0)),
		inHeader(proto.Dec("tds.packet_number", "Packet Number", 6, 1, 0)),
		inHeader(proto.Dec("tds.window", "Window", 7, 1, 0)),
	}
	all = append(all, preLoginFields()...)
	all = append(all, loginFields()...)
	all = append(all, requestFields()...)
	return append(all, tokenFields()...)
}

// place makes a field of a fixed place one that lies in the parts of a packet that walk yields.
func place(f field.Field, walk func(b []byte, note *field.Note, yield func(off int, part []byte) bool)) field.Field {
	fixed := f
	f.Width, f.Off, f.Len, f.Mask, f.Bits = fixed.Size(), 0, 0, 0, fixed.Mask != 0
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		walk(b, note, func(off int, part []byte) bool {
			more := true
			fixed.All(part, func(s field.Span, v field.Value) bool {
				s.Off += off
				more = yield(s, v)
				return more
			})
			return more
		})
	}
	return f
}

// inHeader is a field of the header.
func inHeader(f field.Field) field.Field {
	return place(f, func(b []byte, _ *field.Note, yield func(off int, part []byte) bool) { yield(0, b) })
}

// wording is text in the parts of a packet that walk yields.
func wording(name, title string, walk func(b []byte, note *field.Note, yield func(off int, part []byte) bool), narrow func(b []byte) bool) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		walk(b, note, func(off int, part []byte) bool {
			v := field.S("")
			if narrow != nil && narrow(b) {
				v.S = string(bytes.TrimRight(part, "\x00"))
			} else {
				v.S = text(part, -1)
			}
			return yield(field.Span{Off: off, Len: len(part)}, v)
		})
	}}
}

// first makes a walk one of packets that begin a message of a type.
func first(kind byte, walk func(b []byte, yield func(off int, part []byte) bool)) func([]byte, *field.Note, func(int, []byte) bool) {
	return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
		if len(b) >= HeaderLen && b[0] == kind && note[noteContinues] == 0 {
			walk(b, yield)
		}
	}
}

// options walks the options of a pre-login message and its answer, or the values of those with a token.
func options(of int) func([]byte, *field.Note, func(int, []byte) bool) {
	return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
		if len(b) < HeaderLen || note[noteContinues] != 0 || b[0] != PreLogin && b[0] != Response || !isPreLogin(b[HeaderLen:]) {
			return
		}
		payload := b[HeaderLen:]
		Options(payload, func(off int, value []byte) bool {
			switch {
			case of < 0:
				return yield(HeaderLen+off, payload[off:off+5])
			case int(payload[off]) == of && len(value) > 0:
				return yield(HeaderLen+int(binary.BigEndian.Uint16(payload[off+1:])), value)
			}
			return true
		})
		if i := bytes.IndexByte(payload, 0xff); of == -1 && i >= 0 && i%5 == 0 {
			yield(HeaderLen+i, payload[i:i+1])
		}
	}
}

func preLoginFields() []field.Field {
	return []field.Field{
		proto.Named(place(proto.Dec("tds.prelogin.option.token", "Option Token", 0, 1, 0), options(-1)), proto.Names("tds.prelogin.option.token")),
		place(proto.Dec("tds.prelogin.option.offset", "Option offset", 1, 2, 0), options(-1)),
		place(proto.Dec("tds.prelogin.option.length", "Option length", 3, 2, 0), options(-1)),
		place(proto.Dec("tds.prelogin.option.version", "Version", 0, 4, 0), options(0)),
		place(proto.Dec("tds.prelogin.option.subbuild", "Sub-build", 4, 2, 0), options(0)),
		proto.Named(place(proto.Dec("tds.prelogin.option.encryption", "Encryption", 0, 1, 0), options(1)), proto.Names("tds.prelogin.option.encryption")),
		wording("tds.prelogin.option.instopt", "InstOpt", options(2), func([]byte) bool { return true }),
		place(proto.Dec("tds.prelogin.option.threadid", "ThreadID", 0, 4, 0), options(3)),
		proto.Named(place(proto.Dec("tds.prelogin.option.mars", "MARS", 0, 1, 0), options(4)), proto.Names("tds.prelogin.option.mars")),
	}
}

const (
	login7Head = 36 // bytes before the offsets of the texts ([MS-TDS] 2.2.6.4)
	// Places of the offsets and lengths of texts.
	clientAt   = login7Head
	userAt     = login7Head + 4
	appAt      = login7Head + 12
	serverAt   = login7Head + 16
	libraryAt  = login7Head + 24
	localeAt   = login7Head + 28
	databaseAt = login7Head + 32
)

// login7 is a text of a login; nil when the packet does not have it whole.
func login7(b []byte, at int) []byte {
	payload := b[HeaderLen:]
	if at+4 > len(payload) {
		return nil
	}
	from := int(binary.LittleEndian.Uint16(payload[at:]))
	to := from + 2*int(binary.LittleEndian.Uint16(payload[at+2:]))
	if from < login7Head || to > len(payload) {
		return nil
	}
	return payload[from:to]
}

func loginFields() []field.Field {
	head := first(Login7, func(b []byte, yield func(off int, part []byte) bool) { yield(HeaderLen, b[HeaderLen:]) })
	said := func(name, title string, at int) field.Field {
		return wording("tds.7login."+name, title, first(Login7, func(b []byte, yield func(off int, part []byte) bool) {
			if part := login7(b, at); len(part) > 0 {
				yield(HeaderLen+int(binary.LittleEndian.Uint16(b[HeaderLen+at:])), part)
			}
		}), nil)
	}
	number := func(f field.Field) field.Field { return place(proto.Little(f), head) }
	return []field.Field{
		number(proto.Dec("tds.7login.total_len", "Total Packet Length", 0, 4, 0)),
		number(proto.Hex("tds.7login.version", "TDS version", 4, 4, 0)),
		number(proto.Dec("tds.7login.packet_size", "Packet Size", 8, 4, 0)),
		number(proto.Dec("tds.7login.client_pid", "Client PID", 16, 4, 0)),
		number(proto.Dec("tds.7login.connection_id", "Connection ID", 20, 4, 0)),
		number(proto.Hex("tds.7login.option_flags1", "Option Flags 1", 24, 1, 0)),
		number(proto.Hex("tds.7login.option_flags2", "Option Flags 2", 25, 1, 0)),
		number(proto.Hex("tds.7login.sql_type_flags", "SQL Type Flags", 26, 1, 0)),
		number(proto.Hex("tds.7login.time_zone", "Time Zone", 28, 4, 0)),
		number(proto.Hex("tds.7login.collation", "Collation", 32, 4, 0)),
		said("clientname", "Client name", clientAt), said("username", "Username", userAt), said("appname", "App name", appAt),
		said("servername", "Server name", serverAt), said("libraryname", "Library name", libraryAt), said("locale", "Locale", localeAt),
		said("databasename", "Database name", databaseAt),
	}
}

func requestFields() []field.Field {
	query := first(Batch, func(b []byte, yield func(off int, part []byte) bool) {
		if off, _ := Query(b); off < len(b) {
			yield(off, b[off:])
		}
	})
	call := func(get func(b []byte, p *Procedure) (off, n int)) func([]byte, *field.Note, func(int, []byte) bool) {
		return first(RPC, func(b []byte, yield func(off int, part []byte) bool) {
			if p, ok := Call(b); ok {
				if off, n := get(b, &p); off+n <= len(b) && n > 0 {
					yield(off, b[off:off+n])
				}
			}
		})
	}
	named := func(_ []byte, p *Procedure) (off, n int) { return p.Off, 2 }
	numbered := func(_ []byte, p *Procedure) (off, n int) {
		if p.Name != nil {
			return 0, 0
		}
		return p.Off + 2, 2
	}
	options := func(_ []byte, p *Procedure) (off, n int) { return p.Options, 2 }
	return []field.Field{
		wording("tds.query", "Query", query, func(b []byte) bool { _, wide := Query(b); return !wide }),
		place(proto.Little(proto.Dec("tds.rpc.name_length", "Procedure name length", 0, 2, 0)), call(named)),
		wording("tds.rpc.name", "Procedure name", call(func(_ []byte, p *Procedure) (off, n int) { return p.Off + 2, len(p.Name) }), nil),
		proto.Named(place(proto.Little(proto.Dec("tds.rpc.proc_id", "Stored procedure ID", 0, 2, 0)), call(numbered)), proto.Names("tds.rpc.proc_id")),
		place(proto.Little(proto.Hex("tds.rpc.options", "Option flags", 0, 2, 0)), call(options)),
		proto.Named(place(proto.Little(proto.Dec("tds.transmgr", "Transaction Manager Request", 0, 2, 0)), first(Transaction, func(b []byte, yield func(off int, part []byte) bool) {
			if off := HeaderLen + headersLen(b[HeaderLen:]); off+2 <= len(b) {
				yield(off, b[off:off+2])
			}
		})), proto.Names("tds.transmgr")),
	}
}

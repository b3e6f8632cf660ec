package dns

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// A form is what the protocols that share the format do with it.
type form struct {
	at        int  // where the message begins in the layer: behind the length of a stream
	multicast bool // the upper bit of a class is a flag (RFC 6762, 5.4 and 10.2)
	local     bool // LLMNR's flags (RFC 4795, 2.1.1)
}

// Fields of messages in datagrams, in a TCP stream with the length before each, of multicast DNS and of LLMNR.
var (
	Fields          = table("dns", "Domain Name System", form{})
	StreamFields    = table("dns", "Domain Name System", form{at: 2})
	MulticastFields = table("mdns", "Multicast Domain Name System", form{multicast: true})
	LLMNRFields     = table("llmnr", "Link-local Multicast Name Resolution", form{local: true})
)

// flagsEnd is the end of the flags, all that the condition of a field looks at.
const flagsEnd = 4

func response(b []byte) bool { return b[2]&0x80 != 0 }

// authentic holds for messages that show the bit of RFC 4035, 3.2.3: responses, and queries that set it.
func authentic(b []byte) bool { return response(b) || b[3]&0x20 != 0 }

func update(b []byte) bool   { return b[2]>>3&15 == 5 }
func noUpdate(b []byte) bool { return !update(b) }

func table(name, title string, f form) field.Table {
	var fields []field.Field
	if f.at == 2 {
		fields = append(fields, proto.Dec("dns.length", "Length", 0, 2, 0))
	}
	fields = append(fields, f.header()...)
	fields = append(fields, f.questions()...)
	fields = append(fields, f.resources()...)
	fields = append(fields, f.data()...)
	fields = append(fields, f.security()...)
	if !f.local && !f.multicast {
		fields = append(fields, proto.Answering("dns")...)
	}
	return field.Table{Proto: name, Title: title, Fields: append(fields, f.options()...)}
}

// moved places a field of the message's header; when is asked with the message.
func (f form) moved(one field.Field, when func(message []byte) bool) field.Field {
	if f.at == 0 && when == nil {
		return one
	}
	width := one.Size()
	one = proto.Moved(one, func(b []byte) int {
		if len(b) < f.at+flagsEnd || when != nil && !when(b[f.at:]) {
			return -1
		}
		return f.at
	})
	one.Width = width
	return one
}

func (f form) header() []field.Field {
	all := func(b []byte) bool { return true }
	unicast, local := all, func(b []byte) bool { return false }
	if f.local {
		unicast, local = local, unicast
	}
	reply := func(b []byte) bool { return unicast(b) && response(b) }
	bit := func(name, title string, mask uint64, when func([]byte) bool) field.Field {
		return f.moved(proto.Bit("dns.flags."+name, title, 2, 2, mask), when)
	}
	count := func(name, title string, off int, when func([]byte) bool) field.Field {
		return f.moved(proto.Dec("dns.count."+name, title, off, 2, 0), when)
	}
	return []field.Field{
		f.moved(proto.Hex("dns.id", "Transaction ID", 0, 2, 0), nil),
		f.moved(proto.Hex("dns.flags", "Flags", 2, 2, 0), nil),
		bit("response", "Response", 0x8000, nil),
		proto.Named(f.moved(proto.Dec("dns.flags.opcode", "Opcode", 2, 2, 0x7800), nil), proto.Names("dns.flags.opcode")),
		bit("authoritative", "Authoritative", 0x0400, reply),
		bit("conflict", "Conflict", 0x0400, local),
		bit("truncated", "Truncated", 0x0200, nil),
		bit("recdesired", "Recursion desired", 0x0100, unicast),
		bit("tentative", "Tentative", 0x0100, local),
		bit("recavail", "Recursion available", 0x0080, reply),
		bit("z", "Z", 0x0040, unicast),
		bit("authenticated", "Answer authenticated", 0x0020, func(b []byte) bool { return unicast(b) && authentic(b) }),
		bit("checkdisable", "Non-authenticated data", 0x0010, unicast),
		proto.Named(f.moved(proto.Dec("dns.flags.rcode", "Reply code", 2, 2, 0x000f), response), proto.Names("dns.flags.rcode")),
		count("queries", "Questions", 4, noUpdate), count("zones", "Zones", 4, update),
		count("answers", "Answer RRs", 6, noUpdate), count("prerequisites", "Prerequisites", 6, update),
		count("auth_rr", "Authority RRs", 8, noUpdate), count("updates", "Updates", 8, update),
		count("add_rr", "Additional RRs", 10, nil),
	}
}

// each is a field of every record that get finds it in.
func (f form) each(get func(m *Message, r *Record) (field.Span, field.Value, bool)) proto.Find {
	all := f.records(func(*Record) bool { return true })
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		all(b, func(m *Message, r *Record) bool {
			s, v, ok := get(m, r)
			s.Off += f.at
			return !ok || yield(s, v)
		})
	}
}

// of walks the data of the records of some types.
func (f form) of(types ...uint16) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		f.records(func(r *Record) bool {
			return r.Section != Question && has(types, r.Type) && r.DataLen == r.Said && r.Said > 0
		})(b, func(m *Message, r *Record) bool {
			return yield(f.at+r.Data, r.DataLen)
		})
	}
}

func has(types []uint16, t uint16) bool {
	for _, one := range types {
		if one == t {
			return true
		}
	}
	return false
}

// records calls yield with the records that the condition holds for, up to one whose data was not captured whole.
func (f form) records(when func(r *Record) bool) func(b []byte, yield func(m *Message, r *Record) bool) {
	return func(b []byte, yield func(m *Message, r *Record) bool) {
		var m Message
		if len(b) < f.at || !m.Decode(b[f.at:]) {
			return
		}
		w := Records{Message: &m}
		for r := (Record{}); w.Next(&r); {
			if r.DataLen < r.Said || when(&r) && !yield(&m, &r) {
				return
			}
		}
	}
}

// fixed walks the fixed parts of records, from the type on.
func (f form) fixed(when func(r *Record) bool) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		f.records(when)(b, func(m *Message, r *Record) bool { return yield(f.at+r.Fixed, r.Data-r.Fixed) })
	}
}

func question(r *Record) bool { return r.Section == Question }
func resource(r *Record) bool { return r.Section != Question }
func option(r *Record) bool   { return resource(r) && r.Type == TypeOPT }
func ordinary(r *Record) bool { return resource(r) && r.Type != TypeOPT }

// class is the field of a record's class.
func (f form) class(name string) field.Field {
	if f.multicast {
		c := proto.Hex(name, "Class", 2, 2, 0x7fff)
		c.Width = 2
		return c
	}
	return proto.Hex(name, "Class", 2, 2, 0)
}

// ownerName is the field of the name that a record begins with.
func (f form) ownerName(name, title string, when func(r *Record) bool) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: f.each(func(m *Message, r *Record) (field.Span, field.Value, bool) {
		if !when(r) {
			return field.Span{}, field.Value{}, false
		}
		text, ok := NameText(m.Bytes, r.Off)
		return field.Span{Off: r.Off, Len: r.Fixed - r.Off}, field.S(text), ok
	})}
}

// measured is a number that follows from the text of a question's name.
func (f form) measured(name, title string, measure func(text string, b []byte, off int) int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Uint, Derived: "from the name", Find: f.each(func(m *Message, r *Record) (field.Span, field.Value, bool) {
		text, ok := NameText(m.Bytes, r.Off)
		return field.Span{Off: r.Off, Len: r.Fixed - r.Off}, field.U(uint64(measure(text, m.Bytes, r.Off))), ok && question(r)
	})}
}

// nameLetters is the number of letters and dots of a name, in Wireshark's way: 0 for a name of one letter.
func nameLetters(text string, b []byte, off int) int {
	var raw [maxText]byte
	n, bad, _ := rawName(&raw, b, off)
	switch {
	case bad != "" || n == 0:
		return len(text)
	case n == 1:
		return 0
	}
	return n
}

// nameLabels is the number of labels of a name, in Wireshark's way: the root has one, a name of one letter none.
func nameLabels(text string, b []byte, off int) int {
	if len(text) == 1 {
		return 0
	}
	return 1 + strings.Count(text, ".")
}

func (f form) questions() []field.Field {
	parts := f.fixed(question)
	fields := []field.Field{
		f.ownerName("dns.qry.name", "Name", question),
		f.measured("dns.qry.name.len", "Name Length", nameLetters),
		f.measured("dns.count.labels", "Label Count", nameLabels),
		proto.Named(parts.In(proto.Dec("dns.qry.type", "Type", 0, 2, 0), nil), proto.Names("dns.qry.type")),
		proto.Named(parts.In(f.class("dns.qry.class"), nil), proto.Names("dns.qry.class")),
	}
	if f.multicast {
		fields = append(fields, parts.In(proto.Bit("dns.qry.qu", `"QU" question`, 2, 2, 0x8000), nil))
	}
	return fields
}

func (f form) resources() []field.Field {
	all, ordinary, option := f.fixed(resource), f.fixed(ordinary), f.fixed(option)
	fields := []field.Field{
		f.ownerName("dns.resp.name", "Name", func(r *Record) bool { return resource(r) && r.Type != TypeSRV }),
		{Name: "dns.resp.type", Title: "Type", Type: field.Uint, Width: 2, Names: proto.Names("dns.qry.type"), Find: f.types},
		proto.Named(ordinary.In(f.class("dns.resp.class"), nil), proto.Names("dns.qry.class")),
		ordinary.In(proto.Dec("dns.resp.ttl", "Time to live", 4, 4, 0), nil),
		all.In(proto.Dec("dns.resp.len", "Data length", 8, 2, 0), nil),
		option.In(proto.Hex("dns.resp.ext_rcode", "Higher bits in extended RCODE", 4, 1, 0), nil),
		option.In(proto.Dec("dns.resp.edns0_version", "EDNS0 version", 5, 1, 0), nil),
		option.In(proto.Hex("dns.resp.z", "Z", 6, 2, 0), nil),
		option.In(proto.Bit("dns.resp.z.do", "DO bit", 6, 2, 0x8000), nil),
	}
	if f.multicast {
		size := proto.Hex("dns.rr.udp_payload_size", "UDP payload size", 2, 2, 0x7fff)
		size.Width = 2
		return append(fields, option.In(size, nil), all.In(proto.Bit("dns.resp.cache_flush", "Cache flush", 2, 2, 0x8000), nil))
	}
	return append(fields, option.In(proto.Dec("dns.rr.udp_payload_size", "UDP payload size", 2, 2, 0), nil))
}

// types are those of the records, and behind one that lists the types of its owner (NSEC and its kin) the types in its list.
func (f form) types(b []byte, yield func(field.Span, field.Value) bool) {
	f.records(resource)(b, func(m *Message, r *Record) bool {
		return yield(field.Span{Off: f.at + r.Fixed, Len: 2}, field.U(uint64(r.Type))) && listed(m, r, func(off int, t uint16) bool {
			return yield(field.Span{Off: f.at + off, Len: 1}, field.U(uint64(t)))
		})
	})
}

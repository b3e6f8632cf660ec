package dns

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// name is a name in the data of some types, behind skip bytes.
func (f form) name(name, title string, skip int, types ...uint16) field.Field {
	return f.nth(name, title, skip, 0, types...)
}

// nth is the name behind skip bytes and n other names.
func (f form) nth(name, title string, skip, n int, types ...uint16) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: f.each(func(m *Message, r *Record) (field.Span, field.Value, bool) {
		if !resource(r) || !has(types, r.Type) || r.Said == 0 {
			return field.Span{}, field.Value{}, false
		}
		off := r.Data + skip
		for range n {
			length := NameLen(m.Bytes, off)
			if length == 0 {
				return field.Span{}, field.Value{}, false
			}
			off += length
		}
		text, ok := NameText(m.Bytes, off)
		return field.Span{Off: off, Len: NameLen(m.Bytes, off)}, field.S(text), ok
	})}
}

// behind walks the n bytes that follow count names in the data of a type.
func (f form) behind(count, n int, types ...uint16) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		f.of(types...)(b, func(off, length int) bool {
			end := off + length
			for range count {
				name := NameLen(b, off)
				if name == 0 {
					return true
				}
				off += name
			}
			return off+n > end || yield(off, n)
		})
	}
}

// strings walks the counted strings that data consists of.
func (f form) strings(types ...uint16) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		f.of(types...)(b, func(off, length int) bool {
			for end := off + length; off < end; {
				n := 1 + int(b[off])
				if off+n > end {
					return true
				}
				if !yield(off, n) {
					return false
				}
				off += n
			}
			return true
		})
	}
}

// text is a string of bytes from off on in each element of a list.
func text(w proto.Walk, name, title string, off int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: w.Rest(field.String, off, nil)}
}

// blob is the bytes from off on in each element of a list.
func blob(w proto.Walk, name, title string, off int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Bytes, Find: w.Rest(field.Bytes, off, nil)}
}

func (f form) data() []field.Field {
	soa := f.behind(2, 20, TypeSOA)
	service, txt, spf := f.of(TypeSRV), f.strings(TypeTXT), f.strings(TypeSPF)
	number := func(w proto.Walk, name, title string, off, n int) field.Field {
		return w.In(proto.Dec(name, title, off, n, 0), nil)
	}
	return []field.Field{
		f.of(TypeA).In(proto.Fixed("dns.a", "Address", field.IPv4, 0, 4), nil),
		f.of(TypeAAAA).In(proto.Fixed("dns.aaaa", "AAAA Address", field.IPv6, 0, 16), nil),
		f.name("dns.cname", "CNAME", 0, TypeCNAME),
		f.name("dns.ns", "Name Server", 0, TypeNS),
		f.name("dns.ptr.domain_name", "Domain Name", 0, TypePTR),
		f.name("dns.dname", "Dname", 0, TypeDNAME),
		number(f.of(TypeMX), "dns.mx.preference", "Preference", 0, 2),
		f.name("dns.mx.mail_exchange", "Mail Exchange", 2, TypeMX),
		f.nth("dns.soa.mname", "Primary name server", 0, 0, TypeSOA),
		f.nth("dns.soa.rname", "Responsible authority's mailbox", 0, 1, TypeSOA),
		number(soa, "dns.soa.serial_number", "Serial Number", 0, 4),
		number(soa, "dns.soa.refresh_interval", "Refresh Interval", 4, 4),
		number(soa, "dns.soa.retry_interval", "Retry Interval", 8, 4),
		number(soa, "dns.soa.expire_limit", "Expire limit", 12, 4),
		number(soa, "dns.soa.minimum_ttl", "Minimum TTL", 16, 4),
		f.serviceName("dns.srv.service", "Service", 0),
		f.serviceName("dns.srv.proto", "Protocol", 1),
		f.serviceName("dns.srv.name", "Name", 2),
		number(service, "dns.srv.priority", "Priority", 0, 2),
		number(service, "dns.srv.weight", "Weight", 2, 2),
		number(service, "dns.srv.port", "Port", 4, 2),
		f.name("dns.srv.target", "Target", 6, TypeSRV),
		number(txt, "dns.txt.length", "TXT Length", 0, 1),
		text(txt, "dns.txt", "TXT", 1),
		number(spf, "dns.spf.length", "SPF Length", 0, 1),
		text(spf, "dns.spf", "SPF", 1),
	}
}

// serviceName is a part of the owner of a SRV record, _service._protocol.name (RFC 2782).
func (f form) serviceName(name, title string, part int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: f.each(func(m *Message, r *Record) (field.Span, field.Value, bool) {
		if !resource(r) || r.Type != TypeSRV {
			return field.Span{}, field.Value{}, false
		}
		text, ok := NameText(m.Bytes, r.Off)
		parts := strings.SplitN(text, ".", 3)
		if !ok || part >= len(parts) {
			return field.Span{}, field.Value{}, false
		}
		return field.Span{Off: r.Off, Len: r.Fixed - r.Off}, field.S(parts[part]), true
	})}
}

package dns

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// security are the records of DNSSEC (RFC 4034, 2 to 5).
func (f form) security() []field.Field {
	key, sig, ds := f.of(TypeDNSKEY, TypeCDNSKEY), f.of(TypeRRSIG, TypeSIG), f.of(TypeDS, TypeCDS, TypeDLV)
	return []field.Field{
		key.In(proto.Hex("dns.dnskey.flags", "Flags", 0, 2, 0), nil),
		key.In(proto.Bit("dns.dnskey.flags.zone_key", "Zone Key", 0, 2, 0x0100), nil),
		key.In(proto.Bit("dns.dnskey.flags.key_revoked", "Key Revoked", 0, 2, 0x0080), nil),
		key.In(proto.Bit("dns.dnskey.flags.secure_entry_point", "Key Signing Key", 0, 2, 0x0001), nil),
		key.In(proto.Dec("dns.dnskey.protocol", "Protocol", 2, 1, 0), nil),
		key.In(proto.Dec("dns.dnskey.algorithm", "Algorithm", 3, 1, 0), nil),
		blob(key, "dns.dnskey.public_key", "Public Key", 4),
		proto.Named(sig.In(proto.Dec("dns.rrsig.type_covered", "Type Covered", 0, 2, 0), nil), proto.Names("dns.qry.type")),
		sig.In(proto.Dec("dns.rrsig.algorithm", "Algorithm", 2, 1, 0), nil),
		sig.In(proto.Dec("dns.rrsig.labels", "Labels", 3, 1, 0), nil),
		sig.In(proto.Dec("dns.rrsig.original_ttl", "Original TTL", 4, 4, 0), nil),
		sig.In(proto.Dec("dns.rrsig.key_tag", "Key Tag", 16, 2, 0), nil),
		f.name("dns.rrsig.signers_name", "Signer's name", 18, TypeRRSIG, TypeSIG),
		ds.In(proto.Hex("dns.ds.key_id", "Key id", 0, 2, 0), nil),
		ds.In(proto.Dec("dns.ds.algorithm", "Algorithm", 2, 1, 0), nil),
		ds.In(proto.Dec("dns.ds.digest_type", "Digest Type", 3, 1, 0), nil),
		f.name("dns.nsec.next_domain_name", "Next Domain Name", 0, TypeNSEC),
	}
}

// pairs walks lists of a code and a length of two bytes each and a value, from the offset that start finds in the data.
func (f form) pairs(start func(data []byte) int, types ...uint16) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		f.of(types...)(b, func(off, length int) bool {
			end := off + length
			at := off + start(b[off:end])
			for at >= off && at+4 <= end {
				n := 4 + int(binary.BigEndian.Uint16(b[at+2:]))
				if at+n > end {
					return true
				}
				if !yield(at, n) {
					return false
				}
				at += n
			}
			return true
		})
	}
}

// code holds for the pairs with this code, and at least n bytes of value.
func code(c uint16, n int) func(pair []byte) bool {
	return func(e []byte) bool { return binary.BigEndian.Uint16(e) == c && len(e) >= 4+n }
}

// Codes of EDNS options (RFC 7871, RFC 7873) and of parameters of a service binding (RFC 9460, 14.3).
const (
	clientSubnet = 8
	cookie       = 10
	paramALPN    = 1
	paramPort    = 3
	paramIPv4    = 4
	paramIPv6    = 6
)

// options are the records that carry lists: EDNS (RFC 6891, 6.1.2), service bindings (RFC 9460, 2.2), and CAA (RFC 8659, 4.1).
func (f form) options() []field.Field {
	opt := f.pairs(func([]byte) int { return 0 }, TypeOPT)
	binding := f.of(TypeSVCB, TypeHTTPS)
	params := f.pairs(func(data []byte) int {
		if len(data) < 2 || NameLen(data, 2) == 0 {
			return -1
		}
		return 2 + NameLen(data, 2)
	}, TypeSVCB, TypeHTTPS)
	caa := f.of(TypeCAA)
	return []field.Field{
		proto.Named(opt.In(proto.Dec("dns.opt.code", "Option Code", 0, 2, 0), nil), proto.Names("dns.opt.code")),
		opt.In(proto.Dec("dns.opt.len", "Option Length", 2, 2, 0), nil),
		blob(opt, "dns.opt.data", "Option Data", 4),
		opt.In(proto.Dec("dns.opt.client.family", "Family", 4, 2, 0), code(clientSubnet, 4)),
		opt.In(proto.Dec("dns.opt.client.netmask", "Source Netmask", 6, 1, 0), code(clientSubnet, 4)),
		opt.In(proto.Dec("dns.opt.client.scope", "Scope Netmask", 7, 1, 0), code(clientSubnet, 4)),
		opt.In(proto.Fixed("dns.opt.cookie.client", "Client Cookie", field.Bytes, 4, 8), code(cookie, 8)),
		binding.In(proto.Dec("dns.svcb.svcpriority", "SvcPriority", 0, 2, 0), nil),
		f.name("dns.svcb.targetname", "TargetName", 2, TypeSVCB, TypeHTTPS),
		proto.Named(params.In(proto.Dec("dns.svcb.svcparam.key", "SvcParamKey", 0, 2, 0), nil), proto.Names("dns.svcb.svcparam.key")),
		params.In(proto.Dec("dns.svcb.svcparam.value.length", "SvcParamValue length", 2, 2, 0), nil),
		{Name: "dns.svcb.svcparam.alpn", Title: "ALPN", Type: field.String, Find: protocols(params)},
		params.In(proto.Dec("dns.svcb.svcparam.port", "Port", 4, 2, 0), code(paramPort, 2)),
		{Name: "dns.svcb.svcparam.ipv4hint.ip", Title: "IP", Type: field.IPv4, Find: params.Repeat(field.IPv4, 4, 4, 4, code(paramIPv4, 4))},
		{Name: "dns.svcb.svcparam.ipv6hint.ip", Title: "IP", Type: field.IPv6, Find: params.Repeat(field.IPv6, 4, 16, 16, code(paramIPv6, 16))},
		caa.In(proto.Hex("dns.caa.flags", "CAA Flags", 0, 1, 0), nil),
		caa.In(proto.Dec("dns.caa.tag_length", "Tag length", 1, 1, 0), nil),
		{Name: "dns.caa.tag", Title: "Tag", Type: field.String, Find: tag(caa, true)},
		{Name: "dns.caa.value", Title: "Value", Type: field.String, Find: tag(caa, false)},
	}
}

// protocols yields the names of protocols in the parameter "alpn", each with its length before it.
func protocols(params proto.Walk) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		params(b, func(off, n int) bool {
			if !code(paramALPN, 1)(b[off : off+n]) {
				return true
			}
			for at, end := off+4, off+n; at < end; {
				next := at + 1 + int(b[at])
				if next > end {
					return true
				}
				if !yield(field.Span{Off: at + 1, Len: next - at - 1}, field.S(string(b[at+1:next]))) {
					return false
				}
				at = next
			}
			return true
		})
	}
}

// tag yields the tag of a CAA record, or what follows it.
func tag(caa proto.Walk, first bool) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		caa(b, func(off, n int) bool {
			if n < 2 || 2+int(b[off+1]) > n {
				return true
			}
			from, to := off+2, off+2+int(b[off+1])
			if !first {
				from, to = to, off+n
			}
			return yield(field.Span{Off: from, Len: to - from}, field.S(string(b[from:to])))
		})
	}
}

// Package icmpv6 declares the fields of ICMP for IPv6 (RFC 4443) and of neighbour discovery (RFC 4861).
package icmpv6

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a message. Codes have no names here: they mean another thing for each type.
var Fields = field.Table{Proto: "icmpv6", Title: "Internet Control Message Protocol v6", Fields: []field.Field{
	{Name: "icmpv6.type", Title: "Type", Type: field.Uint, Off: 0, Len: 1, Names: proto.Names("icmpv6.type")},
	{Name: "icmpv6.code", Title: "Code", Type: field.Uint, Off: 1, Len: 1},
	{Name: "icmpv6.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "icmpv6.checksum.status", Title: "Checksum Status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the message and its pseudo header",
		Find: func([]byte, func(field.Span, field.Value) bool) {}},
	{Name: "icmpv6.echo.identifier", Title: "Identifier", Type: field.Uint, Base: field.Hex, Width: 2, Find: at(field.Uint, 4, 2, 0, 128, 129)},
	{Name: "icmpv6.echo.sequence_number", Title: "Sequence", Type: field.Uint, Find: at(field.Uint, 6, 2, 0, 128, 129)},
	{Name: "icmpv6.mtu", Title: "MTU", Type: field.Uint, Find: at(field.Uint, 4, 4, 0, 2)},
	{Name: "icmpv6.pointer", Title: "Pointer", Type: field.Uint, Find: at(field.Uint, 4, 4, 0, 4)},
	{Name: "icmpv6.nd.ra.cur_hop_limit", Title: "Cur hop limit", Type: field.Uint, Find: at(field.Uint, 4, 1, 0, 134)},
	flags("icmpv6.nd.ra.flag", 5, 1, 0, 134),
	{Name: "icmpv6.nd.ra.flag.m", Title: "Managed address configuration", Type: field.Bool, Bits: true, Find: at(field.Bool, 5, 1, 0x80, 134)},
	{Name: "icmpv6.nd.ra.flag.o", Title: "Other configuration", Type: field.Bool, Bits: true, Find: at(field.Bool, 5, 1, 0x40, 134)},
	{Name: "icmpv6.nd.ra.flag.h", Title: "Home Agent", Type: field.Bool, Bits: true, Find: at(field.Bool, 5, 1, 0x20, 134)},
	{Name: "icmpv6.nd.ra.flag.prf", Title: "Prf (Default Router Preference)", Type: field.Uint, Bits: true, Names: field.Names{0: "Medium", 1: "High", 2: "Reserved", 3: "Low"}, Find: at(field.Uint, 5, 1, 0x18, 134)},
	{Name: "icmpv6.nd.ra.flag.p", Title: "Proxy", Type: field.Bool, Bits: true, Find: at(field.Bool, 5, 1, 0x04, 134)},
	{Name: "icmpv6.nd.ra.router_lifetime", Title: "Router lifetime (s)", Type: field.Uint, Find: at(field.Uint, 6, 2, 0, 134)},
	{Name: "icmpv6.nd.ra.reachable_time", Title: "Reachable time (ms)", Type: field.Uint, Find: at(field.Uint, 8, 4, 0, 134)},
	{Name: "icmpv6.nd.ra.retrans_timer", Title: "Retrans timer (ms)", Type: field.Uint, Find: at(field.Uint, 12, 4, 0, 134)},
	{Name: "icmpv6.nd.ns.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 135)},
	flags("icmpv6.nd.na.flag", 4, 4, 0, 136),
	{Name: "icmpv6.nd.na.flag.r", Title: "Router", Type: field.Bool, Bits: true, Find: at(field.Bool, 4, 1, 0x80, 136)},
	{Name: "icmpv6.nd.na.flag.s", Title: "Solicited", Type: field.Bool, Bits: true, Find: at(field.Bool, 4, 1, 0x40, 136)},
	{Name: "icmpv6.nd.na.flag.o", Title: "Override", Type: field.Bool, Bits: true, Find: at(field.Bool, 4, 1, 0x20, 136)},
	{Name: "icmpv6.nd.na.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 136)},
	{Name: "icmpv6.nd.rd.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 137)},
	{Name: "icmpv6.rd.na.destination_address", Title: "Destination Address", Type: field.IPv6, Find: at(field.IPv6, 24, 16, 0, 137)},
	{Name: "icmpv6.mld.maximum_response_delay", Title: "Maximum Response Delay [ms]", Type: field.Uint, Find: proto.If(field.Uint, 4, 2, 0, func(b []byte) bool { return b[0] == 131 || b[0] == 132 || b[0] == 130 && len(b) < 28 })},
	{Name: "icmpv6.mld.maximum_response_code", Title: "Maximum Response Code", Type: field.Uint, Find: proto.If(field.Uint, 4, 2, 0, secondVersion)},
	{Name: "icmpv6.mld.multicast_address", Title: "Multicast Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 130, 131, 132)},
	{Name: "icmpv6.mld.flag", Title: "Flags", Type: field.Uint, Base: field.Hex, Width: 1, Find: proto.If(field.Uint, 24, 1, 0, secondVersion)},
	{Name: "icmpv6.mld.flag.s", Title: "Suppress Router-Side Processing", Type: field.Bool, Bits: true, Find: proto.If(field.Bool, 24, 1, 0x08, secondVersion)},
	{Name: "icmpv6.mld.flag.qrv", Title: "QRV (Querier's Robustness Variable)", Type: field.Uint, Bits: true, Find: proto.If(field.Uint, 24, 1, 0x07, secondVersion)},
	{Name: "icmpv6.mld.qqi", Title: "QQIC (Querier's Query Interval Code)", Type: field.Uint, Find: proto.If(field.Uint, 25, 1, 0, secondVersion)},
	{Name: "icmpv6.mld.nb_sources", Title: "Number of Sources", Type: field.Uint, Find: proto.If(field.Uint, 26, 2, 0, secondVersion)},
	{Name: "icmpv6.mldr.nb_mcast_records", Title: "Number of Multicast Address Records", Type: field.Uint, Find: at(field.Uint, 6, 2, 0, 143)},
	records.In(proto.Named(proto.Dec("icmpv6.mldr.mar.record_type", "Record Type", 0, 1, 0), recordTypes), nil),
	records.In(proto.Dec("icmpv6.mldr.mar.aux_data_len", "Aux Data Len", 1, 1, 0), nil),
	records.In(proto.Dec("icmpv6.mldr.mar.nb_sources", "Number of Sources", 2, 2, 0), nil),
	records.In(proto.Fixed("icmpv6.mldr.mar.multicast_address", "Multicast Address", field.IPv6, 4, 16), nil),
	{Name: "icmpv6.mldr.mar.source_address", Title: "Source Address", Type: field.IPv6, Find: sources},
	{Name: "icmpv6.opt.type", Title: "Type", Type: field.Uint, Names: proto.Names("icmpv6.opt.type"), Find: options.All(field.Uint, 0, 1, 0, nil)},
	{Name: "icmpv6.opt.length", Title: "Length", Type: field.Uint, Find: options.All(field.Uint, 1, 1, 0, nil)},
	{Name: "icmpv6.opt.linkaddr", Title: "Link-layer address", Type: field.Bytes, Base: field.Colon, Find: linkAddress(proto.Kind(1, 2))},
	{Name: "icmpv6.opt.src_linkaddr", Title: "Source Link-layer address", Type: field.Bytes, Base: field.Colon, Hidden: true, Find: linkAddress(proto.Kind(1))},
	{Name: "icmpv6.opt.target_linkaddr", Title: "Target Link-layer address", Type: field.Bytes, Base: field.Colon, Hidden: true, Find: linkAddress(proto.Kind(2))},
	{Name: "icmpv6.opt.mtu", Title: "MTU", Type: field.Uint, Find: options.All(field.Uint, 4, 4, 0, proto.Kind(5))},
	options.In(proto.Dec("icmpv6.opt.prefix.length", "Prefix Length", 2, 1, 0), proto.Kind(3, 24)),
	options.In(proto.Hex("icmpv6.opt.prefix.flag", "Flag", 3, 1, 0), proto.Kind(3)),
	options.In(proto.Bit("icmpv6.opt.prefix.flag.l", "On-link flag(L)", 3, 1, 0x80), proto.Kind(3)),
	options.In(proto.Bit("icmpv6.opt.prefix.flag.a", "Autonomous address-configuration flag(A)", 3, 1, 0x40), proto.Kind(3)),
	options.In(proto.Bit("icmpv6.opt.prefix.flag.r", "Router address flag(R)", 3, 1, 0x20), proto.Kind(3)),
	options.In(proto.Dec("icmpv6.opt.prefix.valid_lifetime", "Valid Lifetime", 4, 4, 0), proto.Kind(3)),
	options.In(proto.Dec("icmpv6.opt.prefix.preferred_lifetime", "Preferred Lifetime", 8, 4, 0), proto.Kind(3)),
	{Name: "icmpv6.opt.prefix", Title: "Prefix", Type: field.IPv6, Find: prefixes},
	options.In(proto.Dec("icmpv6.opt.route_lifetime", "Route Lifetime", 4, 4, 0), proto.Kind(24)),
	options.In(proto.Named(proto.Dec("icmpv6.opt.route_info.flag.route_preference", "Route Preference", 3, 1, 0x18), field.Names{0: "Medium", 1: "High", 2: "Reserved", 3: "Low"}), proto.Kind(24)),
	options.In(proto.Dec("icmpv6.opt.advertisement_interval", "Advertisement Interval", 4, 4, 0), proto.Kind(7)),
	options.In(proto.Dec("icmpv6.opt.rdnss.lifetime", "Lifetime", 4, 4, 0), proto.Kind(25)),
	{Name: "icmpv6.opt.rdnss", Title: "Recursive DNS Servers", Type: field.IPv6, Find: options.Repeat(field.IPv6, 8, 16, 16, proto.Kind(25))},
	options.In(proto.Dec("icmpv6.opt.dnssl.lifetime", "Lifetime", 4, 4, 0), proto.Kind(31)),
	{Name: "icmpv6.opt.nonce", Title: "Nonce", Type: field.Bytes, Find: options.Rest(field.Bytes, 2, proto.Kind(14))},
}}

func at(t field.Type, off, n int, mask uint64, types ...byte) proto.Find {
	return proto.If(t, off, n, mask, proto.Kind(types...))
}

func flags(name string, off, n int, mask uint64, types ...byte) field.Field {
	return proto.When(proto.Hex(name, "Flags", off, n, mask), proto.Kind(types...))
}

// secondVersion holds for queries of MLDv2, which are longer (RFC 3810, 8.1).
func secondVersion(b []byte) bool { return b[0] == 130 && len(b) >= 28 }

var recordTypes = field.Names{1: "Include", 2: "Exclude", 3: "Changed to include", 4: "Changed to exclude", 5: "Allow new sources", 6: "Block old sources"}

// records walks the multicast address records of an MLDv2 report (RFC 3810, 5.2).
var records = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < 8 || b[0] != 143 {
		return
	}
	at := 8
	for range int(b[6])<<8 | int(b[7]) {
		if at+20 > len(b) {
			return
		}
		n := 20 + 16*(int(b[at+2])<<8|int(b[at+3])) + 4*int(b[at+1])
		if at+n > len(b) || !yield(at, n) {
			return
		}
		at += n
	}
})

// sources are those of an MLDv2 query and of the records of a report.
func sources(b []byte, yield func(field.Span, field.Value) bool) {
	records(b, func(at, n int) bool {
		end := at + 20 + 16*(int(b[at+2])<<8|int(b[at+3]))
		for o := at + 20; o < end; o += 16 {
			if !yield(field.Span{Off: o, Len: 16}, field.Value{Type: field.IPv6, B: b[o : o+16]}) {
				return false
			}
		}
		return true
	})
}

// linkAddress is what an option has behind its length: with the padding, as its length only counts eight bytes (RFC 4861, 4.6.1).
func linkAddress(when func(e []byte) bool) proto.Find { return options.Rest(field.Bytes, 2, when) }

// prefixes are those of prefix information (RFC 4861, 4.6.2), whole, and of
// route information (RFC 4191, 2.3), which leaves zeros at the end out.
func prefixes(b []byte, yield func(field.Span, field.Value) bool) {
	options(b, func(at, n int) bool {
		off := 16
		switch {
		case b[at] == 24:
			off = 8
		case b[at] != 3 || n < 32:
			return true
		}
		if off > n {
			return true
		}
		a := make([]byte, 16)
		have := copy(a, b[at+off:at+n])
		return yield(field.Span{Off: at + off, Len: have}, field.Value{Type: field.IPv6, B: a})
	})
}

// options walks the options of neighbour discovery, whose lengths count eight bytes.
var options = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) == 0 {
		return
	}
	at, ok := map[byte]int{133: 8, 134: 16, 135: 24, 136: 24, 137: 40}[b[0]]
	for ok && at+2 <= len(b) {
		n := 8 * int(b[at+1])
		if n == 0 || at+n > len(b) || !yield(at, n) {
			return
		}
		at += n
	}
})

// Code is the name of a code, "" when it has none.
func Code(kind, code uint8) string {
	switch kind {
	case 1:
		return proto.Names("icmpv6.code.1")[uint64(code)]
	case 3:
		return proto.Names("icmpv6.code.3")[uint64(code)]
	case 4:
		return proto.Names("icmpv6.code.4")[uint64(code)]
	}
	return ""
}

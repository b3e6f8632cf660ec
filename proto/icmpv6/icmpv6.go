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
	{Name: "icmpv6.echo.identifier", Title: "Identifier", Type: field.Uint, Base: field.Hex, Find: at(field.Uint, 4, 2, 0, 128, 129)},
	{Name: "icmpv6.echo.sequence_number", Title: "Sequence", Type: field.Uint, Find: at(field.Uint, 6, 2, 0, 128, 129)},
	{Name: "icmpv6.mtu", Title: "MTU", Type: field.Uint, Find: at(field.Uint, 4, 4, 0, 2)},
	{Name: "icmpv6.pointer", Title: "Pointer", Type: field.Uint, Find: at(field.Uint, 4, 4, 0, 4)},
	{Name: "icmpv6.nd.ra.cur_hop_limit", Title: "Cur hop limit", Type: field.Uint, Find: at(field.Uint, 4, 1, 0, 134)},
	{Name: "icmpv6.nd.ra.flag.m", Title: "Managed address configuration", Type: field.Bool, Find: at(field.Bool, 5, 1, 0x80, 134)},
	{Name: "icmpv6.nd.ra.flag.o", Title: "Other configuration", Type: field.Bool, Find: at(field.Bool, 5, 1, 0x40, 134)},
	{Name: "icmpv6.nd.ra.router_lifetime", Title: "Router lifetime (s)", Type: field.Uint, Find: at(field.Uint, 6, 2, 0, 134)},
	{Name: "icmpv6.nd.ra.reachable_time", Title: "Reachable time (ms)", Type: field.Uint, Find: at(field.Uint, 8, 4, 0, 134)},
	{Name: "icmpv6.nd.ra.retrans_timer", Title: "Retrans timer (ms)", Type: field.Uint, Find: at(field.Uint, 12, 4, 0, 134)},
	{Name: "icmpv6.nd.ns.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 135)},
	{Name: "icmpv6.nd.na.flag.r", Title: "Router", Type: field.Bool, Find: at(field.Bool, 4, 1, 0x80, 136)},
	{Name: "icmpv6.nd.na.flag.s", Title: "Solicited", Type: field.Bool, Find: at(field.Bool, 4, 1, 0x40, 136)},
	{Name: "icmpv6.nd.na.flag.o", Title: "Override", Type: field.Bool, Find: at(field.Bool, 4, 1, 0x20, 136)},
	{Name: "icmpv6.nd.na.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 136)},
	{Name: "icmpv6.rd.na.target_address", Title: "Target Address", Type: field.IPv6, Find: at(field.IPv6, 8, 16, 0, 137)},
	{Name: "icmpv6.opt.type", Title: "Type", Type: field.Uint, Names: proto.Names("icmpv6.opt.type"), Find: options.All(field.Uint, 0, 1, 0, nil)},
	{Name: "icmpv6.opt.length", Title: "Length", Type: field.Uint, Find: options.All(field.Uint, 1, 1, 0, nil)},
	{Name: "icmpv6.opt.linkaddr", Title: "Link-layer address", Type: field.Bytes, Find: options.Rest(field.Bytes, 2, proto.Kind(1, 2))},
	{Name: "icmpv6.opt.mtu", Title: "MTU", Type: field.Uint, Find: options.All(field.Uint, 4, 4, 0, proto.Kind(5))},
	{Name: "icmpv6.opt.prefix", Title: "Prefix", Type: field.IPv6, Find: options.All(field.IPv6, 16, 16, 0, proto.Kind(3))},
}}

func at(t field.Type, off, n int, mask uint64, types ...byte) proto.Find {
	return proto.If(t, off, n, mask, proto.Kind(types...))
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

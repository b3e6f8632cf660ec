package ipv6

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of the fixed header.
var Fields = field.Table{Proto: "ipv6", Title: "Internet Protocol Version 6", Fields: []field.Field{
	{Name: "ipv6.version", Title: "Version", Type: field.Uint, Off: 0, Len: 1, Mask: 0xf0},
	proto.Hidden(proto.Dec("ip.version", "Version", 0, 1, 0xf0)),
	{Name: "ipv6.tclass", Title: "Traffic Class", Type: field.Uint, Base: field.Hex, Off: 0, Len: 4, Mask: 0x0ff00000},
	{Name: "ipv6.tclass.dscp", Title: "Differentiated Services Codepoint", Type: field.Uint, Off: 0, Len: 4, Mask: 0x0fc00000, Names: proto.Names("ip.dsfield.dscp")},
	{Name: "ipv6.tclass.ecn", Title: "Explicit Congestion Notification", Type: field.Uint, Off: 0, Len: 4, Mask: 0x00300000, Names: proto.Names("ip.dsfield.ecn")},
	{Name: "ipv6.flow", Title: "Flow Label", Type: field.Uint, Base: field.Hex, Off: 1, Len: 3, Mask: 0xfffff},
	{Name: "ipv6.plen", Title: "Payload Length", Type: field.Uint, Off: 4, Len: 2},
	{Name: "ipv6.nxt", Title: "Next Header", Type: field.Uint, Off: 6, Len: 1, Names: proto.Names("ip.proto")},
	{Name: "ipv6.hlim", Title: "Hop Limit", Type: field.Uint, Off: 7, Len: 1},
	{Name: "ipv6.src", Title: "Source Address", Type: field.IPv6, Off: 8, Len: 16},
	{Name: "ipv6.dst", Title: "Destination Address", Type: field.IPv6, Off: 24, Len: 16},
	{Name: "ipv6.addr", Title: "Source or Destination Address", Type: field.IPv6, Hidden: true, Off: 8, Len: 16, Also: []int{24}},
}}

// HopByHopFields are the fields of the hop-by-hop options header.
var HopByHopFields = optionHeader("ipv6.hopopts", "IPv6 Hop-by-Hop Option")

// DestinationFields are the fields of the destination options header.
var DestinationFields = optionHeader("ipv6.dstopts", "Destination Options for IPv6")

func optionHeader(name, title string) field.Table {
	return field.Table{Proto: name, Title: title, Fields: []field.Field{
		{Name: name + ".nxt", Title: "Next Header", Type: field.Uint, Off: 0, Len: 1, Names: proto.Names("ip.proto")},
		{Name: name + ".len", Title: "Length", Type: field.Uint, Off: 1, Len: 1},
		{Name: name + ".len_oct", Title: "Length", Type: field.Uint, Derived: "bytes", Find: octets},
		{Name: "ipv6.opt.type", Title: "Type", Type: field.Uint, Base: field.Hex, Width: 1, Names: proto.Names("ipv6.opt.type"), Find: options.All(field.Uint, 0, 1, 0, nil)},
		options.In(proto.Dec("ipv6.opt.type.action", "Action", 0, 1, 0xc0), nil),
		options.In(proto.Bit("ipv6.opt.type.change", "May Change", 0, 1, 0x20), nil),
		options.In(proto.Hex("ipv6.opt.type.rest", "Low-Order Bits", 0, 1, 0x1f), nil),
		{Name: "ipv6.opt.length", Title: "Length", Type: field.Uint, Find: options.All(field.Uint, 1, 1, 0, nil)},
		{Name: "ipv6.opt.jumbo", Title: "Payload Length", Type: field.Uint, Find: options.All(field.Uint, 2, 4, 0, proto.KindSize(0xc2, 6))},
		{Name: "ipv6.opt.router_alert", Title: "Router Alert", Type: field.Uint, Find: options.All(field.Uint, 2, 2, 0, proto.KindSize(5, 4))},
		{Name: "ipv6.opt.tel", Title: "Tunnel Encapsulation Limit", Type: field.Uint, Find: options.All(field.Uint, 2, 1, 0, proto.KindSize(4, 3))},
		{Name: "ipv6.opt.mipv6.home_address", Title: "MIPv6 Home Address", Type: field.IPv6, Find: options.All(field.IPv6, 2, 16, 0, proto.Kind(0xc9))},
	}}
}

var octets = proto.Computed(1, 1, func(b []byte) field.Value { return field.U(8 * (1 + uint64(b[1]))) })

var options = proto.TLV(func(b []byte) (int, int) {
	if len(b) < 2 {
		return -1, 0
	}
	return 2, 8 * (1 + int(b[1]))
}, func(kind byte) bool { return kind == 0 }, false, -1)

// RoutingFields are the fields of the routing header.
var RoutingFields = field.Table{Proto: "ipv6.routing", Title: "Routing Header for IPv6", Fields: []field.Field{
	{Name: "ipv6.routing.nxt", Title: "Next Header", Type: field.Uint, Off: 0, Len: 1, Names: proto.Names("ip.proto")},
	{Name: "ipv6.routing.len", Title: "Length", Type: field.Uint, Off: 1, Len: 1},
	{Name: "ipv6.routing.len_oct", Title: "Length", Type: field.Uint, Derived: "bytes", Find: octets},
	{Name: "ipv6.routing.type", Title: "Type", Type: field.Uint, Off: 2, Len: 1, Names: proto.Names("ipv6.routing.type")},
	{Name: "ipv6.routing.segleft", Title: "Segments Left", Type: field.Uint, Off: 3, Len: 1},
	{Name: "ipv6.routing.src.addr", Title: "Address", Type: field.IPv6, Find: addresses(0)},
	{Name: "ipv6.routing.mipv6.home_address", Title: "Home Address", Type: field.IPv6, Find: addresses(2)},
	{Name: "ipv6.routing.srh.addr", Title: "Address", Type: field.IPv6, Find: addresses(4)},
}}

// addresses are those of a routing header of one type.
func addresses(kind byte) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) < 8 || b[2] != kind {
			return
		}
		end := min(len(b), 8*(1+int(b[1])))
		if kind == 4 { // segments, then options: the number of the last segment is in the header
			end = min(end, 8+16*(1+int(b[4])))
		}
		for at := 8; at+16 <= end; at += 16 {
			if !yield(field.Span{Off: at, Len: 16}, field.Value{Type: field.IPv6, B: b[at : at+16]}) {
				return
			}
		}
	}
}

// FragmentFields are the fields of the fragment header.
var FragmentFields = field.Table{Proto: "ipv6.fraghdr", Title: "Fragment Header for IPv6", Fields: []field.Field{
	{Name: "ipv6.fraghdr.nxt", Title: "Next header", Type: field.Uint, Off: 0, Len: 1, Names: proto.Names("ip.proto")},
	{Name: "ipv6.fraghdr.reserved_octet", Title: "Reserved octet", Type: field.Uint, Base: field.Hex, Off: 1, Len: 1},
	{Name: "ipv6.fraghdr.offset", Title: "Offset", Type: field.Uint, Off: 2, Len: 2, Mask: 0xfff8},
	{Name: "ipv6.fraghdr.reserved_bits", Title: "Reserved bits", Type: field.Uint, Off: 2, Len: 2, Mask: 0x6},
	{Name: "ipv6.fraghdr.more", Title: "More Fragments", Type: field.Bool, Off: 2, Len: 2, Mask: 0x1},
	{Name: "ipv6.fraghdr.ident", Title: "Identification", Type: field.Uint, Base: field.Hex, Off: 4, Len: 4},
}}

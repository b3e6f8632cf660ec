// Package icmp declares the fields of ICMP for IPv4 (RFC 792).
package icmp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a message. Codes have no names here: they mean another thing for each type.
var Fields = field.Table{Proto: "icmp", Title: "Internet Control Message Protocol", Fields: []field.Field{
	{Name: "icmp.type", Title: "Type", Type: field.Uint, Off: 0, Len: 1, Names: proto.Names("icmp.type")},
	{Name: "icmp.code", Title: "Code", Type: field.Uint, Off: 1, Len: 1},
	{Name: "icmp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "icmp.ident", Title: "Identifier (BE)", Type: field.Uint, Find: at(4, 2, 0, 8, 13, 14, 15, 16, 17, 18)},
	{Name: "icmp.seq", Title: "Sequence Number (BE)", Type: field.Uint, Find: at(6, 2, 0, 8, 13, 14, 15, 16, 17, 18)},
	{Name: "icmp.checksum.status", Title: "Checksum Status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the message",
		Find: func([]byte, func(field.Span, field.Value) bool) {}},
	proto.When(proto.Little(proto.Dec("icmp.ident_le", "Identifier (LE)", 4, 2, 0)), proto.Kind(0, 8, 13, 14, 15, 16, 17, 18)),
	proto.When(proto.Little(proto.Dec("icmp.seq_le", "Sequence Number (LE)", 6, 2, 0)), proto.Kind(0, 8, 13, 14, 15, 16, 17, 18)),
	{Name: "icmp.mtu", Title: "MTU of next hop", Type: field.Uint, Find: proto.If(field.Uint, 6, 2, 0, func(b []byte) bool { return b[0] == 3 && b[1] == 4 })},
	{Name: "icmp.pointer", Title: "Pointer", Type: field.Uint, Find: at(4, 1, 12)},
	{Name: "icmp.redir_gw", Title: "Gateway Address", Type: field.IPv4, Find: proto.If(field.IPv4, 4, 4, 0, proto.Kind(5))},
	{Name: "icmp.num_addrs", Title: "Number of addresses", Type: field.Uint, Find: at(4, 1, 9)},
	{Name: "icmp.addr_entry_size", Title: "Address entry size", Type: field.Uint, Find: at(5, 1, 9)},
	{Name: "icmp.lifetime", Title: "Lifetime", Type: field.Uint, Find: at(6, 2, 9)},
	{Name: "icmp.router_address", Title: "Router address", Type: field.IPv4, Find: routers(0)},
	{Name: "icmp.pref_level", Title: "Preference level", Type: field.Int, Find: routers(4)},
	{Name: "icmp.originate_timestamp", Title: "Originate Timestamp", Type: field.Uint, Find: at(8, 4, 13, 14)},
	{Name: "icmp.receive_timestamp", Title: "Receive Timestamp", Type: field.Uint, Find: at(12, 4, 13, 14)},
	{Name: "icmp.transmit_timestamp", Title: "Transmit Timestamp", Type: field.Uint, Find: at(16, 4, 13, 14)},
	{Name: "icmp.address_mask", Title: "Address Mask", Type: field.IPv4, Find: proto.If(field.IPv4, 8, 4, 0, proto.Kind(17, 18))},
}}

func at(off, n int, types ...byte) proto.Find {
	return proto.If(field.Uint, off, n, 0, proto.Kind(types...))
}

// routers are the entries of a router advertisement (RFC 1256, 3): address, preference.
func routers(part int) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) < 8 || b[0] != 9 || b[5] != 2 {
			return
		}
		for i := range int(b[4]) {
			off := 8 + 8*i + part
			if off+4 > len(b) {
				return
			}
			v := field.Value{Type: field.IPv4, B: b[off : off+4]}
			if part != 0 {
				v = field.Value{Type: field.Int, U: uint64(int64(int32(field.Number(b[off:off+4], false))))}
			}
			if !yield(field.Span{Off: off, Len: 4}, v) {
				return
			}
		}
	}
}

// Code is the name of a code, "" when it has none.
func Code(kind, code uint8) string {
	switch kind {
	case 3:
		return proto.Names("icmp.code.3")[uint64(code)]
	case 5:
		return proto.Names("icmp.code.5")[uint64(code)]
	case 11:
		return proto.Names("icmp.code.11")[uint64(code)]
	case 12:
		return proto.Names("icmp.code.12")[uint64(code)]
	}
	return ""
}

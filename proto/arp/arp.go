// Package arp declares the fields of ARP and RARP (RFC 826, RFC 903).
package arp

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a message. Addresses lie where the two address
// lengths put them; those of Ethernet and IPv4 have their own names.
var Fields = field.Table{Proto: "arp", Title: "Address Resolution Protocol", Fields: []field.Field{
	{Name: "arp.hw.type", Title: "Hardware type", Type: field.Uint, Off: 0, Len: 2, Names: proto.Names("arp.hw.type")},
	{Name: "arp.proto.type", Title: "Protocol type", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2, Names: proto.Names("eth.type")},
	{Name: "arp.hw.size", Title: "Hardware size", Type: field.Uint, Off: 4, Len: 1},
	{Name: "arp.proto.size", Title: "Protocol size", Type: field.Uint, Off: 5, Len: 1},
	{Name: "arp.opcode", Title: "Opcode", Type: field.Uint, Off: 6, Len: 2, Names: proto.Names("arp.opcode")},
	{Name: "arp.isgratuitous", Title: "Is gratuitous", Type: field.Bool, Derived: "sender and target have the same protocol address", Find: verdict(func(_ []byte, src, dst string) bool { return src == dst })},
	{Name: "arp.isprobe", Title: "Is probe", Type: field.Bool, Derived: "a request without a sender's protocol address (RFC 5227, 1.1)", Find: verdict(func(b []byte, src, _ string) bool {
		return b[7] == request && strings.Trim(src, "\x00") == ""
	})},
	{Name: "arp.isannouncement", Title: "Is announcement", Type: field.Bool, Derived: "a gratuitous request", Find: verdict(func(b []byte, src, dst string) bool { return b[7] == request && src == dst })},
	{Name: "arp.src.hw_mac", Title: "Sender MAC address", Type: field.Ether, Find: proto.At(field.Ether, 6, 0, address(0, 6, true))},
	{Name: "arp.src.hw", Title: "Sender hardware address", Type: field.Bytes, Find: other(0, 6, true)},
	{Name: "arp.src.proto_ipv4", Title: "Sender IP address", Type: field.IPv4, Find: proto.At(field.IPv4, 4, 0, address(1, 4, false))},
	{Name: "arp.src.proto", Title: "Sender protocol address", Type: field.Bytes, Find: other(1, 4, false)},
	{Name: "arp.dst.hw_mac", Title: "Target MAC address", Type: field.Ether, Find: proto.At(field.Ether, 6, 0, address(2, 6, true))},
	{Name: "arp.dst.hw", Title: "Target hardware address", Type: field.Bytes, Find: other(2, 6, true)},
	{Name: "arp.dst.proto_ipv4", Title: "Target IP address", Type: field.IPv4, Find: proto.At(field.IPv4, 4, 0, address(3, 4, false))},
	{Name: "arp.dst.proto", Title: "Target protocol address", Type: field.Bytes, Find: other(3, 4, false)},
}}

// offset is where the which-th of the four addresses begins.
func offset(b []byte, which int) int {
	hw, pr := int(b[4]), int(b[5])
	return 8 + (which+1)/2*hw + which/2*pr
}

// address finds an address of n bytes; hardware addresses must be of Ethernet, others of IPv4.
func address(which, n int, hardware bool) func([]byte) int {
	return func(b []byte) int {
		if len(b) < 8 || !plain(b, n, hardware) {
			return -1
		}
		return offset(b, which)
	}
}

func plain(b []byte, n int, hardware bool) bool {
	if hardware {
		return int(b[4]) == n && b[0] == 0 && (b[1] == 1 || b[1] == 6)
	}
	return int(b[5]) == n && b[2] == 8 && b[3] == 0
}

// other is an address of another kind than address finds.
func other(which, n int, hardware bool) proto.Find {
	return proto.Slice(field.Bytes, func(b []byte) (int, int) {
		if len(b) < 8 || plain(b, n, hardware) {
			return -1, 0
		}
		size := int(b[4])
		if !hardware {
			size = int(b[5])
		}
		if size == 0 {
			return -1, 0
		}
		return offset(b, which), size
	})
}

const request = 1 // opcode

// verdict is a field of the messages whose protocol addresses the condition holds for.
func verdict(holds func(b []byte, src, dst string) bool) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) < 8 || len(b) < offset(b, 3)+int(b[5]) || !plain(b, 4, false) {
			return
		}
		n := int(b[5])
		src, dst := offset(b, 1), offset(b, 3)
		if b[6] == 0 && holds(b, string(b[src:src+n]), string(b[dst:dst+n])) {
			yield(field.Span{Off: src, Len: n}, field.Value{Type: field.Bool, U: 1})
		}
	}
}

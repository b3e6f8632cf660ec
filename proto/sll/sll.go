// Package sll declares the fields of Linux cooked captures (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).
package sll

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Hardware types (ARPHRD_) whose protocol field is no Ethernet type.
const (
	greHardware     = 778
	netlinkHardware = 824
)

// minType is the least Ethernet type; below it are numbers of Linux.
const minType = 0x0600

// Fields of version 1.
var Fields = field.Table{Proto: "sll", Title: "Linux cooked capture v1", Fields: append([]field.Field{
	proto.Named(proto.Dec("sll.pkttype", "Packet type", 0, 2, 0), proto.Names("sll.pkttype")),
	proto.Named(proto.Dec("sll.hatype", "Link-layer address type", 2, 2, 0), proto.Names("arp.hw.type")),
	proto.Dec("sll.halen", "Link-layer address length", 4, 2, 0),
}, append(address(4, 2, 6), protocols(2, 14)...)...)}

// Fields2 of version 2.
var Fields2 = field.Table{Proto: "sll", Title: "Linux cooked capture v2", Fields: append(append(protocols(8, 0),
	proto.Dec("sll.ifindex", "Interface index", 4, 4, 0),
	proto.Named(proto.Dec("sll.hatype", "Link-layer address type", 8, 2, 0), proto.Names("arp.hw.type")),
	proto.Named(proto.Dec("sll.pkttype", "Packet type", 10, 1, 0), proto.Names("sll.pkttype")),
	proto.Dec("sll.halen", "Link-layer address length", 11, 1, 0),
), address(11, 1, 12)...)}

// maxAddress is the room for an address in the header, in bytes.
const maxAddress = 8

// address is the sender, by its length, a number of size bytes at an offset.
func address(length, size, at int) []field.Field {
	n := func(b []byte) int {
		if length+size > len(b) {
			return -1
		}
		return int(field.Number(b[length:length+size], false))
	}
	is := func(want int) func(b []byte) bool { return func(b []byte) bool { return n(b) == want } }
	return []field.Field{
		proto.When(proto.Fixed("sll.src.eth", "Source", field.Ether, at, 6), is(6)),
		proto.When(proto.Fixed("sll.src.ipv4", "Source", field.IPv4, at, 4), is(4)),
		{Name: "sll.src.other", Title: "Source", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
			if l := n(b); l > 0 && l != 4 && l != 6 {
				return at, min(l, maxAddress)
			}
			return -1, 0
		})},
		{Name: "sll.unused", Title: "Unused", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
			if l := n(b); l >= 0 && l < maxAddress {
				return at + l, maxAddress - l
			}
			return -1, 0
		})},
	}
}

// protocols name what follows; hardware and protocol are offsets.
func protocols(hardware, protocol int) []field.Field {
	kind := func(want func(hw, p uint64) bool) func(b []byte) bool {
		return func(b []byte) bool {
			if len(b) < 16 {
				return false
			}
			return want(field.Number(b[hardware:hardware+2], false), field.Number(b[protocol:protocol+2], false))
		}
	}
	return []field.Field{
		proto.Named(proto.When(proto.Hex("sll.ltype", "Protocol", protocol, 2, 0), kind(func(hw, p uint64) bool { return p < minType && hw != greHardware && hw != netlinkHardware })), proto.Names("sll.ltype")),
		proto.Named(proto.When(proto.Hex("sll.gretype", "Protocol", protocol, 2, 0), kind(func(hw, p uint64) bool { return hw == greHardware })), proto.Names("gre.proto")),
		proto.Named(proto.When(proto.Hex("sll.etype", "Protocol", protocol, 2, 0), kind(func(hw, p uint64) bool { return p >= minType && hw != greHardware && hw != netlinkHardware })), proto.Names("eth.type")),
	}
}

// Package nsh declares the fields of the Network Service Header (RFC 8300, 2).
package nsh

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// MinLen is the length of the base and the service path header.
const MinLen = 8

// What follows the header (RFC 8300, 9.1.6).
const (
	IPv4     = 1
	IPv6     = 2
	Ethernet = 3
	NSH      = 4
	MPLS     = 5
)

// Len is the length of the header that b begins with, of MinLen bytes at least: with its context, as it says itself.
func Len(b []byte) int { return 4 * int(b[1]&0x3f) }

// Fields of the header. Metadata of variable length (type 2) is not taken apart.
var Fields = field.Table{Proto: "nsh", Title: "Network Service Header", Fields: []field.Field{
	proto.Dec("nsh.version", "Version", 0, 2, 0xc000),
	proto.Dec("nsh.Obit", "O Bit", 0, 2, 0x2000),
	proto.Dec("nsh.CBit", "C Bit", 0, 2, 0x1000),
	proto.Hex("nsh.ttl", "Time to live", 0, 2, 0xfc0),
	proto.Dec("nsh.length", "Length", 0, 2, 0x3f),
	proto.Dec("nsh.mdtype", "MD Type", 2, 1, 0),
	proto.Named(proto.Dec("nsh.nextproto", "Next Protocol", 3, 1, 0), field.Names{IPv4: "IPv4", IPv6: "IPv6", Ethernet: "Ethernet", NSH: "NSH", MPLS: "MPLS"}),
	proto.Dec("nsh.spi", "SPI", 4, 3, 0),
	proto.Dec("nsh.si", "SI", 7, 1, 0),
	{Name: "nsh.contextheader", Title: "Context Header", Type: field.Bytes, Find: context.Rest(field.Bytes, 0, nil)},
}}

// context walks the words of a fixed context (metadata type 1).
var context = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < MinLen || b[2] != 1 {
		return
	}
	for at := MinLen; at+4 <= min(len(b), Len(b)) && yield(at, 4); at += 4 {
	}
})

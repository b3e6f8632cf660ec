// Package vntag declares the fields of the VN-Tag that names the interfaces of virtual machines to a switch (proposed for IEEE 802.1Qbh).
package vntag

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Len is the length of the tag, with the type of what follows.
const Len = 6

// Fields of the tag.
var Fields = field.Table{Proto: "vntag", Title: "VN-Tag", Fields: []field.Field{
	proto.Bit("vntag.dir", "Direction", 0, 4, 0x80000000),
	proto.Bit("vntag.ptr", "Pointer", 0, 4, 0x40000000),
	proto.Dec("vntag.dst", "Destination", 0, 4, 0x3fff0000),
	proto.Bit("vntag.looped", "Looped", 0, 4, 0x8000),
	proto.Dec("vntag.r", "Reserved", 0, 4, 0x4000),
	proto.Dec("vntag.version", "Version", 0, 4, 0x3000),
	proto.Dec("vntag.src", "Source", 0, 4, 0xfff),
	{Name: "vntag.etype", Title: "Type", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("eth.type"), Find: proto.If(field.Uint, 4, 2, 0, func(b []byte) bool { return b[4] >= 6 })},
	{Name: "vntag.len", Title: "Length", Type: field.Uint, Find: proto.If(field.Uint, 4, 2, 0, func(b []byte) bool { return b[4] < 6 })},
}}

// Package chdlc declares the fields of Cisco's HDLC and of SLARP, its keep-alive protocol.
package chdlc

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "chdlc", Title: "Cisco HDLC", Fields: []field.Field{
	proto.Named(proto.Hex("chdlc.address", "Address", 0, 1, 0), field.Names{0x0f: "Unicast", 0x8f: "Multicast"}),
	proto.Hex("chdlc.control", "Control", 1, 1, 0),
	proto.Named(proto.Hex("chdlc.protocol", "Protocol", 2, 2, 0), proto.Names("chdlc.protocol")),
}}

const keepAlive = 2

// SLARP are the fields of a serial line address resolution packet.
var SLARP = field.Table{Proto: "slarp", Title: "Cisco SLARP", Fields: []field.Field{
	proto.Named(proto.Dec("slarp.ptype", "Packet type", 0, 4, 0), proto.Names("slarp.ptype")),
	proto.When(proto.Fixed("slarp.address", "Address", field.IPv4, 4, 4), func(b []byte) bool { return !isKeepAlive(b) }),
	proto.When(proto.Fixed("slarp.netmask", "Netmask", field.IPv4, 8, 4), func(b []byte) bool { return !isKeepAlive(b) }),
	proto.When(proto.Dec("slarp.mysequence", "Outgoing sequence number", 4, 4, 0), isKeepAlive),
	proto.When(proto.Dec("slarp.yoursequence", "Returned sequence number", 8, 4, 0), isKeepAlive),
	proto.When(proto.Hex("slarp.reliability", "Reliability", 12, 2, 0), isKeepAlive),
}}

func isKeepAlive(b []byte) bool { return len(b) >= 4 && field.Number(b[:4], false) == keepAlive }

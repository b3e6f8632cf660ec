// Package cmd declares the fields of Cisco's metadata, the security group tag that switches of TrustSec put behind the addresses of a
// frame (draft-smith-kandula-sxp describes the tag; the layout is that of Wireshark's decoder).
package cmd

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Len is the length of the header, with the type of what follows.
const Len = 8

// Fields of the header.
var Fields = field.Table{Proto: "cmd", Title: "Cisco MetaData", Fields: []field.Field{
	proto.Dec("cmd.version", "Version", 0, 1, 0),
	proto.Dec("cmd.length", "Length", 1, 1, 0),
	proto.Hex("cmd.options", "Options", 2, 2, 0),
	proto.Dec("cmd.sgt", "SGT", 4, 2, 0),
	proto.Named(proto.Hex("cmd.type", "Type", 6, 2, 0), proto.Names("eth.type")),
}}

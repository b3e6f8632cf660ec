// Package etag declares the fields of the E-Tag, which names a port behind a port extender (IEEE 802.1BR, 7.5).
package etag

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Len is the length of the tag, with the type of what follows.
const Len = 8

// Fields of the tag.
var Fields = field.Table{Proto: "etag", Title: "802.1BR E-Tag", Fields: []field.Field{
	proto.Dec("etag.pcp", "E-PCP", 0, 2, 0xe000),
	proto.Dec("etag.dei", "E-DEI", 0, 2, 0x1000),
	proto.Hex("etag.iecid_base", "Ingress_E-CID_base", 0, 2, 0xfff),
	proto.Dec("etag.resv", "Reserved", 2, 2, 0xc000),
	proto.Dec("etag.group", "GRP", 2, 2, 0x3000),
	proto.Hex("etag.ecid_base", "E-CID_base", 2, 2, 0xfff),
	proto.Hex("etag.iecid_ext", "Ingress_E-CID_ext", 4, 1, 0),
	proto.Hex("etag.ecid_ext", "E-CID_ext", 5, 1, 0),
	proto.Named(proto.Hex("etag.etype", "Type", 6, 2, 0), proto.Names("eth.type")),
}}

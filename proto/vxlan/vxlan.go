// Package vxlan declares the fields of VXLAN (RFC 7348, 5) with its group policy extension.
package vxlan

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "vxlan", Title: "Virtual eXtensible Local Area Network", Fields: []field.Field{
	proto.Hex("vxlan.flags", "Flags", 0, 2, 0),
	proto.Bit("vxlan.flag_g", "GBP Extension", 0, 2, 0x8000),
	proto.Bit("vxlan.flag_i", "VXLAN Network ID (VNI)", 0, 2, 0x0800),
	proto.Bit("vxlan.flag_d", "Don't Learn", 0, 2, 0x0040),
	proto.Bit("vxlan.flag_a", "Policy Applied", 0, 2, 0x0008),
	proto.Dec("vxlan.gbp", "Group Policy ID", 2, 2, 0),
	proto.Dec("vxlan.vni", "VXLAN Network Identifier (VNI)", 4, 3, 0),
	proto.Dec("vxlan.reserved8", "Reserved", 7, 1, 0),
}}

// Package vxlan declares the fields of VXLAN (RFC 7348, 5).
package vxlan

import "github.com/wiretale/wiretale/field"

// Fields of the header.
var Fields = field.Table{Proto: "vxlan", Title: "Virtual eXtensible Local Area Network", Fields: []field.Field{
	{Name: "vxlan.flags", Title: "Flags", Type: field.Uint, Base: field.Hex, Off: 0, Len: 2},
	{Name: "vxlan.gbp", Title: "Group Policy ID", Type: field.Uint, Off: 2, Len: 2},
	{Name: "vxlan.vni", Title: "VXLAN Network Identifier (VNI)", Type: field.Uint, Off: 4, Len: 3},
}}

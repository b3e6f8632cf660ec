// Package gre declares the fields of GRE (RFC 2784, RFC 2890, RFC 2637).
package gre

import "github.com/wiretale/wiretale/field"

// Fields of the header.
var Fields = field.Table{Proto: "gre", Title: "Generic Routing Encapsulation", Fields: []field.Field{
	{Name: "gre.flags.checksum", Title: "Checksum Bit", Type: field.Bool, Off: 0, Len: 2, Mask: 0x8000},
	{Name: "gre.flags.key", Title: "Key Bit", Type: field.Bool, Off: 0, Len: 2, Mask: 0x2000},
	{Name: "gre.flags.sequence_number", Title: "Sequence Number Bit", Type: field.Bool, Off: 0, Len: 2, Mask: 0x1000},
	{Name: "gre.flags.version", Title: "Version", Type: field.Uint, Off: 0, Len: 2, Mask: 7},
	{Name: "gre.proto", Title: "Protocol Type", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
}}

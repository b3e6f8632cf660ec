// Package mpls declares the fields of an MPLS label (RFC 3032, 2.1).
package mpls

import "github.com/wiretale/wiretale/field"

// Fields of one label.
var Fields = field.Table{Proto: "mpls", Title: "MultiProtocol Label Switching Header", Fields: []field.Field{
	{Name: "mpls.label", Title: "MPLS Label", Type: field.Uint, Off: 0, Len: 4, Mask: 0xfffff000},
	{Name: "mpls.exp", Title: "MPLS Experimental Bits", Type: field.Uint, Off: 0, Len: 4, Mask: 0xe00},
	{Name: "mpls.bottom", Title: "MPLS Bottom Of Label Stack", Type: field.Uint, Off: 0, Len: 4, Mask: 0x100},
	{Name: "mpls.ttl", Title: "MPLS TTL", Type: field.Uint, Off: 3, Len: 1},
}}

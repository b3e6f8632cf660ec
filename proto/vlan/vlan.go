// Package vlan declares the fields of an 802.1Q or 802.1ad tag (IEEE 802.1Q, 9.6).
package vlan

import "github.com/wiretale/wiretale/field"

// Fields of a tag.
var Fields = field.Table{Proto: "vlan", Title: "802.1Q Virtual LAN", Fields: []field.Field{
	{Name: "vlan.priority", Title: "Priority", Type: field.Uint, Off: 0, Len: 2, Mask: 0xe000},
	{Name: "vlan.dei", Title: "DEI", Type: field.Bool, Off: 0, Len: 2, Mask: 0x1000},
	{Name: "vlan.id", Title: "ID", Type: field.Uint, Off: 0, Len: 2, Mask: 0x0fff},
	{Name: "vlan.etype", Title: "Type", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
}}

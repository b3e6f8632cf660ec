// Package vlan declares the fields of VLAN tags (IEEE 802.1Q, 9.6).
package vlan

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a customer tag.
var Fields = field.Table{Proto: "vlan", Title: "802.1Q Virtual LAN", Fields: []field.Field{
	{Name: "vlan.priority", Title: "Priority", Type: field.Uint, Off: 0, Len: 2, Mask: 0xe000},
	{Name: "vlan.dei", Title: "DEI", Type: field.Bool, Off: 0, Len: 2, Mask: 0x1000},
	{Name: "vlan.id", Title: "ID", Type: field.Uint, Off: 0, Len: 2, Mask: 0x0fff},
	{Name: "vlan.etype", Title: "Type", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("eth.type"), Find: proto.If(field.Uint, 2, 2, 0, func(b []byte) bool { return b[2] >= 6 })},
	{Name: "vlan.len", Title: "Length", Type: field.Uint, Find: proto.If(field.Uint, 2, 2, 0, func(b []byte) bool { return b[2] < 6 })},
}}

// ServiceFields are the fields of a service tag (0x88a8).
var ServiceFields = field.Table{Proto: "ieee8021ad", Title: "IEEE 802.1ad", Fields: []field.Field{
	{Name: "ieee8021ad.priority", Title: "Priority", Type: field.Uint, Off: 0, Len: 2, Mask: 0xe000},
	{Name: "ieee8021ad.dei", Title: "DEI", Type: field.Uint, Off: 0, Len: 2, Mask: 0x1000},
	{Name: "ieee8021ad.id", Title: "ID", Type: field.Uint, Off: 0, Len: 2, Mask: 0x0fff},
}}

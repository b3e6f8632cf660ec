// Package pppoe declares the fields of PPP over Ethernet (RFC 2516, 4).
package pppoe

import "github.com/wiretale/wiretale/field"

// Fields of the header, in discovery and session.
var Fields = field.Table{Proto: "pppoe", Title: "PPP-over-Ethernet", Fields: []field.Field{
	{Name: "pppoe.version", Title: "Version", Type: field.Uint, Off: 0, Len: 1, Mask: 0xf0},
	{Name: "pppoe.type", Title: "Type", Type: field.Uint, Off: 0, Len: 1, Mask: 0x0f},
	{Name: "pppoe.code", Title: "Code", Type: field.Uint, Base: field.Hex, Off: 1, Len: 1},
	{Name: "pppoe.session_id", Title: "Session ID", Type: field.Uint, Base: field.Hex, Off: 2, Len: 2},
	{Name: "pppoe.payload_length", Title: "Payload Length", Type: field.Uint, Off: 4, Len: 2},
}}

// Package udp declares the fields of UDP (RFC 768).
package udp

import "github.com/wiretale/wiretale/field"

// Fields of the header.
var Fields = field.Table{Proto: "udp", Title: "User Datagram Protocol", Fields: []field.Field{
	{Name: "udp.srcport", Title: "Source Port", Type: field.Uint, Off: 0, Len: 2},
	{Name: "udp.dstport", Title: "Destination Port", Type: field.Uint, Off: 2, Len: 2},
	{Name: "udp.length", Title: "Length", Type: field.Uint, Off: 4, Len: 2},
	{Name: "udp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 6, Len: 2},
}}

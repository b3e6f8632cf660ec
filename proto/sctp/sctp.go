// Package sctp declares the fields of the SCTP common header (RFC 9260, 3.1).
package sctp

import "github.com/wiretale/wiretale/field"

// Fields of the header.
var Fields = field.Table{Proto: "sctp", Title: "Stream Control Transmission Protocol", Fields: []field.Field{
	{Name: "sctp.srcport", Title: "Source port", Type: field.Uint, Off: 0, Len: 2},
	{Name: "sctp.dstport", Title: "Destination port", Type: field.Uint, Off: 2, Len: 2},
	{Name: "sctp.verification_tag", Title: "Verification tag", Type: field.Uint, Base: field.Hex, Off: 4, Len: 4},
	{Name: "sctp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 8, Len: 4},
}}

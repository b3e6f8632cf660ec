// Package eapol declares the fields of EAP over LAN (IEEE 802.1X, 11.3).
package eapol

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the header.
var Fields = field.Table{Proto: "eapol", Title: "802.1X Authentication", Fields: []field.Field{
	proto.Dec("eapol.version", "Version", 0, 1, 0),
	proto.Named(proto.Dec("eapol.type", "Type", 1, 1, 0), proto.Names("eapol.type")),
	proto.Dec("eapol.len", "Length", 2, 2, 0),
}}

// Package esp declares the fields of the encapsulating security payload (RFC 4303, 2).
package esp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields that are not encrypted.
var Fields = field.Table{Proto: "esp", Title: "Encapsulating Security Payload", Fields: []field.Field{
	proto.Hex("esp.spi", "ESP SPI", 0, 4, 0),
	proto.Dec("esp.sequence", "ESP Sequence", 4, 4, 0),
}}

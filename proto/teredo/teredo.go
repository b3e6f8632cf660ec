// Package teredo declares the fields of the indications before a packet in Teredo (RFC 4380, 5.1.1).
package teredo

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the authentication and origin indications. Port and address of the origin are sent inverted.
var Fields = field.Table{Proto: "teredo", Title: "Teredo IPv6 over UDP tunneling", Fields: []field.Field{
	proto.When(proto.Dec("teredo.auth.idlen", "Client identifier length", 2, 1, 0), authenticated),
	proto.When(proto.Dec("teredo.auth.aulen", "Authentication value length", 3, 1, 0), authenticated),
	{Name: "teredo.auth.nonce", Title: "Nonce value", Type: field.Bytes, Find: nonce(0, 8)},
	{Name: "teredo.auth.conf", Title: "Confirmation byte", Type: field.Bytes, Find: nonce(8, 1)},
	{Name: "teredo.orig.port", Title: "Origin UDP port", Type: field.Uint, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if at := origin(b); at >= 0 {
			yield(field.Span{Off: at + 2, Len: 2}, field.U(field.Number(b[at+2:at+4], false)^0xffff))
		}
	}},
	{Name: "teredo.orig.addr", Title: "Origin IPv4 address", Type: field.IPv4, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if at := origin(b); at >= 0 {
			a := []byte{^b[at+4], ^b[at+5], ^b[at+6], ^b[at+7]}
			yield(field.Span{Off: at + 4, Len: 4}, field.Value{Type: field.IPv4, B: a})
		}
	}},
}}

func authenticated(b []byte) bool { return len(b) >= 4 && b[0] == 0 && b[1] == 1 }

// behindAuth is where the authentication indication ends; 0 without one.
func behindAuth(b []byte) int {
	if !authenticated(b) {
		return 0
	}
	return 4 + int(b[2]) + int(b[3]) + 9
}

func nonce(off, n int) proto.Find {
	return proto.At(field.Bytes, n, 0, func(b []byte) int {
		if !authenticated(b) {
			return -1
		}
		return 4 + int(b[2]) + int(b[3]) + off
	})
}

// origin is the offset of the origin indication, -1 without one.
func origin(b []byte) int {
	at := behindAuth(b)
	if at+8 > len(b) || b[at] != 0 || b[at+1] != 0 {
		return -1
	}
	return at
}

// Package fr declares the fields of frame relay (Q.922 annex A, RFC 2427).
package fr

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the address and of what names the next protocol.
var Fields = field.Table{Proto: "fr", Title: "Frame Relay", Fields: []field.Field{
	proto.Hex("fr.upper_dlci", "Upper DLCI", 0, 1, 0xfc),
	proto.Bit("fr.cr", "CR", 0, 1, 0x02),
	proto.Hex("fr.second_dlci", "Second DLCI", 1, 1, 0xf0),
	proto.Bit("fr.fecn", "FECN", 1, 1, 0x08),
	proto.Bit("fr.becn", "BECN", 1, 1, 0x04),
	proto.Bit("fr.de", "DE", 1, 1, 0x02),
	{Name: "fr.dlci", Title: "DLCI", Type: field.Uint, Find: dlci},
	{Name: "fr.ea", Title: "EA", Type: field.Bool, Bits: true, Find: extended},
	proto.Moved(proto.Hex("fr.control", "Control Field", 0, 1, 0), func(b []byte) int { return behind(b, true) }),
	{Name: "fr.nlpid", Title: "NLPID", Type: field.Uint, Base: field.Hex, Width: 1, Names: proto.Names("fr.nlpid"), Find: proto.At(field.Uint, 1, 0, nlpid)},
	proto.Moved(proto.Dec("fr.snap.oui", "Organization Code", 1, 3, 0), snap),
	proto.Named(proto.Moved(proto.Hex("fr.snaptype", "Type", 4, 2, 0), func(b []byte) int { return organisation(b, true) }), proto.Names("eth.type")),
	proto.Moved(proto.Hex("fr.snap.pid", "Protocol ID", 4, 2, 0), func(b []byte) int { return organisation(b, false) }),
	proto.Named(proto.Moved(proto.Hex("fr.chdlctype", "Type", 0, 2, 0), func(b []byte) int { return behind(b, false) }), proto.Names("chdlc.protocol")),
}}

// addressLen is the length of the address: the lowest bit ends it. 0 when it does not end.
func addressLen(b []byte) int {
	for i := 1; i < min(len(b), 4); i++ {
		if b[i]&1 != 0 {
			return i + 1
		}
	}
	return 0
}

func dlci(b []byte, yield func(field.Span, field.Value) bool) {
	n := addressLen(b)
	if n == 0 {
		return
	}
	u := uint64(b[0]>>2)<<4 | uint64(b[1]>>4)
	if n > 3 {
		u = u<<7 | uint64(b[2]>>1)
	}
	if n > 2 {
		u = u<<6 | uint64(b[n-1]>>2)
	}
	yield(field.Span{Len: n}, field.U(u))
}

func extended(b []byte, yield func(field.Span, field.Value) bool) {
	for i := range addressLen(b) {
		if !yield(field.Span{Off: i, Len: 1}, field.Value{Type: field.Bool, U: uint64(b[i] & 1)}) {
			return
		}
	}
}

// unnumbered is the control byte of unnumbered information; anything else is Cisco's encapsulation, an Ethernet type.
const unnumbered = 3

// behind is the offset behind the address, -1 where another encapsulation than the one asked for is used.
func behind(b []byte, control bool) int {
	n := addressLen(b)
	if n == 0 || n >= len(b) || (b[n] == unnumbered) != control {
		return -1
	}
	return n
}

// nlpid is the offset of the network layer protocol identifier, behind a byte of padding that may be there.
func nlpid(b []byte) int {
	n := behind(b, true)
	if n < 0 {
		return -1
	}
	n++
	if n+1 < len(b) && b[n] == 0 {
		n++
	}
	return n
}

// snapID is the identifier that an organisation and a protocol follow.
const snapID = 0x80

func snap(b []byte) int {
	if n := nlpid(b); n >= 0 && n < len(b) && b[n] == snapID {
		return n
	}
	return -1
}

func organisation(b []byte, ethernet bool) int {
	n := snap(b)
	if n < 0 || n+4 > len(b) || (field.Number(b[n+1:n+4], false) == 0) != ethernet {
		return -1
	}
	return n
}

// Package igmp declares the fields of IGMP (RFC 1112, RFC 2236, RFC 3376).
package igmp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Types of messages.
var Types = proto.Names("igmp.type")

const (
	query  = 0x11
	report = 0x22 // of version 3
)

// Fields of a message.
var Fields = field.Table{Proto: "igmp", Title: "Internet Group Management Protocol", Fields: []field.Field{
	{Name: "igmp.version", Title: "IGMP Version", Type: field.Uint, Derived: "from the type and length of the message", Find: version},
	proto.Named(proto.Hex("igmp.type", "Type", 0, 1, 0), Types),
	proto.When(proto.Dec("igmp.max_resp", "Max Resp Time", 1, 1, 0), func(b []byte) bool { return len(b) > 0 && b[0] != report && number(b) > 1 }),
	proto.Hex("igmp.checksum", "Checksum", 2, 2, 0),
	{Name: "igmp.checksum.status", Title: "Checksum Status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the message",
		Find: func([]byte, func(field.Span, field.Value) bool) {}},
	{Name: "igmp.maddr", Title: "Multicast Address", Type: field.IPv4, Find: groups},
	proto.When(proto.Bit("igmp.s", "S", 8, 1, 0x08), thirdQuery),
	proto.When(proto.Dec("igmp.qrv", "QRV", 8, 1, 0x07), thirdQuery),
	proto.When(proto.Dec("igmp.qqic", "QQIC", 9, 1, 0), thirdQuery),
	proto.When(proto.Dec("igmp.num_src", "Num Src", 10, 2, 0), thirdQuery),
	proto.When(proto.Dec("igmp.num_grp_recs", "Num Group Records", 6, 2, 0), proto.Kind(report)),
	records.In(proto.Named(proto.Dec("igmp.record_type", "Record Type", 0, 1, 0), proto.Names("igmp.record_type")), nil),
	records.In(proto.Dec("igmp.aux_data_len", "Aux Data Len", 1, 1, 0), nil),
	proto.Hidden(records.In(proto.Dec("igmp.num_src", "Num Src", 2, 2, 0), nil)),
	{Name: "igmp.saddr", Title: "Source Address", Type: field.IPv4, Find: sources},
}}

// number is the version of the protocol that a message is of; 0 when it is of none of the three.
func number(b []byte) uint64 {
	switch b[0] {
	case query:
		switch {
		case len(b) >= 12:
			return 3
		case len(b) > 1 && b[1] == 0:
			return 1
		}
		return 2
	case 0x12:
		return 1
	case 0x16, 0x17:
		return 2
	case report:
		return 3
	}
	return 0
}

func version(b []byte, yield func(field.Span, field.Value) bool) {
	if len(b) >= 8 && number(b) > 0 {
		yield(field.Span{}, field.U(number(b)))
	}
}

func thirdQuery(b []byte) bool { return len(b) >= 12 && b[0] == query }

// records walks the group records of a version 3 report (RFC 3376, 4.2).
var records = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < 8 || b[0] != report {
		return
	}
	at := 8
	for range int(b[6])<<8 | int(b[7]) {
		if at+8 > len(b) {
			return
		}
		n := 8 + 4*(int(b[at+2])<<8|int(b[at+3])) + 4*int(b[at+1])
		if at+n > len(b) || !yield(at, n) {
			return
		}
		at += n
	}
})

func groups(b []byte, yield func(field.Span, field.Value) bool) {
	if len(b) >= 8 && b[0] != report {
		yield(field.Span{Off: 4, Len: 4}, field.Value{Type: field.IPv4, B: b[4:8]})
		return
	}
	records.All(field.IPv4, 4, 4, 0, nil)(b, yield)
}

// sources are those of a query and of the records of a report.
func sources(b []byte, yield func(field.Span, field.Value) bool) {
	list := func(at, n int) bool {
		for end := min(len(b), at+4*n); at+4 <= end; at += 4 {
			if !yield(field.Span{Off: at, Len: 4}, field.Value{Type: field.IPv4, B: b[at : at+4]}) {
				return false
			}
		}
		return true
	}
	if thirdQuery(b) {
		list(12, int(b[10])<<8|int(b[11]))
		return
	}
	records(b, func(at, _ int) bool { return list(at+8, int(b[at+2])<<8|int(b[at+3])) })
}

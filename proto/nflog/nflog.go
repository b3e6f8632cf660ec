// Package nflog declares the fields of Linux' netfilter log (LINKTYPE_NFLOG).
package nflog

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Kinds of attributes (linux/netfilter/nfnetlink_log.h, NFULA_*).
const (
	packetHeader = 1
	timestamp    = 3
	inDevice     = 4
	outDevice    = 5
	physInDevice = 6
	physOutDev   = 7
	prefix       = 10
	userID       = 11
	groupID      = 14
)

var kinds = field.Names{
	1: "NFULA_PACKET_HDR", 2: "NFULA_MARK", 3: "NFULA_TIMESTAMP", 4: "NFULA_IFINDEX_INDEV", 5: "NFULA_IFINDEX_OUTDEV", 6: "NFULA_IFINDEX_PHYSINDEV",
	7: "NFULA_IFINDEX_PHYSOUTDEV", 8: "NFULA_HWADDR", 9: "NFULA_PAYLOAD", 10: "NFULA_PREFIX", 11: "NFULA_UID", 12: "NFULA_SEQ", 13: "NFULA_SEQ_GLOBAL",
	14: "NFULA_GID", 15: "NFULA_HWTYPE", 16: "NFULA_HWHEADER", 17: "NFULA_HWLEN",
}

// Fields of the header and its attributes, whose lengths and types have the byte order of the machine that captured.
var Fields = field.Table{Proto: "nflog", Title: "Linux Netfilter NFLOG", Fields: []field.Field{
	proto.Named(proto.Dec("nflog.family", "Family", 0, 1, 0), field.Names{2: "IP", 10: "IPv6"}),
	proto.Dec("nflog.version", "Version", 1, 1, 0),
	proto.Dec("nflog.res_id", "Resource id", 2, 2, 0),
	attributes.In(proto.Little(proto.Dec("nflog.tlv_length", "Length", 0, 2, 0)), nil),
	proto.Named(attributes.In(proto.Little(proto.Dec("nflog.tlv_type", "Type", 2, 2, 0x7fff)), nil), kinds),
	proto.Named(attributes.In(proto.Hex("nflog.protocol", "HW protocol", 4, 2, 0), is(packetHeader)), proto.Names("eth.type")),
	proto.Named(attributes.In(proto.Dec("nflog.hook", "Netfilter hook", 6, 1, 0), is(packetHeader)), field.Names{0: "Prerouting", 1: "Local in", 2: "Forward", 3: "Local out", 4: "Postrouting"}),
	attributes.In(proto.Dec("nflog.ifindex_indev", "IFINDEX_INDEV", 4, 4, 0), is(inDevice)),
	attributes.In(proto.Dec("nflog.ifindex_outdev", "IFINDEX_OUTDEV", 4, 4, 0), is(outDevice)),
	attributes.In(proto.Dec("nflog.ifindex_physindev", "IFINDEX_PHYSINDEV", 4, 4, 0), is(physInDevice)),
	attributes.In(proto.Dec("nflog.ifindex_physoutdev", "IFINDEX_PHYSOUTDEV", 4, 4, 0), is(physOutDev)),
	{Name: "nflog.prefix", Title: "Prefix", Type: field.String, Find: text},
	attributes.In(proto.Fixed("nflog.uid", "UID", field.Int, 4, 4), is(userID)),
	attributes.In(proto.Fixed("nflog.gid", "GID", field.Int, 4, 4), is(groupID)),
	{Name: "nflog.timestamp", Title: "Timestamp", Type: field.Time, Find: moment},
}}

// attributes walks the attributes up to the packet itself. Each is padded to four bytes.
var attributes = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	for at := 4; at+4 <= len(b); {
		n := int(binary.LittleEndian.Uint16(b[at:]))
		if n < 4 || at+n > len(b) || !yield(at, n) {
			return
		}
		at += (n + 3) &^ 3
	}
})

func is(kind uint16) func(e []byte) bool {
	return func(e []byte) bool { return binary.LittleEndian.Uint16(e[2:])&0x7fff == kind }
}

func text(b []byte, yield func(field.Span, field.Value) bool) {
	attributes(b, func(at, n int) bool {
		e := b[at : at+n]
		if !is(prefix)(e) {
			return true
		}
		s := e[4:]
		for i, c := range s {
			if c == 0 {
				s = s[:i]
				break
			}
		}
		return yield(field.Span{Off: at + 4, Len: n - 4}, field.S(string(s)))
	})
}

// moment is seconds and microseconds, eight bytes each.
func moment(b []byte, yield func(field.Span, field.Value) bool) {
	attributes(b, func(at, n int) bool {
		e := b[at : at+n]
		if !is(timestamp)(e) || n < 20 {
			return true
		}
		sec, us := binary.BigEndian.Uint64(e[4:]), binary.BigEndian.Uint64(e[12:])
		if sec > 1<<33 || us >= 1e6 {
			return true
		}
		return yield(field.Span{Off: at + 4, Len: 16}, field.Value{Type: field.Time, U: sec*1e9 + us*1e3})
	})
}

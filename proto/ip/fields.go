package ip

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of the header and its options.
var Fields = field.Table{Proto: "ip", Title: "Internet Protocol Version 4", Fields: []field.Field{
	{Name: "ip.version", Title: "Version", Type: field.Uint, Off: 0, Len: 1, Mask: 0xf0},
	{Name: "ip.hdr_len", Title: "Header Length", Type: field.Uint, Find: proto.Computed(0, 1, func(b []byte) field.Value { return field.U(uint64(b[0]&15) * 4) })},
	{Name: "ip.dsfield", Title: "Differentiated Services Field", Type: field.Uint, Base: field.Hex, Off: 1, Len: 1},
	{Name: "ip.dsfield.dscp", Title: "Differentiated Services Codepoint", Type: field.Uint, Off: 1, Len: 1, Mask: 0xfc, Names: proto.Names("ip.dsfield.dscp")},
	{Name: "ip.dsfield.ecn", Title: "Explicit Congestion Notification", Type: field.Uint, Off: 1, Len: 1, Mask: 0x03, Names: proto.Names("ip.dsfield.ecn")},
	{Name: "ip.len", Title: "Total Length", Type: field.Uint, Off: 2, Len: 2},
	{Name: "ip.id", Title: "Identification", Type: field.Uint, Base: field.Hex, Off: 4, Len: 2},
	{Name: "ip.flags", Title: "Flags", Type: field.Uint, Base: field.Hex, Off: 6, Len: 1, Mask: 0xe0},
	{Name: "ip.flags.rb", Title: "Reserved bit", Type: field.Bool, Off: 6, Len: 1, Mask: 0x80},
	{Name: "ip.flags.df", Title: "Don't fragment", Type: field.Bool, Off: 6, Len: 1, Mask: 0x40},
	{Name: "ip.flags.mf", Title: "More fragments", Type: field.Bool, Off: 6, Len: 1, Mask: 0x20},
	{Name: "ip.frag_offset", Title: "Fragment Offset", Type: field.Uint, Off: 6, Len: 2, Mask: 0x1fff},
	{Name: "ip.ttl", Title: "Time to Live", Type: field.Uint, Off: 8, Len: 1},
	{Name: "ip.proto", Title: "Protocol", Type: field.Uint, Off: 9, Len: 1, Names: proto.Names("ip.proto")},
	{Name: "ip.checksum", Title: "Header Checksum", Type: field.Uint, Base: field.Hex, Off: 10, Len: 2},
	{Name: "ip.checksum.status", Title: "Header checksum status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the header",
		Find: func([]byte, func(field.Span, field.Value) bool) {}},
	{Name: "ip.src", Title: "Source Address", Type: field.IPv4, Off: 12, Len: 4},
	{Name: "ip.dst", Title: "Destination Address", Type: field.IPv4, Off: 16, Len: 4},
	{Name: "ip.addr", Title: "Source or Destination Address", Type: field.IPv4, Hidden: true, Off: 12, Len: 4, Also: []int{16}},
	{Name: "ip.opt.type", Title: "Type", Type: field.Uint, Find: options.All(field.Uint, 0, 1, 0, nil)},
	{Name: "ip.opt.type.copy", Title: "Copy on fragmentation", Type: field.Bool, Bits: true, Find: options.All(field.Bool, 0, 1, 0x80, nil)},
	{Name: "ip.opt.type.class", Title: "Class", Type: field.Uint, Bits: true, Find: options.All(field.Uint, 0, 1, 0x60, nil)},
	{Name: "ip.opt.type.number", Title: "Number", Type: field.Uint, Bits: true, Names: proto.Names("ip.opt.type.number"), Find: options.All(field.Uint, 0, 1, 0x1f, nil)},
	{Name: "ip.opt.len", Title: "Length", Type: field.Uint, Find: options.All(field.Uint, 1, 1, 0, nil)},
	{Name: "ip.opt.ptr", Title: "Pointer", Type: field.Uint, Find: options.All(field.Uint, 2, 1, 0, proto.Kind(7, 68, 131, 137))},
	{Name: "ip.rec_rt", Title: "Recorded Route", Type: field.IPv4, Find: route(true, 7, 131, 137)},
	{Name: "ip.src_rt", Title: "Source Route", Type: field.IPv4, Find: route(false, 131, 137)},
	{Name: "ip.opt.time_stamp", Title: "Time stamp", Type: field.Uint, Find: stamps(4)},
	{Name: "ip.opt.time_stamp_addr", Title: "Address", Type: field.IPv4, Find: stamps(0)},
	{Name: "ip.opt.overflow", Title: "Overflow", Type: field.Uint, Bits: true, Find: options.All(field.Uint, 3, 1, 0xf0, proto.Kind(68))},
	{Name: "ip.opt.flag", Title: "Flag", Type: field.Uint, Base: field.Hex, Width: 1, Bits: true, Find: options.All(field.Uint, 3, 1, 0x0f, proto.Kind(68))},
	{Name: "ip.opt.sid", Title: "Stream Identifier", Type: field.Uint, Find: options.All(field.Uint, 2, 2, 0, proto.KindSize(136, 4))},
	{Name: "ip.opt.ra", Title: "Router Alert", Type: field.Uint, Find: options.All(field.Uint, 2, 2, 0, proto.KindSize(148, 4))},
}}

var options = proto.TLV(func(b []byte) (int, int) {
	if len(b) < HeaderMin {
		return -1, 0
	}
	return HeaderMin, int(b[0]&15) * 4
}, func(kind byte) bool { return kind <= 1 }, true, 0)

// route are the addresses of record and source route options: those before
// the pointer have been passed and recorded, the others are to come (RFC 791, 3.1).
func route(passed bool, kinds ...byte) proto.Find {
	is := proto.Kind(kinds...)
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		options(b, func(at, n int) bool {
			e := b[at : at+n]
			if !is(e) || n < 3 || e[2] < 4 || e[2]%4 != 0 { // the pointer is at no address
				return true
			}
			for o := 3; o+4 <= n; o += 4 {
				if (o+1 < int(e[2])) == passed && !yield(field.Span{Off: at + o, Len: 4}, field.Value{Type: field.IPv4, B: e[o : o+4]}) {
					return false
				}
			}
			return true
		})
	}
}

const timestamp = 68 // option type

// stamps are the entries of a time stamp option: words of time stamps, or pairs of address and time stamp (RFC 791, 3.1). part is the offset in a pair.
func stamps(part int) proto.Find {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		options(b, func(at, n int) bool {
			e := b[at : at+n]
			if e[0] != timestamp || n < 4 {
				return true
			}
			stride, first, kind := 8, part, field.Uint
			switch {
			case e[3]&0x0f == 0 && part == 4:
				stride, first = 4, 0
			case e[3]&0x0f == 0:
				return true
			case part == 0:
				kind = field.IPv4
			}
			for o := 4 + first; o+4 <= min(n, max(4, int(e[2])-1)); o += stride {
				v := field.Value{Type: kind, B: e[o : o+4]}
				if kind == field.Uint {
					v = field.U(field.Number(e[o:o+4], false))
				}
				if !yield(field.Span{Off: at + o, Len: 4}, v) {
					return false
				}
			}
			return true
		})
	}
}

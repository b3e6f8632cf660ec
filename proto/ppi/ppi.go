// Package ppi declares the fields of the per-packet information header of CACE Technologies.
package ppi

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// common is the field type of 802.11 radio information that all cards give.
const common = 2

var kinds = field.Names{2: "802.11-Common", 3: "802.11n MAC Extensions", 4: "802.11n MAC+PHY Extensions", 5: "Spectrum-Map", 6: "Process-Info", 7: "Capture-Info", 8: "Aggregation Extension", 9: "802.3 Extension"}

// Fields of the header. Numbers are little-endian.
var Fields = field.Table{Proto: "ppi", Title: "PPI version 0", Fields: []field.Field{
	proto.Dec("ppi.version", "Version", 0, 1, 0),
	proto.Hex("ppi.flags", "Flags", 1, 1, 0),
	proto.Bit("ppi.flags.alignment", "Alignment", 1, 1, 0x01),
	proto.Hex("ppi.flags.reserved", "Reserved", 1, 1, 0xfe),
	proto.Little(proto.Dec("ppi.length", "Header length", 2, 2, 0)),
	proto.Little(proto.Dec("ppi.dlt", "DLT", 4, 4, 0)),
	proto.Named(in(proto.Dec("ppi.field_type", "Field type", 0, 2, 0), 0), kinds),
	in(proto.Dec("ppi.field_len", "Field length", 2, 2, 0), 0),
	in(proto.Dec("ppi.80211-common.tsft", "TSFT", 4, 8, 0), common),
	in(proto.Hex("ppi.80211-common.flags", "Flags", 12, 2, 0), common),
	in(proto.Bit("ppi.80211-common.flags.fcs", "FCS present flag", 12, 2, 0x0001), common),
	in(proto.Bit("ppi.80211-common.flags.tsft", "TSFT flag", 12, 2, 0x0002), common),
	in(proto.Bit("ppi.80211-common.flags.fcs-invalid", "FCS validity", 12, 2, 0x0004), common),
	in(proto.Bit("ppi.80211-common.flags.phy-err", "PHY error flag", 12, 2, 0x0008), common),
	in(proto.Dec("ppi.80211-common.rate", "Data rate", 14, 2, 0), common),
	in(proto.Dec("ppi.80211-common.chan.freq", "Channel frequency", 16, 2, 0), common),
	in(proto.Hex("ppi.80211-common.chan.flags", "Channel flags", 18, 2, 0), common),
	in(proto.Hex("ppi.80211-common.fhss.hopset", "FHSS hopset", 20, 1, 0), common),
	in(proto.Hex("ppi.80211-common.fhss.pattern", "FHSS pattern", 21, 1, 0), common),
	in(proto.Fixed("ppi.80211-common.dbm.antsignal", "dBm antenna signal", field.Int, 22, 1), common),
	in(proto.Fixed("ppi.80211-common.dbm.antnoise", "dBm antenna noise", field.Int, 23, 1), common),
}}

// in is a field of the elements of a kind; 0 takes all.
func in(f field.Field, kind uint16) field.Field {
	return elements.In(proto.Little(f), func(e []byte) bool { return kind == 0 || binary.LittleEndian.Uint16(e) == kind })
}

var elements = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if len(b) < 8 {
		return
	}
	end := min(len(b), int(binary.LittleEndian.Uint16(b[2:])))
	for at := 8; at+4 <= end; {
		n := 4 + int(binary.LittleEndian.Uint16(b[at+2:]))
		if at+n > end || !yield(at, n) {
			return
		}
		at += n
	}
})

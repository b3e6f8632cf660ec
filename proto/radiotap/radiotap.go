// Package radiotap declares the fields of the radiotap header, which 802.11
// captures have before each frame (https://www.radiotap.org).
package radiotap

import (
	"encoding/binary"
	"math"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Numbers of the fields, the bits of the presence word.
const (
	tsft = iota
	flags
	rate
	channel
	fhss
	signal
	noise
	quality
	attenuation
	attenuationDB
	power
	antenna
	signalDB
	noiseDB
	rxFlags
	txFlags
	rtsRetries
	dataRetries
	xchannel
	mcs
	ampdu
	vht
)

// layout is alignment and size in bytes of each field.
var layout = [...]struct{ align, size int }{
	tsft: {8, 8}, flags: {1, 1}, rate: {1, 1}, channel: {2, 4}, fhss: {1, 2}, signal: {1, 1}, noise: {1, 1}, quality: {2, 2}, attenuation: {2, 2},
	attenuationDB: {2, 2}, power: {1, 1}, antenna: {1, 1}, signalDB: {1, 1}, noiseDB: {1, 1}, rxFlags: {2, 2}, txFlags: {2, 2}, rtsRetries: {1, 1},
	dataRetries: {1, 1}, xchannel: {4, 8}, mcs: {1, 3}, ampdu: {4, 8}, vht: {2, 12},
}

const (
	present = 4 // offset of the first presence word
	more    = 1 << 31
)

// Fields of the header. Numbers are little-endian.
var Fields = field.Table{Proto: "radiotap", Title: "Radiotap Header", Fields: []field.Field{
	proto.Dec("radiotap.version", "Header revision", 0, 1, 0),
	proto.Dec("radiotap.pad", "Header pad", 1, 1, 0),
	proto.Little(proto.Dec("radiotap.length", "Header length", 2, 2, 0)),
	words.In(proto.Little(proto.Hex("radiotap.present.word", "Present flags word", 0, 4, 0)), nil),
	at(tsft, proto.Dec("radiotap.mactime", "MAC timestamp", 0, 8, 0)),
	at(flags, proto.Hex("radiotap.flags", "Flags", 0, 1, 0)),
	at(flags, proto.Bit("radiotap.flags.cfp", "CFP", 0, 1, 0x01)),
	at(flags, proto.Bit("radiotap.flags.preamble", "Preamble", 0, 1, 0x02)),
	at(flags, proto.Bit("radiotap.flags.wep", "WEP", 0, 1, 0x04)),
	at(flags, proto.Bit("radiotap.flags.frag", "Fragmentation", 0, 1, 0x08)),
	at(flags, proto.Bit("radiotap.flags.fcs", "FCS at end", 0, 1, 0x10)),
	at(flags, proto.Bit("radiotap.flags.datapad", "Data Pad", 0, 1, 0x20)),
	at(flags, proto.Bit("radiotap.flags.badfcs", "Bad FCS", 0, 1, 0x40)),
	at(flags, proto.Bit("radiotap.flags.shortgi", "Short GI", 0, 1, 0x80)),
	{Name: "radiotap.datarate", Title: "Data rate (Mb/s)", Type: field.Float, Find: dataRate},
	at(channel, proto.Dec("radiotap.channel.freq", "Channel frequency", 0, 2, 0)),
	at(channel, proto.Hex("radiotap.channel.flags", "Channel flags", 2, 2, 0)),
	at(channel, proto.Bit("radiotap.channel.flags.turbo", "Turbo", 2, 2, 0x0010)),
	at(channel, proto.Bit("radiotap.channel.flags.cck", "Complementary Code Keying (CCK)", 2, 2, 0x0020)),
	at(channel, proto.Bit("radiotap.channel.flags.ofdm", "Orthogonal Frequency-Division Multiplexing (OFDM)", 2, 2, 0x0040)),
	at(channel, proto.Bit("radiotap.channel.flags.2ghz", "2 GHz spectrum", 2, 2, 0x0080)),
	at(channel, proto.Bit("radiotap.channel.flags.5ghz", "5 GHz spectrum", 2, 2, 0x0100)),
	at(channel, proto.Bit("radiotap.channel.flags.passive", "Passive", 2, 2, 0x0200)),
	at(channel, proto.Bit("radiotap.channel.flags.dynamic", "Dynamic CCK-OFDM", 2, 2, 0x0400)),
	at(signal, proto.Fixed("radiotap.dbm_antsignal", "Antenna signal", field.Int, 0, 1)),
	at(noise, proto.Fixed("radiotap.dbm_antnoise", "Antenna noise", field.Int, 0, 1)),
	at(quality, proto.Dec("radiotap.quality", "Signal Quality", 0, 2, 0)),
	at(antenna, proto.Dec("radiotap.antenna", "Antenna", 0, 1, 0)),
	at(signalDB, proto.Dec("radiotap.db_antsignal", "dB antenna signal", 0, 1, 0)),
	at(noiseDB, proto.Dec("radiotap.db_antnoise", "dB antenna noise", 0, 1, 0)),
	at(rxFlags, proto.Hex("radiotap.rxflags", "RX flags", 0, 2, 0)),
	at(rxFlags, proto.Bit("radiotap.rxflags.badplcp", "Bad PLCP", 0, 2, 0x0002)),
	at(txFlags, proto.Hex("radiotap.txflags", "TX flags", 0, 2, 0)),
	at(mcs, proto.Hex("radiotap.mcs.known", "Known MCS information", 0, 1, 0)),
	at(mcs, proto.Dec("radiotap.mcs.index", "MCS index", 2, 1, 0)),
	at(ampdu, proto.Dec("radiotap.ampdu.reference", "A-MPDU reference number", 0, 4, 0)),
	at(ampdu, proto.Hex("radiotap.ampdu.flags", "A-MPDU flags", 4, 2, 0)),
}}

// at is a field of what a bit of the presence words announces; with several antennas there are several.
func at(bit int, f field.Field) field.Field {
	return announced(bit).In(proto.Little(f), nil)
}

// words walks the presence words: the highest bit says that another one follows.
var words = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	for off := present; off+4 <= headerLen(b); off += 4 {
		if !yield(off, 4) || binary.LittleEndian.Uint32(b[off:])&more == 0 {
			return
		}
	}
})

func headerLen(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	return min(len(b), int(binary.LittleEndian.Uint16(b[2:])))
}

// The bits that say whose the next presence word is: radiotap's again, or a vendor's.
const (
	radiotapNext = 1 << 29
	vendorNext   = 1 << 30
)

// announced walks the places of one kind of field. Fields come in the order
// of their bits, each aligned from the start of the header; the walk ends at
// a vendor's word, whose fields only the vendor can measure, and at a bit without a layout.
func announced(bit int) proto.Walk {
	return func(b []byte, yield func(off, n int) bool) {
		end, off, known := headerLen(b), present, true
		words(b, func(at, n int) bool { off = at + n; return true })
		words(b, func(at, _ int) bool {
			word := binary.LittleEndian.Uint32(b[at:])
			for i := 0; i < firstMark && known; i++ {
				if word&(1<<i) == 0 {
					continue
				}
				if known = i < len(layout); !known {
					break
				}
				l := layout[i]
				off = (off + l.align - 1) &^ (l.align - 1)
				if off+l.size > end || i == bit && !yield(off, l.size) {
					known = false
				}
				off += l.size
			}
			return known && word&vendorNext == 0 && word&radiotapNext != 0
		})
	}
}

// firstMark is the first bit of a presence word that stands for no field.
const firstMark = 29

// dataRate is in units of 500 kb/s.
func dataRate(b []byte, yield func(field.Span, field.Value) bool) {
	announced(rate)(b, func(off, _ int) bool {
		return yield(field.Span{Off: off, Len: 1}, field.Value{Type: field.Float, U: math.Float64bits(float64(b[off]) / 2)})
	})
}

// Package wlan declares the fields of the IEEE 802.11 MAC header (9.2, 9.3).
package wlan

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Kinds of frames, the type bits of frame control.
const (
	management = 0
	control    = 1
	data       = 2
)

var dsStatus = field.Names{
	0: "Not leaving DS or network is operating in AD-HOC mode", 1: "Frame from STA to DS via an AP", 2: "Frame from DS to a STA via AP", 3: "WDS (AP to AP) or Mesh (MP to MP) Frame",
}

// Fields of the header. Numbers are little-endian.
var Fields = field.Table{Proto: "wlan", Title: "IEEE 802.11", Fields: []field.Field{
	{Name: "wlan.fc.type_subtype", Title: "Type/Subtype", Type: field.Uint, Base: field.Hex, Width: 2, Names: proto.Names("wlan.fc.type_subtype"), Bits: true,
		Find: proto.Computed(0, 2, func(b []byte) field.Value { return field.U(uint64(kind(b))<<4 | uint64(b[0]>>4)) })},
	proto.Hex("wlan.fc", "Frame Control Field", 0, 2, 0),
	proto.Dec("wlan.fc.version", "Version", 0, 1, 0x03),
	proto.Named(proto.Dec("wlan.fc.type", "Type", 0, 1, 0x0c), field.Names{0: "Management frame", 1: "Control frame", 2: "Data frame", 3: "Extension frame"}),
	proto.Dec("wlan.fc.subtype", "Subtype", 0, 1, 0xf0),
	proto.Hex("wlan.flags", "Flags", 1, 1, 0),
	proto.Named(proto.Hex("wlan.fc.ds", "DS status", 1, 1, 0x03), dsStatus),
	proto.Bit("wlan.fc.tods", "To DS", 1, 1, 0x01),
	proto.Bit("wlan.fc.fromds", "From DS", 1, 1, 0x02),
	proto.Bit("wlan.fc.frag", "More Fragments", 1, 1, 0x04),
	proto.Bit("wlan.fc.retry", "Retry", 1, 1, 0x08),
	proto.Bit("wlan.fc.pwrmgt", "PWR MGT", 1, 1, 0x10),
	proto.Bit("wlan.fc.moredata", "More Data", 1, 1, 0x20),
	proto.Bit("wlan.fc.protected", "Protected flag", 1, 1, 0x40),
	proto.Bit("wlan.fc.order", "+HTC/Order flag", 1, 1, 0x80),
	proto.When(proto.Little(proto.Dec("wlan.duration", "Duration", 2, 2, 0x7fff)), func(b []byte) bool { return len(b) >= 4 && b[3]&0x80 == 0 }),
	{Name: "wlan.ra", Title: "Receiver address", Type: field.Ether, Find: roles(receiver)},
	{Name: "wlan.ta", Title: "Transmitter address", Type: field.Ether, Find: roles(transmitter)},
	{Name: "wlan.da", Title: "Destination address", Type: field.Ether, Find: roles(destination)},
	{Name: "wlan.sa", Title: "Source address", Type: field.Ether, Find: roles(source)},
	{Name: "wlan.bssid", Title: "BSS Id", Type: field.Ether, Find: roles(bss)},
	{Name: "wlan.addr", Title: "Hardware address", Type: field.Ether, Hidden: true, Find: everyAddress},
	proto.When(proto.Little(proto.Dec("wlan.frag", "Fragment number", 22, 2, 0x000f)), sequenced),
	proto.When(proto.Little(proto.Dec("wlan.seq", "Sequence number", 22, 2, 0xfff0)), sequenced),
	proto.Moved(proto.Little(proto.Hex("wlan.qos", "Qos Control", 0, 2, 0)), qos),
	proto.Moved(proto.Little(proto.Dec("wlan.qos.tid", "TID", 0, 2, 0x000f)), qos),
	proto.Moved(proto.Little(proto.Dec("wlan.qos.priority", "Priority", 0, 2, 0x0007)), qos),
	proto.Moved(proto.Little(proto.Hex("wlan.qos.ack", "Ack Policy", 0, 2, 0x0060)), qos),
	proto.Moved(proto.Little(proto.Bit("wlan.qos.amsdupresent", "Payload Type", 0, 2, 0x0080)), qos),
}}

func kind(b []byte) byte { return b[0] >> 2 & 3 }

// ds is the To DS and From DS bits as a number: 1 to, 2 from, 3 both.
func ds(b []byte) byte { return b[1] & 3 }

func sequenced(b []byte) bool { return len(b) >= 24 && (kind(b) == management || kind(b) == data) }

// qos is the offset of the QoS control field, which follows the fourth address where there is one.
func qos(b []byte) int {
	if len(b) < 24 || kind(b) != data || b[0]&0x80 == 0 {
		return -1
	}
	if ds(b) == 3 {
		return 30
	}
	return 24
}

type role uint8

const (
	receiver role = iota
	transmitter
	destination
	source
	bss
)

// addresses are the four address fields of a header, by offset.
const (
	address1 = 4
	address2 = 10
	address3 = 16
	address4 = 24
)

// places has the offset of each role by the DS bits (IEEE 802.11, table 9-30); 0 for none.
var places = [4][5]int{
	0: {receiver: address1, transmitter: address2, destination: address1, source: address2, bss: address3},
	1: {receiver: address1, transmitter: address2, destination: address3, source: address2, bss: address1},
	2: {receiver: address1, transmitter: address2, destination: address1, source: address3, bss: address2},
	3: {receiver: address1, transmitter: address2, destination: address3, source: address4},
}

func roles(r role) proto.Find {
	return proto.At(field.Ether, 6, 0, func(b []byte) int {
		if off := place(b, r); off > 0 {
			return off
		}
		return -1
	})
}

// place is the offset of the address with a role, 0 when the frame has none.
func place(b []byte, r role) int {
	if len(b) < 10 {
		return 0
	}
	switch kind(b) {
	case data:
		return places[ds(b)][r]
	case management:
		return places[0][r]
	case control:
		return controlPlace(b, r)
	}
	return 0
}

// Subtypes of control frames.
const (
	blockAckRequest = 8
	blockAck        = 9
	psPoll          = 10
	rts             = 11
	cfEnd           = 14
	cfEndAck        = 15
)

func controlPlace(b []byte, r role) int {
	if r == receiver {
		return address1
	}
	switch b[0] >> 4 {
	case blockAckRequest, blockAck, rts:
		if r == transmitter {
			return address2
		}
	case psPoll:
		switch r {
		case bss:
			return address1
		case transmitter:
			return address2
		}
	case cfEnd, cfEndAck:
		if r == transmitter || r == bss {
			return address2
		}
	}
	return 0
}

// everyAddress yields each address field that has a role once.
func everyAddress(b []byte, yield func(field.Span, field.Value) bool) {
	for _, off := range [...]int{address1, address2, address3, address4} {
		used := false
		for r := receiver; r <= bss; r++ {
			used = used || place(b, r) == off
		}
		if used && off+6 <= len(b) && !yield(field.Span{Off: off, Len: 6}, field.Value{Type: field.Ether, B: b[off : off+6]}) {
			return
		}
	}
}

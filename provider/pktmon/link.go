package pktmon

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Types of packets (map PacketType; those after HTTP are not in any map of a trace).
const (
	typeEthernet = 1
	typeWiFi     = 2
	typeIP       = 3
)

// link is the first layer of a packet of this type.
//
// The type is that of the adapter's medium, not of the frame: a filter above
// the Native Wi-Fi filter sees Ethernet frames, and pktmon calls those at its
// lower edge Wi-Fi all the same (seen on Windows 11 24H2). What the bytes say
// decides when the two contradict each other.
func link(kind uint16, b []byte) trace.LinkType {
	switch kind {
	case typeEthernet:
		return trace.LinkEthernet
	case typeWiFi:
		if len(b) > 0 && b[0]&3 != 0 || !native80211(b) && ethernet(b) { // there is no version of 802.11 but 0
			return trace.LinkEthernet
		}
		return trace.LinkWiFi
	case typeIP:
		return trace.LinkRaw
	}
	return trace.LinkUnknown
}

// native80211 reports whether a frame is an 802.11 data frame with LLC/SNAP behind its header.
func native80211(b []byte) bool {
	n := provider.DataHeader80211(b)
	return n > 0 && len(b) >= n+3 && b[n] == 0xaa && b[n+1] == 0xaa && b[n+2] == 3
}

// ethernet reports whether a frame makes sense as Ethernet: a type that hosts
// use, and behind it a header of that type.
func ethernet(b []byte) bool {
	if len(b) < 18 {
		return false
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case 0x0800:
		return b[14]>>4 == 4 && b[14]&15 >= 5
	case 0x86dd:
		return b[14]>>4 == 6
	case 0x0806: // of Ethernet addresses
		return b[14] == 0 && b[15] == 1
	case 0x888e: // EAPOL, versions 1 to 3
		return b[14] >= 1 && b[14] <= 3
	case 0x8100: // a tag, then one of the above
		t := binary.BigEndian.Uint16(b[16:])
		return t == 0x0800 || t == 0x86dd || t == 0x0806 || t == 0x888e
	}
	return false
}

// decipher clears the Protected flag of a frame that is plain text, in a copy: the event keeps the bytes as they were recorded.
func (p *Packets) decipher(out *trace.Record) {
	if !provider.Decrypted80211(out.Data) {
		return
	}
	p.plain = append(p.plain[:0], out.Data...)
	p.plain[1] &^= 0x40
	out.Data = p.plain
	p.comment(provider.Deciphered)
}

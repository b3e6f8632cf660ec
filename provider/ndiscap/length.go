package ndiscap

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// wireLength is what the IP header says of a packet that the recorder cut: the
// event does not keep the length. It is the captured length when the packet is
// no IP, or its length field is 0, as segmentation offload leaves it.
func wireLength(l trace.LinkType, b []byte) int {
	off := network(l, b)
	if off < 0 || off > len(b) {
		return len(b)
	}
	ip := b[off:]
	total := 0
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		total = int(binary.BigEndian.Uint16(ip[2:]))
	case len(ip) >= 40 && ip[0]>>4 == 6:
		if total = int(binary.BigEndian.Uint16(ip[4:])); total > 0 {
			total += 40
		}
	}
	if total == 0 {
		return len(b)
	}
	return max(len(b), off+total)
}

// network is where the IP header of a frame begins, -1 when it has none.
func network(l trace.LinkType, b []byte) int {
	at := 12
	switch l {
	case trace.LinkRaw:
		return 0
	case trace.LinkWiFi:
		n := provider.DataHeader80211(b)
		if n < 0 || len(b) < n+8 || b[n] != 0xaa {
			return -1
		}
		at = n + 6
	}
	for range 3 { // two tags, then the type
		if len(b) < at+2 {
			return -1
		}
		switch binary.BigEndian.Uint16(b[at:]) {
		case 0x0800, 0x86dd:
			return at + 2
		case 0x8100, 0x88a8:
			at += 4
		default:
			return -1
		}
	}
	return -1
}

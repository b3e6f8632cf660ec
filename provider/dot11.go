package provider

// DataHeader80211 is the length in bytes of the MAC header of an 802.11 data
// frame, -1 when b is no data frame or ends before its header does (IEEE
// 802.11, 9.3.2.1).
func DataHeader80211(b []byte) int {
	if len(b) < 24 || b[0]>>2&3 != 2 {
		return -1
	}
	n := 24
	if b[1]&3 == 3 { // from one access point to another: a fourth address
		n += 6
	}
	if b[0]&0x80 != 0 { // QoS control
		n += 2
		if b[1]&0x80 != 0 { // HT control
			n += 4
		}
	}
	if n > len(b) {
		return -1
	}
	return n
}

// Decrypted80211 reports whether an 802.11 data frame says that it is
// protected while the LLC/SNAP header stands in the clear where the cipher's
// header would: the driver decrypted the frame before it was recorded and left
// the flag (bit 6 of the second byte).
func Decrypted80211(b []byte) bool {
	n := DataHeader80211(b)
	return n > 0 && b[1]&0x40 != 0 && len(b) >= n+6 &&
		b[n] == 0xaa && b[n+1] == 0xaa && b[n+2] == 3 && b[n+3] == 0 && b[n+4] == 0 && (b[n+5] == 0 || b[n+5] == 0xf8)
}

// Deciphered is the note on a frame whose bytes are not quite those of the event.
const Deciphered = "the driver decrypted the frame: its Protected flag (0x40 in byte 1) is cleared here, the event has it set"

package packet

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// radiotap walks the header of https://www.radiotap.org and takes from its
// flags whether the frame ends in an FCS and is padded behind its header.
func (w *walk) radiotap() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.Radiotap, 8)
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		w.add(proto.Radiotap, 8)
		return w.bad(proto.Radiotap, 8, n, "header length")
	}
	if len(b) < n {
		return w.short(proto.Radiotap, n)
	}
	w.add(proto.Radiotap, n)
	flags := radiotapFlags(b[:n])
	w.off += n
	w.wifiFCS(flags&0x10 != 0)
	w.padded = flags&0x20 != 0
	return wlanRadio
}

// radiotapFlags is the flags field, which follows the time stamp; 0 when there is none.
func radiotapFlags(b []byte) uint8 {
	present := binary.LittleEndian.Uint32(b[4:])
	at := 8
	for more := present; more&(1<<31) != 0; at += 4 {
		if len(b) < at+4 {
			return 0
		}
		more = binary.LittleEndian.Uint32(b[at:])
	}
	if present&1 != 0 { // TSFT, aligned to 8
		at = (at+7)&^7 + 8
	}
	if present&2 == 0 || at >= len(b) {
		return 0
	}
	return b[at]
}

// wifiFCS takes four bytes off the end of the frame.
func (w *walk) wifiFCS(has bool) {
	if has && w.wire-w.off >= 4 {
		w.wire -= 4
		w.end = min(w.end, w.wire)
	}
}

// ppi walks the per-packet information header, which names the link type that follows.
func (w *walk) ppi() step {
	b := w.rest()
	if len(b) < 8 {
		return w.short(proto.PPI, 8)
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		w.add(proto.PPI, 8)
		return w.bad(proto.PPI, 8, n, "header length")
	}
	if len(b) < n {
		return w.short(proto.PPI, n)
	}
	w.add(proto.PPI, n)
	// The common 802.11 field (type 2) says whether the frame ends in an FCS.
	fcs := false
	for at := 8; at+4 <= n; {
		kind, length := binary.LittleEndian.Uint16(b[at:]), int(binary.LittleEndian.Uint16(b[at+2:]))
		if kind == 2 && length >= 10 && at+14 <= n {
			fcs = b[at+12]&1 != 0
		}
		at += 4 + length
	}
	w.off += n
	w.wifiFCS(fcs)
	next := firstStep(trace.LinkType(binary.LittleEndian.Uint32(b[4:])))
	switch next {
	case wlan:
		return wlanRadio
	case ppi:
		return opaque
	}
	return next
}

// Bits of the frame control field of IEEE 802.11, 9.2.4.1, read as a little-endian number.
const (
	wifiTypeMask   = 0x000c
	wifiData       = 0x0008
	wifiControl    = 0x0004
	wifiNull       = 0x0040 // data subtypes with this bit carry no data
	wifiQoS        = 0x0080
	wifiToDS       = 0x0100
	wifiFromDS     = 0x0200
	wifiMoreFrag   = 0x0400
	wifiProtected  = 0x4000
	wifiOrder      = 0x8000
	wifiAggregated = 0x80 // in the first byte of QoS control: A-MSDU
)

func (w *walk) wlan() step {
	b := w.rest()
	if len(b) < 10 {
		return w.short(proto.WLAN, 10)
	}
	if b[4]&1 != 0 {
		w.p.Flags |= Multicast
	}
	fc := binary.LittleEndian.Uint16(b)
	if fc&wifiTypeMask != wifiData {
		return w.wlanOther(fc, b)
	}
	n := 24
	if fc&(wifiToDS|wifiFromDS) == wifiToDS|wifiFromDS {
		n += 6
	}
	qos := n
	if fc&wifiQoS != 0 {
		n += 2
		if fc&wifiOrder != 0 {
			n += 4
		}
	}
	if w.padded { // padded to four bytes
		n = (n + 3) &^ 3
	}
	if len(b) < n {
		return w.short(proto.WLAN, n)
	}
	w.add(proto.WLAN, n)
	w.off += n
	switch {
	case fc&wifiNull != 0 || w.wire == w.off:
		return done
	case fc&wifiProtected != 0, fc&wifiMoreFrag != 0, b[22]&15 != 0: // encrypted, or a fragment
		return opaque
	case fc&wifiQoS != 0 && b[qos]&wifiAggregated != 0:
		return w.amsdu()
	}
	return w.wlanPayload()
}

// wlanOther is a management or control frame: a header and nothing that leads to a network layer.
func (w *walk) wlanOther(fc uint16, b []byte) step {
	n := 24
	if fc&wifiTypeMask == wifiControl {
		n = 10
	}
	w.add(proto.WLAN, min(n, len(b)))
	return done
}

// amsdu enters the first frame of an aggregate.
func (w *walk) amsdu() step {
	b := w.rest()
	if len(b) < 14 {
		return opaque
	}
	w.off += 14
	w.limit(int(be16(b[12:])))
	return w.wlanPayload()
}

// wlanPayload is LLC, but some stacks put an Ethernet type or a whole frame there.
func (w *walk) wlanPayload() step {
	b := w.rest()
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0xff {
		return opaque
	}
	return llc
}

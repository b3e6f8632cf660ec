//go:build linux

package packets

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A Block is a part of the ring with the frames that came one after another.
type Block struct {
	mem      []byte
	left, at uint32
}

// A Frame is one of a block: Data is valid until the block is given back.
type Frame struct {
	Time      int64 // nanoseconds since 1970
	Data      []byte
	Wire      int // length before it was cut
	Interface int // index
	Hardware  uint16
	Kind      uint8 // PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING
	// NotReady: the card, or nobody, will fill in the checksum. Valid: the card found it right. Segmented: one of TCP that the card is to cut, or that it has joined.
	NotReady, Valid, Segmented bool
	Tagged                     bool // the card took a tag of a VLAN off
	TCI, TPID                  uint16
	network                    int // offset of the network layer
}

// Offsets in the header of a frame (struct tpacket3_hdr), and of the address behind it (struct sockaddr_ll).
const (
	frameNext   = 0
	frameSec    = 4
	frameNsec   = 8
	frameSnap   = 12
	frameLen    = 16
	frameStatus = 20
	frameMAC    = 24
	frameNet    = 26
	frameTCI    = 32
	frameTPID   = 36
	frameHeader = 48

	addressIndex    = frameHeader + 4
	addressHardware = frameHeader + 8
	addressKind     = frameHeader + 10
	frameEnd        = frameHeader + 20
)

const statusSegmented = 1 << 8 // TP_STATUS_GSO_TCP

func word(b []byte, at uint32) uint32 { return binary.NativeEndian.Uint32(b[at:]) }

// Next fills f with the next frame; false behind the last one.
func (b *Block) Next(f *Frame) bool {
	if b.left == 0 || int64(b.at)+frameEnd > int64(len(b.mem)) {
		return false
	}
	h := b.mem[b.at:]
	snap, mac := int(word(h, frameSnap)), int(binary.NativeEndian.Uint16(h[frameMAC:]))
	if mac+snap > len(h) { // the kernel does not write this
		b.left = 0
		return false
	}
	status := word(h, frameStatus)
	f.Time = int64(word(h, frameSec))*1e9 + int64(word(h, frameNsec))
	f.Data, f.Wire = h[mac:mac+snap:mac+snap], int(word(h, frameLen))
	f.network = int(binary.NativeEndian.Uint16(h[frameNet:])) - mac
	f.Interface, f.Hardware, f.Kind = int(int32(word(h, addressIndex))), binary.NativeEndian.Uint16(h[addressHardware:]), h[addressKind]
	f.NotReady, f.Valid, f.Segmented = status&unix.TP_STATUS_CSUMNOTREADY != 0, status&unix.TP_STATUS_CSUM_VALID != 0, status&statusSegmented != 0
	if f.Tagged = status&unix.TP_STATUS_VLAN_VALID != 0; f.Tagged {
		f.TCI, f.TPID = uint16(word(h, frameTCI)), unix.ETH_P_8021Q
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			f.TPID = binary.NativeEndian.Uint16(h[frameTPID:])
		}
	}
	b.left--
	b.at += word(h, frameNext)
	return true
}

// Peek is the time of the next frame; false behind the last one.
func (b *Block) Peek() (int64, bool) {
	if b.left == 0 || int64(b.at)+frameEnd > int64(len(b.mem)) {
		return 0, false
	}
	h := b.mem[b.at:]
	return int64(word(h, frameSec))*1e9 + int64(word(h, frameNsec)), true
}

// Network is the frame from its network layer on.
func (f *Frame) Network() []byte {
	if f.network < 0 || f.network > len(f.Data) {
		return nil
	}
	return f.Data[f.network:]
}

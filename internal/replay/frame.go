package replay

import (
	"encoding/binary"
	"net/netip"

	"github.com/wiretale/wiretale/internal/checksum"
	"github.com/wiretale/wiretale/proto/tcp"
)

const (
	ipv4Len   = 20
	ipv6Len   = 40
	maxLength = 0xffff // that the length of an IP packet can say
	window    = 0xffff
	// shift is the largest window scale (RFC 7323, 2.3): there is always room, so that no program sees a window that is full.
	shift       = 14
	optionsLen  = 8
	numberTCP   = 6
	usualTTL    = 64
	dontSplit   = 0x4000 // Don't Fragment (RFC 791, 3.1)
	maxMSSValue = 0xffff
)

// frame writes a frame of a side and hands it out. It has the acknowledgment of what the side has heard.
func (c *Connection) frame(dir int, flags tcp.Flags, seq uint32, data []byte) error {
	d := &c.dirs[dir]
	head := tcp.HeaderMin
	if flags&tcp.SYN != 0 {
		head += optionsLen
	}
	ack := uint32(0)
	if from := &c.dirs[1-dir]; !d.acks && from.begun && flags&tcp.SYN == 0 { // every segment but the first has one (RFC 9293, 3.10.7.4)
		d.acks, d.ack = true, from.first
	}
	if d.acks {
		flags |= tcp.ACK
		ack, d.owes = d.ack, false
	}
	b := append(c.buf[:0], d.Link...)
	b = c.network(b, dir, head+len(data))
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, c.ends[dir].Port())
	b = binary.BigEndian.AppendUint16(b, c.ends[1-dir].Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, byte(head/4)<<4, byte(flags))
	b = binary.BigEndian.AppendUint16(b, window)
	b = append(b, 0, 0, 0, 0) // checksum, urgent pointer
	if flags&tcp.SYN != 0 {
		mss := d.MSS
		if mss <= 0 {
			mss = usualMSS
		}
		b = append(b, 2, 4)
		b = binary.BigEndian.AppendUint16(b, uint16(min(mss, maxMSSValue)))
		b = append(b, 1, 3, 3, shift)
	}
	b = append(b, data...)
	sum := pseudo(c.ends[dir].Addr(), c.ends[1-dir].Addr(), len(b)-at)
	binary.BigEndian.PutUint16(b[at+16:], ^checksum.Fold(sum+checksum.Sum(b[at:])))
	c.buf = b
	return c.out(Frame{Dir: dir, Data: b})
}

// network appends the header of the network layer for a payload of n bytes.
func (c *Connection) network(b []byte, dir, n int) []byte {
	d := &c.dirs[dir]
	ttl := d.TTL
	if ttl == 0 {
		ttl = usualTTL
	}
	src, dst := c.ends[dir].Addr(), c.ends[1-dir].Addr()
	if !src.Is4() {
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = append(b, numberTCP, ttl)
		return append(append(b, src.AsSlice()...), dst.AsSlice()...)
	}
	at := len(b)
	d.id++
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Len+n))
	b = binary.BigEndian.AppendUint16(b, d.id)
	b = binary.BigEndian.AppendUint16(b, dontSplit)
	b = append(b, ttl, numberTCP, 0, 0)
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	binary.BigEndian.PutUint16(b[at+10:], ^checksum.Fold(checksum.Sum(b[at:])))
	return b
}

// pseudo is the sum of the pseudo header of a segment of n bytes (RFC 9293, 3.1; RFC 8200, 8.1).
func pseudo(src, dst netip.Addr, n int) uint64 {
	return checksum.Sum(src.AsSlice()) + checksum.Sum(dst.AsSlice()) + numberTCP + uint64(n)
}

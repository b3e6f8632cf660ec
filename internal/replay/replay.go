// Package replay writes the segments of a connection of TCP whose sides send
// given bytes at given times: what was decrypted becomes frames again that
// every program reads.
//
// Sequence numbers count the given bytes (RFC 9293, 3.4), from the initial
// numbers that the real connection had. What the real sides acknowledged is
// acknowledged at the same moment: a [Connection] keeps which number on the
// wire stands for which of its own. Checksums are right.
package replay

import (
	"errors"
	"net/netip"

	"github.com/wiretale/wiretale/proto/tcp"
)

// A Frame is one that a side sends.
type Frame struct {
	Dir  int    // of the sender: index of the ends
	Data []byte // valid until the next frame
}

// A Side is what the frames of one side have in common.
type Side struct {
	Link []byte // what stands before the network layer in each frame
	TTL  uint8  // or hop limit
	MSS  int    // of its SYN: the most that it takes in one segment; 0 when that is not known
}

// usualMSS is what fits into an Ethernet frame with the headers of IPv4 and TCP.
const usualMSS = 1460

// maxMarks bounds the numbers of one direction that wait for an acknowledgment. Of more the oldest are acknowledged with those that follow.
const maxMarks = 256

// A mark says that a number of the real connection stands for one of this.
type mark struct{ wire, number uint32 }

type direction struct {
	Side
	known  bool
	opened bool   // it sent its SYN
	closed bool   // its FIN
	reset  bool   // its RST
	first  uint32 // number of offset 0
	next   int64  // offset behind what was sent
	wire   uint32 // behind what was sent in the real connection
	begun  bool   // first and wire are set
	ack    uint32 // of what the other side sent; valid iff acks
	acks   bool
	owes   bool // an acknowledgment that no frame has carried yet
	id     uint16
	marks  []mark
}

// A Connection is written frame by frame, in the order of its calls. It is not safe for concurrent use.
type Connection struct {
	ends [2]netip.AddrPort
	dirs [2]direction
	out  func(Frame) error
	buf  []byte
}

// ErrFamilies says that a connection goes from IPv4 to IPv6.
var ErrFamilies = errors.New("the two ends have addresses of different families")

// New begins a connection between two ends, and hands its frames to out.
func New(ends [2]netip.AddrPort, out func(Frame) error) (*Connection, error) {
	for i := range ends {
		ends[i] = netip.AddrPortFrom(ends[i].Addr().Unmap(), ends[i].Port())
	}
	if !ends[0].IsValid() || !ends[1].IsValid() || ends[0].Addr().Is4() != ends[1].Addr().Is4() {
		return nil, ErrFamilies
	}
	return &Connection{ends: ends, out: out}, nil
}

// Known reports whether Describe was called for a direction.
func (c *Connection) Known(dir int) bool { return c.dirs[dir].known }

// Describe says what the frames of a side are like. Without it, or when there is no other than a link of the network layer, they begin with that layer.
func (c *Connection) Describe(dir int, s Side) {
	d := &c.dirs[dir]
	s.Link = append([]byte(nil), s.Link...)
	d.Side, d.known = s, true
}

// Open sends the SYN of a side, with an acknowledgment when the side has heard from the other. seq is the number of the real SYN. One more SYN is none.
func (c *Connection) Open(dir int, seq uint32, mss int) error {
	d := &c.dirs[dir]
	if d.opened || d.next > 0 || d.closed {
		return nil
	}
	d.opened, d.begun, d.MSS = true, true, mss
	d.first, d.wire = seq+1, seq+1
	d.mark(seq+1, seq+1)
	return c.frame(dir, tcp.SYN, seq, nil)
}

// Seen says that a side sent n bytes at seq in the real connection; a FIN counts as one.
func (c *Connection) Seen(dir int, seq uint32, n int) {
	d := &c.dirs[dir]
	if !d.begun {
		d.begun, d.first, d.wire = true, seq, seq
	}
	if end := seq + uint32(n); int32(end-d.wire) > 0 {
		d.wire = end
	}
}

// Heard says that a side acknowledged ack in the real connection. The next frame of the side, or Settle, says so here.
func (c *Connection) Heard(dir int, ack uint32) {
	d, from := &c.dirs[dir], &c.dirs[1-dir]
	if !from.begun {
		from.begun, from.first, from.wire = true, ack, ack
	}
	n := 0
	for n < len(from.marks) && int32(ack-from.marks[n].wire) >= 0 {
		n++
	}
	if n == 0 {
		return
	}
	if number := from.marks[n-1].number; !d.acks || int32(number-d.ack) > 0 {
		d.ack, d.acks, d.owes = number, true, true
	}
	from.marks = from.marks[:copy(from.marks, from.marks[n:])]
}

// Send sends bytes of a side that lie at an offset of all that it sends. What lies between them and those before is missing: other programs will see that.
func (c *Connection) Send(dir int, at int64, data []byte) error {
	d := &c.dirs[dir]
	d.begun = true
	for len(data) > 0 {
		n := min(len(data), c.most(dir))
		flags := tcp.Flags(0)
		if n == len(data) {
			flags = tcp.PSH
		}
		if err := c.frame(dir, flags, d.first+uint32(at), data[:n]); err != nil {
			return err
		}
		at, data = at+int64(n), data[n:]
	}
	if d.next = max(d.next, at); !d.closed {
		d.mark(d.wire, d.first+uint32(d.next))
	}
	return nil
}

// Next is the offset behind what a side has sent.
func (c *Connection) Next(dir int) int64 { return c.dirs[dir].next }

// Close sends the FIN of a side, once. at is the offset behind all that it sent: beyond Next when the last bytes are missing.
func (c *Connection) Close(dir int, at int64) error {
	d := &c.dirs[dir]
	if d.closed || d.reset {
		return nil
	}
	d.closed, d.next = true, max(d.next, at)
	end := d.first + uint32(d.next)
	d.mark(d.wire, end+1)
	return c.frame(dir, tcp.FIN, end, nil)
}

// Reset sends the RST of a side, once.
func (c *Connection) Reset(dir int) error {
	d := &c.dirs[dir]
	if d.reset {
		return nil
	}
	d.reset = true
	return c.frame(dir, tcp.RST, d.end(), nil)
}

// Settle sends the acknowledgment that a side owes, in a segment of its own.
func (c *Connection) Settle(dir int) error {
	d := &c.dirs[dir]
	if !d.owes || d.reset {
		return nil
	}
	return c.frame(dir, 0, d.end(), nil)
}

// end is the number behind all that was sent, the FIN included.
func (d *direction) end() uint32 {
	end := d.first + uint32(d.next)
	if d.closed {
		end++
	}
	return end
}

func (d *direction) mark(wire, number uint32) {
	if n := len(d.marks); n > 0 && (d.marks[n-1].wire == wire || n == maxMarks) {
		d.marks[n-1] = mark{wire, number}
		return
	}
	d.marks = append(d.marks, mark{wire, number})
}

// most is how many bytes one segment of a side may have: what the other side takes, and IP can say.
func (c *Connection) most(dir int) int {
	mss := c.dirs[1-dir].MSS
	if mss <= 0 {
		mss = usualMSS
	}
	return min(mss, maxLength-ipv6Len-tcp.HeaderMin)
}

package replay

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

var ends4 = [2]netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("198.51.100.2:80")}
var ends6 = [2]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:50000"), netip.MustParseAddrPort("[2001:db8::2]:80")}

// ether is a link header for a family.
func ether(ends [2]netip.AddrPort) []byte {
	b := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
	if !ends[0].Addr().Is4() {
		b[12], b[13] = 0x86, 0xdd
	}
	return b
}

// A reader puts what was sent together again.
type reader struct {
	t     testing.TB
	first [2]uint32 // number of offset 0
	ends  [2]netip.AddrPort
	got   [2]map[int64]byte
	flags []tcp.Flags
	acks  []uint32
	sizes []int
}

func (r *reader) take(f Frame) error {
	r.t.Helper()
	rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: f.Data, WireLen: len(f.Data)}
	var d packet.Decoder
	var p packet.Packet
	d.Decode(&rec, &p)
	if p.Transport != proto.TCP || p.Err != nil || p.Flags&(packet.Malformed|packet.BadIPChecksum|packet.Trailing) != 0 {
		r.t.Fatalf("frame %d: %v, flags %x, %v", len(r.flags)+1, p.Transport, p.Flags, p.Err)
	}
	if sum := p.Checksum(); sum != packet.ChecksumGood {
		r.t.Fatalf("frame %d: checksum is %v", len(r.flags)+1, sum)
	}
	if got := [2]netip.AddrPort{netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)}; got != [2]netip.AddrPort{r.ends[f.Dir], r.ends[1-f.Dir]} {
		r.t.Fatalf("frame from %v", got)
	}
	r.flags, r.acks, r.sizes = append(r.flags, p.TCP.Flags), append(r.acks, p.TCP.Ack), append(r.sizes, len(p.Payload))
	if r.got[f.Dir] == nil {
		r.got[f.Dir] = map[int64]byte{}
	}
	for i, b := range p.Payload {
		r.got[f.Dir][int64(int32(p.TCP.Seq-r.first[f.Dir]))+int64(i)] = b
	}
	return nil
}

func TestConnection(t *testing.T) {
	for _, ends := range [][2]netip.AddrPort{ends4, ends6} {
		r := &reader{t: t, ends: ends, first: [2]uint32{0xffffffff, 1001}} // the first wraps
		c, err := New(ends, r.take)
		if err != nil {
			t.Fatal(err)
		}
		for dir := range ends {
			c.Describe(dir, Side{Link: ether(ends), TTL: 64})
		}
		text := bytes.Repeat([]byte("0123456789"), 300)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(c.Open(0, 0xfffffffe, 1000))
		c.Heard(1, 0xffffffff)
		ok(c.Open(1, 1000, 1460))
		ok(c.Open(1, 1000, 1460)) // sent again: nothing
		c.Heard(0, 1001)
		ok(c.Settle(0))
		c.Seen(0, 0xffffffff, 500) // 500 on the wire, 4 here
		ok(c.Send(0, 0, []byte("GET ")))
		c.Heard(1, 100) // of a part only
		ok(c.Settle(1)) // owes nothing
		c.Heard(1, 499)
		ok(c.Settle(1))
		c.Seen(1, 1001, 3100)
		ok(c.Send(1, 10, text)) // 10 bytes before it are missing
		c.Heard(0, 1001+3100)
		ok(c.Settle(0))
		c.Seen(1, 1001+3100, 1)
		ok(c.Close(1, 0))
		ok(c.Close(1, 0))
		c.Heard(0, 1001+3101)
		ok(c.Reset(0))
		want := []tcp.Flags{tcp.SYN, tcp.SYN | tcp.ACK, tcp.ACK, tcp.ACK | tcp.PSH, tcp.ACK, tcp.ACK, tcp.ACK, tcp.ACK | tcp.PSH, tcp.ACK, tcp.ACK | tcp.FIN, tcp.RST | tcp.ACK}
		acks := []uint32{0, 0xffffffff, 1001, 1001, 3, 3, 3, 3, 1001 + 3010, 3, 1001 + 3011}
		if len(r.flags) != len(want) {
			t.Fatalf("%d frames with %v, want %d", len(r.flags), r.flags, len(want))
		}
		for i := range want {
			if r.flags[i] != want[i] || r.acks[i] != acks[i] {
				t.Errorf("frame %d has flags %03x and acknowledges %d, want %03x and %d", i+1, uint16(r.flags[i]), r.acks[i], uint16(want[i]), acks[i])
			}
		}
		for _, n := range r.sizes {
			if n > 1000 {
				t.Errorf("a segment of %d bytes to a side that takes 1000", n)
			}
		}
		for i, b := range text {
			if r.got[1][int64(i)+10] != b {
				t.Fatalf("byte %d is another", i)
			}
		}
		if len(r.got[1]) != len(text) || len(r.got[0]) != 4 {
			t.Errorf("%d and %d bytes", len(r.got[0]), len(r.got[1]))
		}
	}
}

func TestNew(t *testing.T) {
	if _, err := New([2]netip.AddrPort{ends4[0], ends6[1]}, nil); !errors.Is(err, ErrFamilies) {
		t.Error(err)
	}
	mapped := netip.MustParseAddrPort("[::ffff:192.0.2.1]:1")
	if _, err := New([2]netip.AddrPort{mapped, ends4[1]}, nil); err != nil {
		t.Error(err)
	}
	broken := errors.New("full")
	c, _ := New(ends4, func(Frame) error { return broken })
	if err := c.Send(0, 0, []byte("x")); err != broken {
		t.Error(err)
	}
}

// FuzzConnection holds that frames put together again are the pieces that were sent, whatever the sides did, and that nothing is acknowledged that was not sent.
func FuzzConnection(f *testing.F) {
	f.Add([]byte{0, 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6, 70, 7, 80}, uint32(0xfffffff0), uint32(7), uint16(1460), false)
	f.Add([]byte{8, 0, 9, 0, 2, 255, 3, 255, 10, 9, 11, 9}, uint32(1), uint32(1<<31), uint16(1), true)
	f.Fuzz(func(t *testing.T, ops []byte, isn0, isn1 uint32, mss uint16, six bool) {
		ends := ends4
		if six {
			ends = ends6
		}
		isn := [2]uint32{isn0, isn1}
		r := &reader{t: t, ends: ends, first: [2]uint32{isn0 + 1, isn1 + 1}}
		c, err := New(ends, r.take)
		if err != nil {
			t.Fatal(err)
		}
		var wire [2]uint32
		var want [2]map[int64]byte
		for dir := range ends {
			c.Describe(dir, Side{Link: ether(ends)})
			want[dir] = map[int64]byte{}
			wire[dir] = isn[dir] + 1
			if err := c.Open(dir, isn[dir], int(mss)); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i+1 < len(ops) && i < 64; i += 2 {
			dir, n := int(ops[i]&1), int(ops[i+1])
			switch ops[i] >> 1 % 8 {
			case 0, 1: // some bytes, that were longer on the wire
				b := bytes.Repeat([]byte{byte(i)}, n*7)
				at := c.Next(dir)
				c.Seen(dir, wire[dir], n*8+29)
				wire[dir] += uint32(n*8 + 29)
				for k, v := range b {
					want[dir][at+int64(k)] = v
				}
				err = c.Send(dir, at, b)
			case 2: // behind a hole
				c.Seen(dir, wire[dir]+uint32(n), 1)
				wire[dir] += uint32(n) + 1
				at := c.Next(dir) + int64(n)
				want[dir][at] = 'x'
				err = c.Send(dir, at, []byte("x"))
			case 3:
				c.Heard(dir, wire[1-dir]-uint32(n))
				err = c.Settle(dir)
			case 4:
				c.Heard(dir, wire[1-dir])
			case 5:
				err = c.Settle(dir)
			case 6:
				err = c.Close(dir, c.Next(dir))
			case 7:
				err = c.Reset(dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			for dir := range ends {
				d := &c.dirs[1-dir]
				if end := c.dirs[dir].end(); d.acks && int32(d.ack-end) > 0 {
					t.Fatalf("%d is acknowledged, %d was sent", d.ack, end)
				}
			}
		}
		for dir := range ends {
			if len(want[dir]) != len(r.got[dir]) {
				t.Fatalf("%d bytes of side %d, want %d", len(r.got[dir]), dir, len(want[dir]))
			}
			for at, b := range want[dir] {
				if r.got[dir][at] != b {
					t.Fatalf("byte %d of side %d is another", at, dir)
				}
			}
		}
	})
}

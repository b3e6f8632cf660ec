package flow

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/proto/tcp"
)

// A frame is one segment of a generated capture.
type frame struct {
	time     int64 // nanoseconds since the start
	src, dst netip.AddrPort
	flags    tcp.Flags
	seq, ack uint32
	window   uint16
	options  []byte // a multiple of four
	payload  int
	// quoted is how many bytes of the segment an ICMP error quotes; 0 for the segment itself.
	quoted   int
	fragment bool // the first fragment of the datagram
}

// bytes is the IP packet, without its payload: a capture with a snap length.
func (f *frame) bytes() []byte {
	if f.quoted == 0 {
		return f.segment()
	}
	inner := f.segment()
	inner = inner[:min(len(inner), 20+f.quoted)]
	b := []byte{0x45, 0, 0, byte(28 + len(inner)), 0, 0, 0, 0, 64, 1, 0, 0, 10, 9, 9, 9}
	b = append(append(b, f.src.Addr().AsSlice()...), 3, 1, 0, 0, 0, 0, 0, 0)
	return append(b, inner...)
}

// wire is the length of the IP packet whose first bytes are b.
func (f *frame) wire(b []byte) int {
	if f.quoted > 0 {
		return len(b)
	}
	return len(b) + f.payload
}

func (f *frame) segment() []byte {
	be := binary.BigEndian
	head := 20 + len(f.options)
	var b []byte
	if f.src.Addr().Is4() {
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(20+head+f.payload))
		flags := byte(0x40)
		if f.fragment {
			flags = 0x20
		}
		b = append(b, byte(f.seq), byte(f.ack), flags, 0, 64, 6, 0, 0)
	} else {
		b = append(b, 0x60, 0, 0, 0)
		b = be.AppendUint16(b, uint16(head+f.payload))
		b = append(b, 6, 64)
	}
	b = append(append(b, f.src.Addr().AsSlice()...), f.dst.Addr().AsSlice()...)
	b = be.AppendUint16(be.AppendUint16(b, f.src.Port()), f.dst.Port())
	b = be.AppendUint32(be.AppendUint32(b, f.seq), f.ack)
	b = be.AppendUint16(b, uint16(head/4)<<12|uint16(f.flags))
	b = be.AppendUint16(b, f.window)
	b = append(b, 0, 0, 0, 0)
	return append(b, f.options...)
}

// generatedStart is the time of every generated capture, in seconds since 1970.
const generatedStart = 1280620800

// writeCapture writes frames as a pcap file of raw IP with nanoseconds.
func writeCapture(t testing.TB, path string, frames []frame) {
	t.Helper()
	le := binary.LittleEndian
	out := le.AppendUint32(nil, 0xa1b23c4d)
	out = le.AppendUint16(le.AppendUint16(out, 2), 4)
	out = append(out, make([]byte, 8)...)
	out = le.AppendUint32(le.AppendUint32(out, 262144), 101)
	for i := range frames {
		f := &frames[i]
		b := f.bytes()
		at := generatedStart*int64(1e9) + f.time
		out = le.AppendUint32(le.AppendUint32(out, uint32(at/1e9)), uint32(at%1e9))
		out = le.AppendUint32(le.AppendUint32(out, uint32(len(b))), uint32(f.wire(b)))
		out = append(out, b...)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
}

// pick chooses one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// A chatter makes segments of one pair of endpoints whose numbers are near
// those that matter: every rule and every corner of the analysis is met often.
type chatter struct {
	r         *rand.Rand
	ends      [2]netip.AddrPort
	isn       [2]uint32
	next      [2]uint32
	ack       [2]uint32 // last acknowledgement that the end sent
	win       [2]uint16
	scale     [2]uint
	stamp     uint32
	now       int64
	sent      int
	multipath bool
}

func newChatter(r *rand.Rand, a, b netip.AddrPort) *chatter {
	c := &chatter{r: r, ends: [2]netip.AddrPort{a, b}, now: r.Int64N(1e9), stamp: r.Uint32()}
	for i := range 2 {
		c.isn[i] = pick(r, r.Uint32(), 0, 1, ^uint32(0)-uint32(r.IntN(3000)), 1<<31-uint32(r.IntN(3000)))
		c.next[i] = c.isn[i]
		c.win[i] = uint16(r.IntN(1 << 16))
	}
	return c
}

// step is one segment. wild segments have any flags and numbers; the others are such as a stack may send.
func (c *chatter) step() frame {
	r := c.r
	d := r.IntN(2)
	c.sent++
	c.now += pick(r, 0, 1000, 50_000, 1_000_000, 2_999_999, 3_000_001, 15_000_000, 19_999_999, 20_000_000, 300_000_000, r.Int64N(2e9))
	if r.IntN(60) == 0 {
		c.now = max(0, c.now-r.Int64N(1e8))
	}
	f := frame{time: c.now, src: c.ends[d], dst: c.ends[1-d], flags: tcp.ACK, seq: c.next[d], ack: c.next[1-d], window: c.win[d]}
	c.kind(&f, d)
	if f.flags&tcp.SYN == 0 {
		c.length(&f, d)
	} else if r.IntN(12) == 0 {
		f.payload = r.IntN(600)
	}
	c.numbers(&f, d)
	c.options(&f, d)
	end := f.seq + uint32(f.payload)
	if f.flags&(tcp.SYN|tcp.FIN) != 0 {
		end++
	}
	if after(end, c.next[d]) && r.IntN(12) != 0 {
		c.next[d] = end
	}
	c.ack[d], c.win[d] = f.ack, f.window
	return f
}

func (c *chatter) kind(f *frame, d int) {
	r := c.r
	switch r.IntN(40) {
	case 0, 1:
		f.flags = tcp.SYN
		f.seq, f.ack = c.isn[d], 0
		if r.IntN(4) == 0 {
			c.isn[d] = r.Uint32()
			f.seq = c.isn[d]
			c.next[d] = f.seq
		}
	case 2, 3:
		f.flags = tcp.SYN | tcp.ACK
		f.seq = c.isn[d]
		if r.IntN(5) == 0 {
			c.isn[d] += uint32(r.IntN(5000))
			f.seq = c.isn[d]
		}
	case 4:
		f.flags = tcp.FIN | tcp.ACK
	case 5:
		f.flags = pick(r, tcp.RST, tcp.RST|tcp.ACK)
		if f.flags == tcp.RST {
			f.ack = 0
		}
	case 6:
		f.flags = pick(r, 0, tcp.FIN, tcp.PSH, tcp.URG, tcp.SYN|tcp.FIN, tcp.SYN|tcp.RST, tcp.Flags(r.IntN(512)))
	case 7, 8, 9, 10, 11, 12:
		f.flags |= tcp.PSH
	}
}

func (c *chatter) length(f *frame, d int) {
	r := c.r
	switch r.IntN(10) {
	case 0, 1, 2, 3, 4:
	case 5:
		f.payload = 1
	case 6, 7:
		f.payload = 100
	case 8:
		f.payload = r.IntN(1461)
	default:
		if edge := int(c.ack[1-d] + uint32(c.win[1-d])<<c.scale[1-d] - f.seq); edge > 0 && edge < 60000 {
			f.payload = edge // to the end of the window
		} else {
			f.payload = 1 + r.IntN(1460)
		}
	}
}

func (c *chatter) numbers(f *frame, d int) {
	r := c.r
	if f.flags&tcp.SYN == 0 {
		switch r.IntN(16) {
		case 0:
			f.seq--
		case 1:
			f.seq -= uint32(f.payload)
		case 2:
			f.seq -= uint32(r.IntN(3000))
		case 3:
			f.seq += uint32(r.IntN(3000))
		case 4:
			f.seq = c.ack[1-d] // what a duplicate acknowledgement asks for
		case 5:
			if r.IntN(20) == 0 {
				f.seq = r.Uint32()
			}
		}
	}
	if f.flags&tcp.ACK != 0 {
		switch r.IntN(10) {
		case 0, 1, 2, 3:
			f.ack = c.ack[d]
		case 4:
			f.ack -= uint32(r.IntN(3000))
		case 5:
			if r.IntN(4) == 0 {
				f.ack += uint32(r.IntN(3000))
			}
		case 6:
			if r.IntN(30) == 0 {
				f.ack = r.Uint32()
			}
		}
	}
	switch r.IntN(12) {
	case 0:
		f.window = 0
	case 1:
		f.window = uint16(r.IntN(2000))
	case 2:
		f.window = uint16(r.IntN(1 << 16))
	}
}

func (c *chatter) options(f *frame, d int) {
	r := c.r
	be := binary.BigEndian
	o := f.options
	syn := f.flags&tcp.SYN != 0
	if syn && r.IntN(3) > 0 {
		o = append(o, 2, 4, 5, 0xb4)
	}
	if syn && r.IntN(2) > 0 || r.IntN(300) == 0 {
		c.scale[d] = uint(r.IntN(17))
		o = append(o, 1, 3, 3, byte(c.scale[d]))
		c.scale[d] = min(c.scale[d], 14)
	}
	if r.IntN(3) == 0 {
		c.stamp += uint32(r.IntN(3))
		o = append(o, 1, 1, 8, 10)
		o = be.AppendUint32(be.AppendUint32(o, c.stamp), c.stamp-uint32(r.IntN(3)))
	}
	if !syn && r.IntN(6) == 0 && len(o) < 20 {
		n := 1 + r.IntN(min(4, (40-len(o)-4)/8))
		o = append(o, 1, 1, 5, byte(2+8*n))
		for range n {
			left := c.next[1-d] - uint32(r.IntN(3000))
			o = be.AppendUint32(be.AppendUint32(o, left), left+uint32(r.IntN(1000)))
		}
	}
	if syn && r.IntN(10) == 0 && len(o) < 28 {
		o = append(o, pick(r, []byte{34, 2, 1, 1}, []byte{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, []byte{254, 4, 0xf9, 0x89}, []byte{254, 8, 0xf9, 0x89, 1, 2, 3, 4})...)
	}
	if c.multipath && len(o) <= 20 {
		o = append(o, c.multipathOption(syn)...)
	}
	f.options = o
}

// multipathOption is an option of RFC 8684. No key is in it: tshark gives up on a segment whose key comes after other options.
func (c *chatter) multipathOption(syn bool) []byte {
	if syn {
		return []byte{30, 4, 1, 0x81}
	}
	return pick(c.r, nil, nil, []byte{30, 8, 0x20, 1, 0, 0, 0, 9}, []byte{30, 8, 0x20, 1, 0, 0, 0, 9}, []byte{30, 8, 0x34, 1, 10, 0, 0, 3}, []byte{30, 4, 0x40, 1},
		[]byte{30, 4, 0x50, 0}, []byte{30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8})
}

// chatterCapture is a capture of many interleaved conversations; odd adds ICMP errors that quote segments, and fragments.
func chatterCapture(seed uint64, conversations, steps int, odd bool) []frame {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]*chatter, conversations)
	for i := range list {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		b := netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), 1, byte(r.IntN(256))})
		if i%5 == 0 {
			a, b = netip.AddrFrom16([16]byte{0xfd, 15: byte(i)}), netip.AddrFrom16([16]byte{0xfd, 14: byte(i), 15: 1})
		}
		from, to := netip.AddrPortFrom(a, uint16(40000+r.IntN(20000))), netip.AddrPortFrom(b, uint16(40000+r.IntN(20000)))
		switch i % 16 {
		case 3: // on one host
			to = netip.AddrPortFrom(a, to.Port())
		case 4: // to itself
			to = from
		}
		list[i] = newChatter(r, from, to)
		list[i].multipath = i%16 < 2
	}
	frames := make([]frame, conversations*steps)
	for i := range frames {
		c := list[r.IntN(len(list))]
		frames[i] = c.step()
		f := &frames[i]
		switch fresh := f.flags&(tcp.SYN|tcp.ACK) == tcp.SYN; {
		case !odd || fresh || !f.src.Addr().Is4() || c.sent < 2:
		case r.IntN(50) == 0:
			f.quoted = pick(r, 8, 16, 20, 60)
		case r.IntN(100) == 0:
			f.fragment = true
		}
	}
	return frames
}

// generators make captures from a seed.
var generators = []struct {
	name   string
	frames func(seed uint64) []frame
}{
	{"chatter", func(seed uint64) []frame { return chatterCapture(seed, 80, 80, false) }},
	{"odd chatter", func(seed uint64) []frame { return chatterCapture(seed, 80, 80, true) }},
	{"streams", streamCapture},
}

// A stream is one bulk transfer as a sender and a receiver do it: windows,
// losses, repairs by duplicate acknowledgement and by timer, reordering,
// duplicates, and a capture that sees both directions or one.
type stream struct {
	r             *rand.Rand
	ends          [2]netip.AddrPort
	isn           [2]uint32
	rtt           int64
	loss, reorder float64
	misses        [2]float64 // share of segments of each direction that the capture does not see
	mss           int
	window        uint16
	scale         byte
	frames        []frame
}

// put captures a segment, unless the capture misses it.
func (st *stream) put(at int64, from int, f frame) {
	f.time, f.src, f.dst = at, st.ends[from], st.ends[1-from]
	if st.r.Float64() >= st.misses[from] {
		st.frames = append(st.frames, f)
	}
	if st.r.Float64() < st.loss/4 { // the capture has it twice
		f.time += st.r.Int64N(3000)
		st.frames = append(st.frames, f)
	}
}

// run transfers count segments and closes. The receiver's state follows the
// order in which segments arrive; the sender repairs what was lost.
func (st *stream) run(start int64, count int) {
	r := st.r
	a, b := st.isn[0]+1, st.isn[1]+1
	now := start
	options := []byte{2, 4, 5, 0xb4, 1, 3, 3, st.scale}
	st.put(now, 0, frame{flags: tcp.SYN, seq: st.isn[0], window: 65535, options: options})
	now += st.rtt / 2
	st.put(now, 1, frame{flags: tcp.SYN | tcp.ACK, seq: st.isn[1], ack: a, window: 65535, options: options})
	now += st.rtt / 2
	st.put(now, 0, frame{flags: tcp.ACK, seq: a, ack: b, window: st.window})
	received := map[uint32]int{} // segments beyond the hole, by number
	expected := a
	duplicates := 0
	send := func(seq uint32, n int, flags tcp.Flags) {
		late := int64(0)
		if r.Float64() < st.reorder {
			late = r.Int64N(4e6)
		}
		st.put(now+late, 0, frame{flags: tcp.ACK | flags, seq: seq, ack: b, window: st.window, payload: n})
		if r.Float64() < st.loss {
			return
		}
		window := st.window
		if r.IntN(200) == 0 {
			window = pick(r, 0, uint16(r.IntN(1000)))
		}
		before := expected
		if seq == expected {
			expected += uint32(n)
			for {
				m, ok := received[expected]
				if !ok {
					break
				}
				delete(received, expected)
				expected += uint32(m)
			}
		} else if gt(seq, expected) {
			received[seq] = n
		}
		var sack []byte
		if expected == before {
			duplicates++
			sack = binary.BigEndian.AppendUint32([]byte{1, 1, 5, 10}, seq)
			sack = binary.BigEndian.AppendUint32(sack, seq+uint32(n))
		} else if r.IntN(3) == 0 {
			return // acknowledged with the next
		}
		st.put(now+late+st.rtt/2+r.Int64N(100_000), 1, frame{flags: tcp.ACK, seq: b, ack: expected, window: window, options: sack})
	}
	next := a
	for range count {
		n := st.mss
		if r.IntN(20) == 0 {
			n = 1 + r.IntN(st.mss)
		}
		flags := tcp.Flags(0)
		if r.IntN(8) == 0 {
			flags = tcp.PSH
		}
		send(next, n, flags)
		next += uint32(n)
		now += pick(r, 1000, 12_000, 12_000, 12_000, st.rtt/4+1)
		if duplicates > 3 || len(received) > 0 && r.IntN(40) == 0 {
			now += pick(r, st.rtt, 5_000_000, 19_000_000, 250_000_000)
			send(expected, st.mss, 0)
			duplicates = 0
		}
		if r.IntN(500) == 0 {
			now += 10e9
			st.put(now, 0, frame{flags: tcp.ACK, seq: next - 1, ack: b, window: st.window, payload: r.IntN(2)})
			st.put(now+st.rtt, 1, frame{flags: tcp.ACK, seq: b, ack: expected, window: st.window})
		}
	}
	st.put(now, 0, frame{flags: tcp.FIN | tcp.ACK, seq: next, ack: b, window: st.window})
	st.put(now+st.rtt, 1, frame{flags: tcp.FIN | tcp.ACK, seq: b, ack: next + 1, window: st.window})
	st.put(now+2*st.rtt, 0, frame{flags: tcp.ACK, seq: next + 1, ack: b + 1, window: st.window})
}

// streamCapture is a capture of bulk transfers, one of them with more than [maxUnacked] segments under way.
func streamCapture(seed uint64) []frame {
	r := rand.New(rand.NewPCG(seed, 2))
	var all []frame
	for i := range 24 {
		st := &stream{
			r: r, isn: [2]uint32{r.Uint32(), r.Uint32()}, rtt: 1000 + r.Int64N(80_000_000), mss: pick(r, 536, 1460, 9000),
			loss: pick(r, 0, 0.002, 0.02, 0.1), reorder: pick(r, 0, 0.01, 0.1), window: uint16(1000 + r.IntN(60000)), scale: byte(r.IntN(9)),
		}
		st.ends[0] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), uint16(40000+i))
		st.ends[1] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(r.IntN(8))}), 50000)
		st.misses = pick(r, [2]float64{}, [2]float64{}, [2]float64{0.01, 0.01}, [2]float64{0, 1}, [2]float64{1, 0})
		if i%3 == 0 {
			st.isn[0] = ^uint32(0) - uint32(r.IntN(100_000))
		}
		count := 200 + r.IntN(800)
		if i == 0 {
			count, st.misses = 14_000, [2]float64{0, 0.9999}
		}
		st.run(r.Int64N(5e9), count)
		all = append(all, st.frames...)
	}
	slices.SortStableFunc(all, func(a, b frame) int { return cmp.Compare(a.time, b.time) })
	return all
}

package plot

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// frame is a segment from the server of the fixture below with a SACK option, as a record of the fixture language.
func frame(at string, seq, ack uint32, window uint16, blocks ...uint32) string {
	b := make([]byte, 14+20+20)
	copy(b[12:], []byte{8, 0, 0x45, 0})
	ip, tcp := b[14:], b[34:]
	options := []byte{1, 1, 5, byte(2 + 4*len(blocks))}
	for _, e := range blocks {
		options = binary.BigEndian.AppendUint32(options, e)
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(40+len(options)))
	copy(ip[8:], []byte{64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1})
	binary.BigEndian.PutUint16(tcp[0:], 80)
	binary.BigEndian.PutUint16(tcp[2:], 5000)
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	tcp[12], tcp[13] = byte(5+len(options)/4)<<4, 0x10
	binary.BigEndian.PutUint16(tcp[14:], window)
	return fmt.Sprintf("%s frame 4 in %s\n", at, hex.EncodeToString(append(b, options...)))
}

// story has a lost segment that comes again, a SACK block, a duplicate ACK, a
// zero window and a reset. Windows of the client count in fours, of the server in eights.
func story() string {
	const c, s = "10.0.0.1:5000 > 10.0.0.2:80", "10.0.0.2:80 > 10.0.0.1:5000"
	return strings.Join([]string{
		"0.000 packet 4 out " + c + " S seq=1000 win=2000 mss=1460 ws=2 sack",
		"0.010 packet 4 in " + s + " SA seq=5000 ack=1001 win=1000 mss=1460 ws=3 sack",
		"0.020 packet 4 out " + c + " A seq=1001 ack=5001 win=500",
		"0.030 packet 4 out " + c + " PA seq=1001 ack=5001 win=500 len=100",
		"0.031 packet 4 out " + c + " PA seq=1101 ack=5001 win=500 len=100",
		"0.032 packet 4 out " + c + " PA seq=1201 ack=5001 win=500 len=100",
		"0.050 packet 4 in " + s + " A seq=5001 ack=1101 win=100",
		frame("0.052", 5001, 1101, 100, 1201, 1301) +
			"0.060 packet 4 out " + c + " PA seq=1101 ack=5001 win=500 len=100",
		"0.080 packet 4 in " + s + " A seq=5001 ack=1301 win=0",
		"0.100 packet 4 in " + s + " A seq=5001 ack=1301 win=200",
		"0.110 packet 4 in " + s + " R seq=5001 win=0",
		"",
	}, "\n")
}

func TestSeries(t *testing.T) {
	path := write(t, "story.pcap", story())
	rates := func(pairs ...float64) []Point { return at1(pairs...) }
	tests := []struct {
		kind, name string
		want       []Point
	}{
		{"stevens", "data", at1(30, 1, 31, 101, 32, 201)},
		{"stevens", "retransmission", at1(60, 101)},
		{"stevens", "out of order", nil},
		{"tcptrace", "segment", []Point{ms(30, 1, 101), ms(31, 101, 201), ms(32, 201, 301)}},
		{"tcptrace", "retransmission", []Point{ms(60, 101, 201)}},
		{"tcptrace", "acknowledged", at1(10, 1, 50, 101, 52, 101, 80, 301, 100, 301)},
		{"tcptrace", "window's edge", at1(10, 1+1000, 50, 101+800, 52, 101+800, 80, 301, 100, 301+1600)},
		{"tcptrace", "SACK", []Point{ms(52, 201, 301)}},
		{"tcptrace", "duplicate ACK", at1(52, 101)},
		{"tcptrace", "zero window", at1(80, 301)},
		{"tcptrace", "reset", at1(110, 301)},
		// The SYN, the first segment, and the third one when the SACK block names it. The second was sent twice.
		{"rtt", "sample of an ACK", at1(10, 10e6, 50, 20e6, 52, 20e6)},
		{"window", "receive window", at1(10, 1000, 50, 800, 52, 800, 80, 0, 100, 1600)},
		{"window", "bytes in flight", at1(10, 0, 30, 100, 31, 200, 32, 300, 50, 200, 60, 200, 80, 0)},
		{"window", "zero window", at1(80, 0)},
		{"throughput", "sent from 10.0.0.1:5000", rates(30, 0, 30, 800, 31, 1600, 32, 2400, 60, 3200, 110, 3200)},
		{"throughput", "acknowledged from 10.0.0.1:5000", rates(50, 0, 50, 800, 80, 2400, 110, 2400)},
		{"throughput", "acknowledged from 10.0.0.2:80", nil},
		{"throughput", "from 10.0.0.1:5000", at1(30, 100, 31, 100, 32, 100, 60, 100)},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, named(t, plotOf(t, path, tt.kind), tt.name)); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", tt.kind, tt.name, diff)
		}
	}
}

// TestDirection: the other direction of the same story has no data, and the acknowledgements of the client.
func TestDirection(t *testing.T) {
	path := write(t, "story.pcap", story())
	c := analyse(t, path)
	opt := options(t, c, "tcptrace")
	opt.Sender = 1 - opt.Sender
	p := gather(t, path, c, opt)
	if got := named(t, p, "segment"); len(got) != 0 {
		t.Errorf("segments of the server: %v", got)
	}
	if diff := cmp.Diff(at1(20, 1, 30, 1, 31, 1, 32, 1, 60, 1), named(t, p, "acknowledged")); diff != "" {
		t.Errorf("acknowledgements of the client (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(at1(110, 1), named(t, p, "reset")); diff != "" {
		t.Errorf("reset of the server (-want +got):\n%s", diff)
	}
}

// TestPart: of a part of the time there are its points, and lines that come in and go out at its ends.
func TestPart(t *testing.T) {
	path := write(t, "story.pcap", story())
	c := analyse(t, path)
	tests := []struct {
		kind, name string
		want       []Point
	}{
		{"stevens", "data", nil},
		{"stevens", "retransmission", at1(60, 101)},
		{"tcptrace", "acknowledged", at1(40, 1, 50, 101, 52, 101, 80, 301, 90, 301)},
		{"window", "bytes in flight", at1(40, 300, 50, 200, 60, 200, 80, 0)},
		{"throughput", "sent from 10.0.0.1:5000", at1(40, 2400, 60, 3200, 90, 3200)},
		{"rtt", "sample of an ACK", at1(50, 20e6, 52, 20e6)},
		{"io", "total", at1(40, 3, 65, 1, 90, 1)},
	}
	for _, tt := range tests {
		opt := options(t, c, tt.kind)
		opt.From, opt.To = 40*time.Millisecond, 90*time.Millisecond
		if tt.kind == "io" {
			opt.Interval = 25 * time.Millisecond
		}
		p := gather(t, path, c, opt)
		if diff := cmp.Diff(tt.want, named(t, p, tt.name)); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", tt.kind, tt.name, diff)
		}
		if low, _ := p.times(); low != 40e6 {
			t.Errorf("%s begins at %v", tt.kind, low)
		}
	}
}

// TestRate: bytes leave the average an interval after they came.
func TestRate(t *testing.T) {
	path := write(t, "story.pcap", story())
	c := analyse(t, path)
	opt := options(t, c, "throughput")
	opt.Interval = 10 * time.Millisecond
	p := gather(t, path, c, opt)
	want := at1(30, 0, 30, 80e3, 31, 160e3, 32, 240e3, 40, 160e3, 41, 80e3, 42, 0, 60, 0, 60, 80e3, 70, 0, 110, 0)
	if diff := cmp.Diff(want, named(t, p, "sent from 10.0.0.1:5000")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIOGraph(t *testing.T) {
	path := write(t, "story.pcap", story()+"0.111 udp 4 out 10.0.0.1:53 > 10.0.0.2:53 len=18\n")
	c := analyse(t, path)
	tests := []struct {
		name   string
		change func(*Options)
		want   []Point
	}{
		{"total", func(*Options) {}, at1(0, 6, 50, 4, 100, 3, 150, 3)},
		{"tcp", func(*Options) {}, at1(0, 6, 50, 4, 100, 2, 150, 2)},
		{"udp", func(*Options) {}, at1(0, 0, 50, 0, 100, 1, 150, 1)},
		// A duplicate ACK, a retransmission, a zero window; and its end, a window update.
		{"errors", func(*Options) {}, []Point{ms(75, 0, 3), ms(125, 0, 1)}},
		{"udp", func(o *Options) { o.Unit = UnitBytes }, at1(0, 0, 50, 0, 100, 60, 150, 60)},
		{"udp", func(o *Options) { o.Unit = UnitBits }, at1(0, 0, 50, 0, 100, 60*8*20, 150, 60*8*20)},
		{"total", func(o *Options) { o.Smooth = 2 }, at1(0, 5, 50, 3.5, 100, 3, 150, 3)},
		{"total", func(o *Options) { o.Smooth = 3 }, at1(0, 5, 50, 13.0/3, 100, 3.5, 150, 3.5)},
	}
	for _, tt := range tests {
		opt := options(t, c, "io")
		opt.Interval = 50 * time.Millisecond
		tt.change(&opt)
		if diff := cmp.Diff(tt.want, named(t, gather(t, path, c, opt), tt.name)); diff != "" {
			t.Errorf("%s %s %d (-want +got):\n%s", tt.name, opt.Unit, opt.Smooth, diff)
		}
	}
}

func TestUsualInterval(t *testing.T) {
	for _, tt := range []struct{ span, want time.Duration }{
		{0, time.Microsecond}, {time.Millisecond, 5 * time.Microsecond}, {time.Second, 5 * time.Millisecond}, {10 * time.Second, 50 * time.Millisecond},
		{time.Hour, 20 * time.Second}, {1<<63 - 1, 50_000_000 * time.Second},
	} {
		opt := Options{End: int64(tt.span)}
		if got := opt.UsualInterval(); got != tt.want {
			t.Errorf("UsualInterval of %v = %v, want %v", tt.span, got, tt.want)
		}
	}
}

// TestWrap: sequence numbers go on where 32 bits end.
func TestWrap(t *testing.T) {
	var s space
	want := []int64{0, 1 << 30, 2 << 30, 3 << 30, 4 << 30, 4<<30 - 5, 5 << 30}
	for _, w := range want {
		if got := s.at(uint32(w)); got != w {
			t.Errorf("at(%#x) = %d, want %d", uint32(w), got, w)
		}
	}
	for _, first := range []uint32{0, 1, 1 << 30, 0xffffffff, 0x90000000} {
		s = space{}
		want := int64(first)
		if first == 0xffffffff {
			want = -1
		}
		if got := s.at(first); got != want {
			t.Errorf("first number %#x is at %d, want %d", first, got, want)
		}
	}
}

func TestSACKBlocks(t *testing.T) {
	u32 := func(n ...uint32) (b []byte) {
		for _, v := range n {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	option := func(b []byte) []byte { return append([]byte{1, 1, 5, byte(2 + len(b))}, b...) }
	tests := []struct {
		name    string
		options []byte
		want    []block
	}{
		{"two blocks", option(u32(1100, 1200, 1300, 1500)), []block{{101, 201}, {301, 501}}},
		{"below the acknowledgement", option(u32(900, 1000)), []block{{-99, 1}}},
		{"empty and backwards", option(u32(1100, 1100, 1200, 1100)), nil},
		{"half a block", option(u32(1100, 1200, 1300)), []block{{101, 201}}},
		{"longer than the options", []byte{5, 40, 0, 0, 4}, nil},
		{"over the wrap", option(u32(0xffffff00, 0x100)), []block{{int64(1) - 1000 - 256, int64(1) - 1000 + 256}}},
	}
	for _, tt := range tests {
		var got [maxSACKs]block
		n := sackBlocks(tt.options, 1000, 1, &got)
		if diff := cmp.Diff(tt.want, append([]block(nil), got[:n]...), cmp.AllowUnexported(block{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

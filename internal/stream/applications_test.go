package stream_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

var (
	client = netip.MustParseAddrPort("10.0.0.1:50000")
	server = netip.MustParseAddrPort("10.0.0.2:80")
)

// A rig feeds segments made from text.
type rig struct {
	t       testing.TB
	decoder packet.Decoder
	tracker *flow.Tracker
	streams *stream.Applications
	packet  packet.Packet
	seen    flow.Sighting
	frame   int64
}

func newRig(t testing.TB) *rig {
	return &rig{t: t, tracker: flow.NewTracker(0), streams: stream.New(stream.NewChoice(stream.Rules{}), 0, nil)}
}

// frameOf is a segment in a frame of Ethernet and IPv4.
func frameOf(src, dst netip.AddrPort, seq uint32, flags byte, payload string) []byte {
	b := make([]byte, 14+20+20, 54+len(payload))
	be := binary.BigEndian
	be.PutUint16(b[12:], 0x0800)
	b[14] = 0x45
	be.PutUint16(b[16:], uint16(40+len(payload)))
	b[22], b[23] = 64, 6
	s, d := src.Addr().As4(), dst.Addr().As4()
	copy(b[26:], s[:])
	copy(b[30:], d[:])
	be.PutUint16(b[34:], src.Port())
	be.PutUint16(b[36:], dst.Port())
	be.PutUint32(b[38:], seq)
	b[46], b[47] = 5<<4, flags
	return append(b, payload...)
}

// send feeds a segment and says what it shows: the layers with their bytes, and whether it ends inside a message.
func (r *rig) send(src, dst netip.AddrPort, seq uint32, flags byte, payload string, captured int) string {
	return r.feed(frameOf(src, dst, seq, flags, payload), captured)
}

// sendAcking feeds a segment with an acknowledgment.
func (r *rig) sendAcking(src, dst netip.AddrPort, seq, acked uint32, payload string) string {
	data := frameOf(src, dst, seq, ack, payload)
	binary.BigEndian.PutUint32(data[42:], acked)
	return r.feed(data, 0)
}

func (r *rig) feed(data []byte, captured int) string {
	wire := len(data)
	if captured > 0 {
		data = data[:54+captured]
	}
	r.frame++
	rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: wire, Time: r.frame * 1e6, Pos: trace.Pos{Number: r.frame}}
	p := &r.packet
	r.decoder.Decode(&rec, p)
	r.tracker.Add(p, &r.seen)
	r.streams.Add(p, &r.seen)
	var out []string
	for i := p.TransportLayer() + 1; i < p.N; i++ {
		l := &p.Layers[i]
		text := fmt.Sprintf("%s %q", l.Proto, p.Bytes(i))
		if l.Wire > l.End {
			text += fmt.Sprintf(" of %d", l.Wire-l.Off)
		}
		out = append(out, text)
	}
	if p.Part.Proto != 0 {
		out = append(out, "part")
	}
	return strings.Join(out, ", ")
}

const ack = byte(tcp.ACK)

func TestMessages(t *testing.T) {
	const get = "GET / HTTP/1.1\r\n\r\n"
	type segment struct {
		at      uint32
		payload string
		want    string
	}
	for name, segments := range map[string][]segment{
		"whole":      {{1, get, `http "GET / HTTP/1.1\r\n\r\n"`}},
		"two pieces": {{1, get[:5], "part"}, {6, get[5:], `http "GET / HTTP/1.1\r\n\r\n"`}},
		"three":      {{1, get[:5], "part"}, {6, get[5:9], "part"}, {10, get[9:] + "GET", `http "GET / HTTP/1.1\r\n\r\n", part`}},
		"sent again": {{1, get, `http "GET / HTTP/1.1\r\n\r\n"`}, {1, get, ""}, {1, get + get, `http "GET / HTTP/1.1\r\n\r\n"`}},
		"body out of order": {
			{1, "PUT / HTTP/1.1\r\nContent-Length: 6\r\n\r\n", "part"}, {42, "ef", "part"}, {40, "cd", "part"},
			{36, "xxab", `http "PUT / HTTP/1.1\r\nContent-Length: 6\r\n\r\nabcdef"`},
		},
		"missing":   {{1, get, `http "GET / HTTP/1.1\r\n\r\n"`}, {1001, get, `http "GET / HTTP/1.1\r\n\r\n"`}, {2001, "ab\ncd", `http "ab\ncd"`}},
		"pipelined": {{1, get + get, `http "GET / HTTP/1.1\r\n\r\n", http "GET / HTTP/1.1\r\n\r\n"`}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, base := range []uint32{1000, 1<<32 - 20} { // numbers wrap in the second
				r := newRig(t)
				r.send(client, server, base, byte(tcp.SYN), "", 0)
				for i, s := range segments {
					if got := r.send(client, server, base+s.at, ack, s.payload, 0); got != s.want {
						t.Errorf("base %d, segment %d: %s, want %s", base, i, got, s.want)
					}
				}
			}
		})
	}
}

// TestUntilEnd: a body without a length ends with the connection, and is shown with the FIN.
func TestUntilEnd(t *testing.T) {
	for _, last := range []string{"", "three"} {
		r := newRig(t)
		r.send(client, server, 1, ack, "GET / HTTP/1.1\r\n\r\n", 0)
		head := "HTTP/1.0 200 OK\r\n\r\none"
		r.send(server, client, 1, ack, head, 0)
		if got := r.send(server, client, 1+uint32(len(head)), ack, "two", 0); got != "part" {
			t.Errorf("in the middle: %s", got)
		}
		want := fmt.Sprintf("http %q", head+"two"+last)
		got := r.send(server, client, 4+uint32(len(head)), ack|byte(tcp.FIN), last, 0)
		if got != want && got != want+", part" {
			t.Errorf("FIN with %q: %s, want %s", last, got, want)
		}
	}
}

// TestReset: what was sent before the reset came to its sender completes its message, as long as the connection is among those that were reset last.
func TestReset(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef"
	half := len(answer) - 3
	for _, more := range []int{0, 63, 64} {
		r := newRig(t)
		begin := func(from netip.AddrPort) {
			r.send(from, server, 1, ack, "GET / HTTP/1.1\r\n\r\n", 0)
			r.send(server, from, 1, ack, answer[:half], 0)
			r.send(from, server, 19, byte(tcp.RST), "", 0)
			r.send(from, server, 19, byte(tcp.RST), "", 0) // again, for each segment that comes
		}
		begin(client)
		for i := range more {
			begin(netip.AddrPortFrom(client.Addr(), uint16(1000+i)))
		}
		want := fmt.Sprintf("http %q", answer)
		if more == 64 {
			want = "part" // of a connection that begins here
		}
		if got := r.send(server, client, 1+uint32(half), ack, answer[half:], 0); got != want {
			t.Errorf("after %d other resets: %s, want %s", more, got, want)
		}
	}
}

// TestLostBeforeEnd: what was lost is sent again after both sides closed, and completes its message.
func TestLostBeforeEnd(t *testing.T) {
	r := newRig(t)
	r.send(client, server, 1, ack, "GET / HTTP/1.1\r\n\r\n", 0)
	head, fin := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", ack|byte(tcp.FIN)
	end := 1 + uint32(len(head))
	r.send(server, client, 1, ack, head, 0)
	r.send(client, server, 19, fin, "", 0)
	if got := r.send(server, client, end+3, fin, "def", 0); got != "part" {
		t.Errorf("the end: %s", got)
	}
	if got, want := r.send(server, client, end, ack, "abc", 0), fmt.Sprintf("http %q", head+"abcdef"); got != want {
		t.Errorf("sent again: %s, want %s", got, want)
	}
}

// TestOtherPort: a message that is one for sure is found on a port that is another protocol's.
func TestOtherPort(t *testing.T) {
	for port, c := range map[uint16][2]string{
		443: {"GET / HTTP/1.1\r\n\r\n", "http"},
		80:  {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", "tls"},
	} {
		r := newRig(t)
		if got, want := r.send(client, netip.AddrPortFrom(server.Addr(), port), 1, ack, c[0], 0), fmt.Sprintf("%s %q", c[1], c[0]); got != want {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
}

// TestKeepAlive: the byte of a probe begins no message.
func TestKeepAlive(t *testing.T) {
	r := newRig(t)
	r.send(client, server, 2, ack, "", 0)
	if got := r.send(client, server, 1, ack, "\x00", 0); got != `data "\x00"` {
		t.Errorf("the probe: %s", got)
	}
	if got, want := r.send(client, server, 2, ack, "GET / HTTP/1.1\r\n\r\n", 0), `http "GET / HTTP/1.1\r\n\r\n"`; got != want {
		t.Errorf("behind it: %s, want %s", got, want)
	}
}

// TestLongBody: of a body longer than what is kept the length counts, and the next message is found.
func TestLongBody(t *testing.T) {
	r := newRig(t)
	const length = 3 << 20
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)
	seq := uint32(1)
	r.send(server, client, seq, ack, head, 0)
	seq += uint32(len(head))
	piece := strings.Repeat("x", 30000)
	for left := length; left > 0; {
		n := min(left, len(piece))
		got := r.send(server, client, seq, ack, piece[:n], 0)
		seq += uint32(n)
		if left -= n; left == 0 {
			l := r.packet.Layers[r.packet.N-1]
			if int(l.Wire-l.Off) != len(head)+length || l.End-l.Off != 1<<20 {
				t.Errorf("the body is %d bytes, %d kept", l.Wire-l.Off, l.End-l.Off)
			}
		} else if got != "part" {
			t.Fatalf("%d left: %.60s", left, got)
		}
	}
	if got := r.send(server, client, seq, ack, "HTTP/1.1 204 No Content\r\n\r\n", 0); got != `http "HTTP/1.1 204 No Content\r\n\r\n"` {
		t.Errorf("the next message: %s", got)
	}
}

// TestCutSegment: of a segment that the snap length cut what is there is shown, with its length on the wire.
func TestCutSegment(t *testing.T) {
	r := newRig(t)
	if got := r.send(client, server, 1, ack, "GET /long/path HTTP/1.1\r\n\r\n", 9); got != `http "GET /long" of 27` {
		t.Error(got)
	}
}

// TestTunnel: what CONNECT opens is found behind it.
func TestTunnel(t *testing.T) {
	r := newRig(t)
	ask, answer := "CONNECT a.test:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"
	r.send(client, server, 1, ack, ask, 0)
	r.send(server, client, 1, ack, answer, 0)
	record := "\x17\x03\x03\x00\x02ab"
	if got, want := r.send(client, server, 1+uint32(len(ask)), ack, record, 0), fmt.Sprintf(`http "", tls %q`, record); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestStartTLS: behind a protocol that leaves the connection to TLS there is nothing but TLS.
func TestStartTLS(t *testing.T) {
	r := newRig(t)
	directory := netip.AddrPortFrom(server.Addr(), 389)
	ask, answer := "\x30\x1d\x02\x01\x05\x77\x18\x80\x161.3.6.1.4.1.1466.20037", "\x30\x0c\x02\x01\x05\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
	r.send(client, directory, 1, ack, ask, 0)
	if got, want := r.send(directory, client, 1, ack, answer, 0), fmt.Sprintf("ldap %q", answer); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	record := "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
	if got, want := r.send(client, directory, 1+uint32(len(ask)), ack, record, 0), fmt.Sprintf("tls %q", record); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestForgetting: connections that stay open do not grow without bound.
func TestForgetting(t *testing.T) {
	r := newRig(t)
	for i := range 3 * 4096 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 50000)
		if got := r.send(from, server, 1, ack, "GET / HT", 0); got != "part" {
			t.Fatal(got)
		}
	}
	if n := r.streams.Held(); n > 8<<20 {
		t.Errorf("%d bytes held", n)
	}
}

// TestNothingForOthers: segments of connections without a known protocol cost no memory.
func TestNothingForOthers(t *testing.T) {
	r := newRig(t)
	other := netip.AddrPortFrom(server.Addr(), 5000)
	r.send(client, other, 1, ack, "hello", 0)
	p, s := &r.packet, &r.seen
	if n := testing.AllocsPerRun(100, func() { r.streams.Add(p, s) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzAdd feeds segments that the input describes: each is five bytes (side and flags, sequence number, length, cut), then its payload.
func FuzzAdd(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x12\x00GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("\x02\x00\x01\x08\x00\x17\x03\x03\x00\x09abc\x02\x00\x09\x06\x00defghi"))
	f.Add([]byte("\x01\x00\x01\x15\x00HTTP/1.0 200 OK\r\n\r\nab\x05\x00\x16\x02\x00cd"))
	f.Fuzz(func(t *testing.T, script []byte) {
		r := newRig(t)
		for len(script) >= 5 {
			kind, seq, n, cut := script[0], uint32(script[1])<<8|uint32(script[2]), int(script[3]), int(script[4])
			script = script[5:]
			n = min(n, len(script))
			to := server
			if kind&2 != 0 {
				to = netip.AddrPortFrom(server.Addr(), 443)
			}
			src, dst := client, to
			if kind&1 != 0 {
				src, dst = to, client
			}
			flags := ack
			if kind&4 != 0 {
				flags |= byte(tcp.FIN)
			}
			r.send(src, dst, seq, flags, string(script[:n]), min(cut, n))
			script = script[n:]
			p := &r.packet
			for i := range p.N {
				p.Bytes(i)
				p.NoteOf(i)
			}
			if r.streams.Held() > 8<<20 {
				t.Fatal("too much is held")
			}
			p.Clone()
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	for _, c := range []struct{ name, payload string }{
		{"records", strings.Repeat("\x17\x03\x03\x00\x40"+strings.Repeat("x", 64), 20)},
		{"unknown", strings.Repeat("x", 1380)},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b)
			to := netip.AddrPortFrom(server.Addr(), 5000)
			data := frameOf(client, to, 1, ack, c.payload)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: len(data), Pos: trace.Pos{Number: 1}}
			seq := uint32(1)
			for b.Loop() {
				binary.BigEndian.PutUint32(data[38:], seq)
				seq += uint32(len(c.payload))
				r.decoder.Decode(&rec, &r.packet)
				r.tracker.Add(&r.packet, &r.seen)
				r.streams.Add(&r.packet, &r.seen)
			}
		})
	}
}

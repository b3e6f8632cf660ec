package scrub

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/checksum"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// sample is the key of the sample that comes with Crypto-PAn.
var sample = []byte{21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2}

func secretOf(t testing.TB, key []byte) *secret {
	t.Helper()
	s, err := newSecret(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCryptoPAn: addresses are mapped as by the authors' own program.
func TestCryptoPAn(t *testing.T) {
	s := secretOf(t, sample)
	for was, want := range map[string]string{
		"128.11.68.132": "135.242.180.132", "129.118.74.4": "134.136.186.123", "130.132.252.244": "133.68.164.234", "141.223.7.43": "141.167.8.160",
	} {
		a := netip.MustParseAddr(was)
		got, _ := netip.AddrFromSlice(s.prefix(a.AsSlice(), 0))
		if got.String() != want {
			t.Errorf("%s becomes %v, want %s", was, got, want)
		}
	}
}

// common is how many first bits two addresses have in common.
func common(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range 8 * len(x) {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 != 0 {
			return i
		}
	}
	return 8 * len(x)
}

// TestAddresses: what two addresses have in common stays so, and the kind of each.
func TestAddresses(t *testing.T) {
	s := secretOf(t, sample)
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var a, b [4]byte
		binary.BigEndian.PutUint32(a[:], r.Uint32())
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(a[:])^uint32(1)<<r.IntN(16)) // 16 bits in common at least
		x, y := netip.AddrFrom4(a), netip.AddrFrom4(b)
		p, q := s.Addr(x), s.Addr(y)
		if x.IsPrivate() != p.IsPrivate() || x.IsMulticast() != p.IsMulticast() || x.IsLoopback() != p.IsLoopback() {
			t.Fatalf("%v becomes %v, which is of another kind", x, p)
		}
		was, is := common(x, y), common(p, q)
		if was >= 24 && is >= 24 { // inside the last byte one of them may have been mapped again
			is = was
		}
		if p == q || was != is {
			t.Fatalf("%v and %v become %v and %v", x, y, p, q)
		}
		if last := p.As4()[3]; (a[3] == 0 || a[3] == 255) != (last == 0 || last == 255) {
			t.Fatalf("%v becomes %v: one is a host, the other none", x, p)
		}
	}
	for _, same := range []string{"0.0.0.0", "255.255.255.255", "127.0.0.1", "224.0.0.251", "::", "::1", "ff02::fb", "ff02::1"} {
		if a := netip.MustParseAddr(same); s.Addr(a) != a {
			t.Errorf("%v becomes %v", a, s.Addr(a))
		}
	}
	for was, prefix := range map[string]string{"fe80::1:2:3:4": "fe80::/64", "fd00:1::1": "fd00::/8", "2001:db8::1": "2000::/3", "192.168.3.4": "192.168.0.0/16",
		"10.1.2.3": "10.0.0.0/8", "172.20.1.1": "172.16.0.0/12", "169.254.9.9": "169.254.0.0/16", "ff02::1:ff12:3456": "ff02::1:ff00:0/104"} {
		if a := s.Addr(netip.MustParseAddr(was)); a.String() == was || !netip.MustParsePrefix(prefix).Contains(a) {
			t.Errorf("%s becomes %v", was, a)
		}
	}
	if a := s.Addr(netip.MustParseAddr("::ffff:8.8.8.8")); a.Unmap() != s.Addr(netip.MustParseAddr("8.8.8.8")) {
		t.Errorf("an address inside another becomes %v", a)
	}
}

func TestNames(t *testing.T) {
	s := secretOf(t, sample)
	replace := func(f func(out, in []byte), in string) string {
		out := make([]byte, len(in))
		f(out, []byte(in))
		return string(out)
	}
	name := replace(s.words, "Fileserver7.corp.example.com")
	if !strings.HasSuffix(name, ".com") || len(name) != len("Fileserver7.corp.example.com") || strings.Contains(name, "corp") || strings.Count(name, ".") != 3 {
		t.Errorf("a name becomes %q", name)
	}
	wide := []byte("\\\x00\\\x00f\x00i\x00l\x00e\x00s\x00e\x00r\x00v\x00e\x00r\x007\x00")
	out := make([]byte, len(wide))
	s.text(out, wide)
	if got := strings.ReplaceAll(string(out), "\x00", ""); got != `\\`+strings.SplitN(name, ".", 2)[0] {
		t.Errorf("in UTF-16 it becomes %q, and %q otherwise", got, name)
	}
	if secretOf(t, bytes.Repeat([]byte{7}, 32)).label("fileserver7") == s.label("fileserver7") {
		t.Error("two keys give one name")
	}
}

// frame is an Ethernet frame with a segment of TCP or a datagram of UDP over IPv4, its checksums right.
func frame(transport byte, header, payload []byte) []byte {
	b := append([]byte{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6, 8, 0}, 0x45, 0, 0, 0, 0, 1, 0, 0, 64, transport, 0, 0, 10, 1, 2, 3, 8, 8, 4, 4)
	b = append(append(b, header...), payload...)
	ip := b[14:]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	binary.BigEndian.PutUint16(ip[10:], ^checksum.Fold(checksum.Sum(ip[:20])))
	at := 16
	if transport == 17 {
		at = 6
		binary.BigEndian.PutUint16(ip[24:], uint16(len(ip)-20))
	}
	seg := ip[20:]
	seg[at], seg[at+1] = 0, 0
	binary.BigEndian.PutUint16(seg[at:], ^checksum.Fold(checksum.Sum(ip[12:20])+uint64(transport)+uint64(len(seg))+checksum.Sum(seg)))
	return b
}

// TestChecksums: what was right is right, wrong is as wrong, and partial is partial.
func TestChecksums(t *testing.T) {
	tcpHeader := []byte{0, 80, 200, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}
	right := frame(6, tcpHeader, []byte("GET /private/path HTTP/1.1\r\nHost: files.corp.example\r\n\r\n"))
	wrong := bytes.Clone(right)
	wrong[14+20+16] ^= 0x55
	partial := bytes.Clone(right)
	binary.BigEndian.PutUint16(partial[14+20+16:], checksum.Fold(checksum.Sum(partial[26:34])+6+uint64(len(partial)-34)))
	udp := frame(17, []byte{0, 53, 200, 1, 0, 0, 0, 0}, []byte("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x04corp\x07example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x01\x02\x09"))
	for want, data := range map[packet.Checksum][]byte{packet.ChecksumGood: right, packet.ChecksumBad: wrong, packet.ChecksumPartial: partial} {
		out, p := scrubbed(t, data)
		if p.Checksum() != want || p.Has(packet.BadIPChecksum) {
			t.Errorf("checksum is %v, want %v; flags %v", p.Checksum(), want, p.Flags)
		}
		if bytes.Contains(out, []byte("private")) || bytes.Contains(out, []byte("corp")) {
			t.Errorf("%q has names", out)
		}
	}
	out, p := scrubbed(t, udp)
	if p.Checksum() != packet.ChecksumGood {
		t.Errorf("checksum of UDP is %v", p.Checksum())
	}
	if bytes.Contains(out, []byte("corp")) || !bytes.Contains(out, []byte("\x03www\x04")) || bytes.Contains(out, []byte("\x0a\x01\x02\x09")) {
		t.Errorf("the message is %q", out)
	}
}

// scrubbed scrubs a capture of one frame and decodes what stays.
func scrubbed(t testing.TB, data []byte) ([]byte, *packet.Packet) {
	out := both(t, [][]byte{data})[0]
	d := packet.Decoder{Applications: true}
	p := new(packet.Packet)
	d.Decode(&trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: out, WireLen: len(out), Pos: trace.Pos{Number: 1}}, p)
	return out, p
}

// both makes the two passes over frames.
func both(t testing.TB, frames [][]byte) (out [][]byte) {
	s, err := New(sample, Zero)
	if err != nil {
		t.Fatal(err)
	}
	choice := stream.NewChoice(stream.Rules{})
	for pass := range 2 {
		d, tracker := packet.Decoder{Applications: true}, flow.NewTracker(0)
		choice.Observe = nil
		if pass == 0 {
			choice.Observe = s.Message
		}
		apps := stream.New(choice, 0, nil)
		for i, f := range frames {
			var p packet.Packet
			var seen flow.Sighting
			d.Decode(&trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: f, WireLen: len(f), Time: int64(i), Pos: trace.Pos{Number: int64(i + 1)}}, &p)
			tracker.Add(&p, &seen)
			apps.Add(&p, &seen)
			if pass == 0 {
				s.Datagram(&p)
			} else {
				out = append(out, bytes.Clone(s.Packet(&p, &seen)))
			}
		}
	}
	return out
}

// TestAcrossSegments: a name that lies in two segments is replaced in both, and again where the bytes are sent again.
func TestAcrossSegments(t *testing.T) {
	text := "GET / HTTP/1.1\r\nHost: fileserver.corp.example\r\n\r\n"
	segment := func(from, to int) []byte {
		h := []byte{200, 1, 0, 80, 0, 0, 0, byte(1 + from), 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}
		return frame(6, h, []byte(text[from:to]))
	}
	out := both(t, [][]byte{segment(0, 25), segment(25, len(text)), segment(0, 25), segment(18, len(text))})
	whole := string(out[0][54:]) + string(out[1][54:])
	if strings.Contains(whole, "fileserver") || !strings.HasPrefix(whole, "GET / HTTP/1.1\r\nHost: ") || strings.Count(whole, ".") != 3 {
		t.Errorf("the request is %q", whole)
	}
	if string(out[2][54:]) != whole[:25] || string(out[3][54:]) != whole[18:] {
		t.Errorf("sent again it is %q and %q", out[2][54:], out[3][54:])
	}
}

// TestChunksEnd: a body in chunks ends where it did, behind its trailers.
func TestChunksEnd(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: abc\r\n\r\n"
	out := both(t, [][]byte{frame(6, []byte{0, 80, 200, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, []byte(text))})
	if got, want := string(out[0][54:]), "\r\n\r\n5\r\n\x00\x00\x00\x00\x00\r\n0\r\nxxxxxxxx\r\n\r\n"; !strings.HasSuffix(got, want) {
		t.Errorf("%q", got)
	}
}

func FuzzScrub(f *testing.F) {
	f.Add(frame(6, []byte{0, 80, 200, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")), uint16(20))
	f.Add(frame(17, []byte{0, 53, 200, 1, 0, 0, 0, 0}, []byte("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x04corp\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x01\x02\x09")), uint16(9))
	f.Add(frame(17, []byte{5, 154, 200, 1, 0, 0, 0, 0}, []byte("\x05\x20\x00ServerName;HOST;InstanceName;SQL;IsClustered;No;;")), uint16(9))
	for port, text := range map[byte]string{25: "220 a SMTP\r\n250-AUTH PLAIN\r\n334 x\r\n", 110: "+OK POP3 a\r\n1 2\r\n-ERR\r\n.\r\n", 143: "* OK IMAP4 [A 1] b {3}\r\nabc)\r\n+ x\r\n"} {
		f.Add(frame(6, []byte{0, port, 200, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, []byte(text)), uint16(60))
		f.Add(frame(6, []byte{200, 1, 0, port, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, []byte("MAIL FROM:<a@b> SIZE=1\r\nAUTH PLAIN a\r\na UID FETCH 1:2 (BODY[])\r\nb LOGIN {3}\r\nPASS x\r\n")), uint16(60))
	}
	message := append(append([]byte{2, 1, 6}, make([]byte, dhcpMagic-3)...), 0x63, 0x82, 0x53, 0x63, 53, 1, 5, 12, 2, 'a', 'b', 61, 7, 1, 1, 2, 3, 4, 5, 6, 81, 4, 4, 0, 0, 0, 119, 3, 1, 'a', 0, 121, 8, 24, 1, 2, 3, 4, 5, 6, 7, 82, 3, 1, 1, 9, 255)
	f.Add(frame(17, []byte{0, 67, 0, 68, 0, 0, 0, 0}, message), uint16(300))
	f.Fuzz(func(t *testing.T, data []byte, split uint16) {
		// The bytes as a frame, and as two in a row.
		frames := [][]byte{data, data[:min(len(data), int(split))], data}
		out := both(t, frames)
		for i, was := range frames {
			if len(out[i]) != len(was) {
				t.Fatalf("%d bytes of %d", len(out[i]), len(was))
			}
		}
		var p, q packet.Packet
		d := packet.Decoder{}
		d.Decode(&trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: len(data)}, &p)
		d = packet.Decoder{}
		d.Decode(&trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: out[0], WireLen: len(data)}, &q)
		plain := p.N > 2 && p.Layers[0].Proto == proto.Ethernet && (p.Layers[1].Proto == proto.IPv4 || p.Layers[2].Proto == proto.IPv4) && p.Tunnel == 0
		if plain && !p.Has(packet.Fragment) && (p.Transport == proto.TCP || p.Transport == proto.UDP) {
			if q.Transport != p.Transport || q.SrcPort != p.SrcPort || q.DstPort != p.DstPort || q.TCP.Seq != p.TCP.Seq || q.PayloadLen != p.PayloadLen {
				t.Fatalf("%v %d > %d becomes %v %d > %d", p.Transport, p.SrcPort, p.DstPort, q.Transport, q.SrcPort, q.DstPort)
			}
			if p.Checksum() != q.Checksum() && p.Checksum() != packet.ChecksumUnknown {
				t.Fatalf("checksum %v becomes %v", p.Checksum(), q.Checksum())
			}
		}
		if !bytes.Equal(both(t, frames)[0], out[0]) {
			t.Fatal("one key, two replacements")
		}
	})
}

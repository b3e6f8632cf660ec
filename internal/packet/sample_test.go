package packet_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto/ip"
	"github.com/wiretale/wiretale/trace"
)

// A sample is a frame with the chain of layers that tshark 4.0.17 gives it.
type sample struct {
	name      string
	link      trace.LinkType
	data      []byte
	protocols string
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func u16(v ...uint16) (b []byte) {
	for _, x := range v {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	return b
}

func ipv4(protocol byte, frag, id uint16, payload []byte) []byte {
	h := cat([]byte{0x45, 0}, u16(uint16(20+len(payload)), id, frag), []byte{64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(h[10:], ^ip.Sum(h))
	return cat(h, payload)
}

func ipv6(next byte, payload []byte) []byte {
	addr := []byte{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	return cat([]byte{0x60, 0, 0, 0}, u16(uint16(len(payload))), []byte{next, 64}, addr, []byte{1}, addr, []byte{2}, payload)
}

func ether(t uint16, payload []byte) []byte {
	return cat([]byte{0, 0x16, 0x3e, 0, 0, 1, 0, 0x16, 0x3e, 0, 0, 2}, u16(t), payload)
}

func tcpSegment(payload string) []byte {
	return cat(u16(8080, 50000), []byte{0, 0, 0, 100, 0, 0, 0, 200, 0x80, 0x18, 2, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, []byte(payload))
}

func udpTo(port uint16, payload []byte) []byte {
	return cat(u16(40000, port, uint16(8+len(payload)), 0), payload)
}

// samples has a frame for each kind of layer.
func samples() []sample {
	tcp4 := ipv4(6, 0x4000, 1, tcpSegment("abcd"))
	tcp6 := ipv6(6, tcpSegment("abcd"))
	frame := ether(0x800, tcp4)
	snap := cat([]byte{0xaa, 0xaa, 3, 0, 0, 0}, u16(0x800), tcp4)
	return []sample{
		{"ipv4 tcp", trace.LinkEthernet, frame, "eth:ethertype:ip:tcp:data"},
		{"ipv6 tcp", trace.LinkEthernet, ether(0x86dd, tcp6), "eth:ethertype:ipv6:tcp:data"},
		{"ipv4 udp", trace.LinkEthernet, ether(0x800, ipv4(17, 0, 1, udpTo(40001, []byte("abc")))), "eth:ethertype:ip:udp:data"},
		{"vlan", trace.LinkEthernet, ether(0x8100, cat(u16(0x2005, 0x800), tcp4)), "eth:ethertype:vlan:ethertype:ip:tcp:data"},
		{"cisco metadata", trace.LinkEthernet, ether(0x8909, cat([]byte{1, 1}, u16(1, 2, 0x800), tcp4)), "eth:ethertype:cmd:ethertype:ip:tcp:data"},
		{"vn-tag", trace.LinkEthernet, ether(0x8926, cat(u16(0x4003, 5, 0x8100, 11, 0x800), tcp4)), "eth:ethertype:vntag:ethertype:vlan:ethertype:ip:tcp:data"},
		{"e-tag", trace.LinkEthernet, ether(0x893f, cat(u16(0x1000, 211, 0, 0x800), tcp4)), "eth:ethertype:etag:ethertype:ip:tcp:data"},
		{"nsh", trace.LinkEthernet, ether(0x894f, cat([]byte{0, 6, 1, 1, 0, 0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}, tcp4)), "eth:ethertype:nsh:ip:tcp:data"},
		{"nsh, ethernet, no context", trace.LinkEthernet, ether(0x894f, cat([]byte{0x0f, 0xc2, 2, 3, 0, 0, 1, 255}, frame)), "eth:ethertype:nsh:eth:ethertype:ip:tcp:data"},
		{"qinq", trace.LinkEthernet, ether(0x88a8, cat(u16(5, 0x8100, 6, 0x800), tcp4)), "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:ip:tcp:data"},
		{"snap", trace.LinkEthernet, ether(uint16(len(snap)), snap), "eth:llc:ip:tcp:data"},
		{"arp", trace.LinkEthernet, ether(0x806, cat(u16(1, 0x800), []byte{6, 4, 0, 1}, make([]byte, 20))), "eth:ethertype:arp"},
		{"pppoe", trace.LinkEthernet, ether(0x8864, cat([]byte{0x11, 0, 0, 7}, u16(uint16(2+len(tcp4)), 0x21), tcp4)), "eth:ethertype:pppoes:ppp:ip:tcp:data"},
		{"mpls", trace.LinkEthernet, ether(0x8847, cat([]byte{0, 1, 0, 64, 0, 2, 1, 64}, tcp4)), "eth:ethertype:mpls:ip:tcp:data"},
		{"icmp echo", trace.LinkEthernet, ether(0x800, ipv4(1, 0, 1, []byte("\x08\x00\x00\x00\x00\x01\x00\x02abc"))), "eth:ethertype:ip:icmp:data"},
		{"icmp error", trace.LinkEthernet, ether(0x800, ipv4(1, 0, 1, cat([]byte{3, 3, 0, 0, 0, 0, 0, 0}, tcp4[:28]))), "eth:ethertype:ip:icmp:ip:tcp"},
		{"icmpv6 error", trace.LinkEthernet, ether(0x86dd, ipv6(58, cat([]byte{1, 4, 0, 0, 0, 0, 0, 0}, tcp6))), "eth:ethertype:ipv6:icmpv6:ipv6:tcp:data"},
		{"igmp", trace.LinkEthernet, ether(0x800, ipv4(2, 0, 1, []byte{0x16, 0, 0, 0, 224, 0, 0, 1})), "eth:ethertype:ip:igmp"},
		{"sctp", trace.LinkEthernet, ether(0x800, ipv4(132, 0, 1, cat(u16(1, 2), make([]byte, 8)))), "eth:ethertype:ip:sctp"},
		{"ipip", trace.LinkEthernet, ether(0x800, ipv4(4, 0, 1, tcp4)), "eth:ethertype:ip:ip:tcp:data"},
		{"6in4", trace.LinkEthernet, ether(0x800, ipv4(41, 0, 1, tcp6)), "eth:ethertype:ip:ipv6:tcp:data"},
		{"gre key", trace.LinkEthernet, ether(0x800, ipv4(47, 0, 1, cat(u16(0x2000, 0x800, 0, 9), tcp4))), "eth:ethertype:ip:gre:ip:tcp:data"},
		{"gre teb", trace.LinkEthernet, ether(0x800, ipv4(47, 0, 1, cat(u16(0, 0x6558), frame))), "eth:ethertype:ip:gre:eth:ethertype:ip:tcp:data"},
		{"erspan 2", trace.LinkEthernet, ether(0x800, ipv4(47, 0, 1, cat(u16(0x1000, 0x88be, 0, 1, 0x1000, 0, 0, 0), frame))), "eth:ethertype:ip:gre:erspan:eth:ethertype:ip:tcp:data"},
		{"vxlan", trace.LinkEthernet, ether(0x800, ipv4(17, 0, 1, udpTo(4789, cat([]byte{8, 0, 0, 0, 0, 0, 9, 0}, frame)))), "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp:data"},
		{"geneve", trace.LinkEthernet, ether(0x800, ipv4(17, 0, 1, udpTo(6081, cat([]byte{0, 0, 0x65, 0x58, 0, 0, 9, 0}, frame)))), "eth:ethertype:ip:udp:geneve:eth:ethertype:ip:tcp:data"},
		{"gtp", trace.LinkEthernet, ether(0x800, ipv4(17, 0, 1, udpTo(2152, cat([]byte{0x30, 0xff}, u16(uint16(len(tcp4)), 0, 1), tcp4)))), "eth:ethertype:ip:udp:gtp:ip:tcp:data"},
		{"teredo", trace.LinkEthernet, ether(0x800, ipv4(17, 0, 1, udpTo(3544, tcp6))), "eth:ethertype:ip:udp:teredo:ipv6:tcp:data"},
		{"hop-by-hop", trace.LinkEthernet, ether(0x86dd, ipv6(0, cat([]byte{6, 0, 1, 4, 0, 0, 0, 0}, tcpSegment("ab")))), "eth:ethertype:ipv6:ipv6.hopopts:tcp:data"},
		{"atomic fragment", trace.LinkEthernet, ether(0x86dd, ipv6(44, cat([]byte{6, 0, 0, 0, 0, 0, 0, 1}, tcpSegment("ab")))), "eth:ethertype:ipv6:ipv6.fraghdr:tcp:data"},
		{"ah", trace.LinkEthernet, ether(0x800, ipv4(51, 0, 1, cat([]byte{6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 12), tcpSegment("ab")))), "eth:ethertype:ip:ah:tcp:data"},
		{"esp", trace.LinkEthernet, ether(0x800, ipv4(50, 0, 1, make([]byte, 40))), "eth:ethertype:ip:esp"},
		{"raw", trace.LinkRaw, tcp6, "raw:ipv6:tcp:data"},
		{"null", trace.LinkNull, cat([]byte{2, 0, 0, 0}, tcp4), "null:ip:tcp:data"},
		{"sll", trace.LinkLinuxSLL, cat(u16(0, 1, 6, 0, 0, 0, 0, 0x800), tcp4), "sll:ethertype:ip:tcp:data"},
		{"sll2", trace.LinkLinuxSLL2, cat(u16(0x86dd, 0, 0, 1, 1, 6, 0, 0, 0, 0), tcp6), "sll:ethertype:ipv6:tcp:data"},
		{"ppp", trace.LinkPPP, cat(u16(0xff03, 0x21), tcp4), "ppp:ip:tcp:data"},
		{"chdlc", trace.LinkCHDLC, cat(u16(0x0f00, 0x800), tcp4), "chdlc:ip:tcp:data"},
		{"frame relay", trace.LinkFrameRelay, cat([]byte{0x18, 0x41, 3, 0xcc}, tcp4), "fr:ip:tcp:data"},
		{"fddi", trace.LinkFDDI, cat([]byte{0x50}, make([]byte, 12), snap), "fddi:llc:ip:tcp:data"},
		{"token ring", trace.LinkTokenRing, cat([]byte{0x10, 0x40}, make([]byte, 12), snap), "tr:llc:ip:tcp:data"},
		{"nflog", trace.LinkNFLog, cat([]byte{2, 0, 0, 0, byte(4 + len(tcp4)), 0, 9, 0}, tcp4), "nflog:ip:tcp:data"},
		{"802.11", trace.LinkWiFi, cat([]byte{8, 1}, make([]byte, 22), snap), "wlan:llc:ip:tcp:data"},
		{"radiotap", trace.LinkRadiotap, cat([]byte{0, 0, 8, 0, 0, 0, 0, 0, 8, 1}, make([]byte, 22), snap), "radiotap:wlan_radio:wlan:llc:ip:tcp:data"},
		{"ppi", trace.LinkPPI, cat([]byte{0, 0, 8, 0, 105, 0, 0, 0, 8, 1}, make([]byte, 22), snap), "ppi:wlan_radio:wlan:llc:ip:tcp:data"},
		{"erf", trace.LinkERF, cat(make([]byte, 8), []byte{2, 0}, u16(uint16(18+len(frame)), 0, uint16(len(frame))), []byte{0, 0}, frame), "erf:eth:ethertype:ip:tcp:data"},
	}
}

func decodeOne(d *packet.Decoder, p *packet.Packet, s sample) {
	r := trace.Record{Kind: trace.Packet, Link: s.link, Data: s.data, WireLen: len(s.data)}
	d.Decode(&r, p)
}

func TestProtocols(t *testing.T) {
	for _, s := range samples() {
		var d packet.Decoder
		var p packet.Packet
		decodeOne(&d, &p, s)
		if got := string(p.Protocols(nil)); got != s.protocols {
			t.Errorf("%s: got %q, want %q", s.name, got, s.protocols)
		}
		if p.Err != nil || p.Has(packet.Malformed) || p.Has(packet.Cut) {
			t.Errorf("%s: %v", s.name, p.Err)
		}
		if strings.Contains(s.protocols, ":ip:tcp:data") && (p.SrcPort != 8080 || string(p.Payload) != "abcd") && !p.QuotedSrc.IsValid() {
			t.Errorf("%s: port %d, payload %q", s.name, p.SrcPort, p.Payload)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var d packet.Decoder
	var p packet.Packet
	for _, s := range samples() {
		r := trace.Record{Kind: trace.Packet, Link: s.link, Data: s.data, WireLen: len(s.data)}
		if n := testing.AllocsPerRun(100, func() { d.Decode(&r, &p) }); n != 0 {
			t.Errorf("%s: %v allocations a packet", s.name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, s := range samples() {
		b.Run(strings.ReplaceAll(s.name, " ", "_"), func(b *testing.B) {
			var d packet.Decoder
			var p packet.Packet
			r := trace.Record{Kind: trace.Packet, Link: s.link, Data: s.data, WireLen: len(s.data)}
			b.SetBytes(int64(len(s.data)))
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(&r, &p)
			}
		})
	}
}

package packet_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A length of 0 is left by segmentation offload, unless it is to be taken at its word.
func TestLengthAsSent(t *testing.T) {
	ethernet := func(kind ...byte) []byte { return append(make([]byte, 12), kind...) }
	segment := append([]byte{0, 80, 4, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0}, make([]byte, 3000)...)
	ip4 := append(ethernet(8, 0), 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	ip6 := append(append(ethernet(0x86, 0xdd), 0x60, 0, 0, 0, 0, 0, 6, 64), make([]byte, 32)...)
	for name, frame := range map[string][]byte{"IPv4": append(ip4, segment...), "IPv6": append(ip6, segment...)} {
		rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: frame, WireLen: len(frame)}
		var p packet.Packet
		var offload packet.Decoder
		if offload.Decode(&rec, &p); !p.Has(packet.LengthZero) || p.Transport != proto.TCP || p.PayloadLen != 3000 || p.Err != nil {
			t.Errorf("%s: flags %b, transport %v, payload of %d bytes, %v", name, p.Flags, p.Transport, p.PayloadLen, p.Err)
		}
		asSent := packet.Decoder{LengthAsSent: true}
		if asSent.Decode(&rec, &p); p.Has(packet.LengthZero) || !p.Has(packet.Malformed) || p.Transport != proto.None || p.PayloadLen != 0 || p.Err == nil {
			t.Errorf("%s as sent: flags %b, transport %v, payload of %d bytes, %v", name, p.Flags, p.Transport, p.PayloadLen, p.Err)
		}
	}
}

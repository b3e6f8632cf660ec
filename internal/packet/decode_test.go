package packet_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

func BenchmarkSmall(b *testing.B) {
	frame := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0,
		0x45, 0, 0, 44, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x1f, 0x90, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0, 'a', 'b', 'c', 'd'}
	var d packet.Decoder
	var p packet.Packet
	r := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: frame, WireLen: len(frame)}
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		d.Decode(&r, &p)
	}
	if p.SrcPort != 8080 || string(p.Payload) != "abcd" {
		b.Fatal(p)
	}
}

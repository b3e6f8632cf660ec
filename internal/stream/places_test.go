package stream_test

import (
	"math/rand/v2"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// TestPlaces reads a stream again from the records of segments that came out of order, again, and cut.
func TestPlaces(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		text := make([]byte, 3000)
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		const start = 1<<32 - 1500 // the numbers wrap
		var m stream.Map
		var d packet.Decoder
		var p packet.Packet
		records := map[int64][]byte{}
		send := func(from, n int) {
			frame := frameOf(client, server, uint32(start+from), ack, string(text[from:from+n]))
			number := int64(len(records) + 1)
			records[number] = frame
			rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: frame, WireLen: len(frame), Pos: trace.Pos{Number: number}}
			d.Decode(&rec, &p)
			m.Add(&p)
		}
		send(0, 1)
		var late []int
		for at := 1; at < 2900; at += 100 {
			if r.IntN(4) == 0 && len(late) < 20 {
				late = append(late, at)
				continue
			}
			send(at, 100)
			back := r.IntN(at)
			send(back, min(150, 2901-back))
		}
		for _, at := range late {
			send(at, 100)
		}
		send(2950, 50)
		next := int64(0)
		for i, place := range m.Places() {
			if place.At != next && place.At != 2950 {
				t.Fatalf("seed %d, place %d at %d, want %d", seed, i, place.At, next)
			}
			next = place.At + int64(place.Len)
			if got := records[place.Record.Number][place.Off : place.Off+place.Len]; string(got) != string(text[place.At:next]) {
				t.Fatalf("seed %d, place %d: other bytes", seed, i)
			}
		}
		if next != 3000 {
			t.Fatalf("seed %d: places end at %d", seed, next)
		}
	}
}

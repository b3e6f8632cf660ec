package plot

import (
	"testing"

	"github.com/wiretale/wiretale/proto/tcp"
)

// newTestRTT is a graph that is fed without rows.
func newTestRTT() *rtt {
	return newRTT(Options{Columns: 100}).(*rtt)
}

// TestRTTRepeats: segments that each repeat everything in flight cost no more than they may.
func TestRTTRepeats(t *testing.T) {
	r := newTestRTT()
	const flights = 3 * maxFlights
	for i := range int64(flights) {
		r.sent(&segment{time: i, tcp: true, seq: i, len: 1})
	}
	if n := len(r.flights) - r.head; n != maxFlights {
		t.Errorf("%d flights are kept, want %d", n, maxFlights)
	}
	if cap(r.flights) > 4*maxFlights {
		t.Errorf("room for %d flights", cap(r.flights))
	}
	for range 1000 {
		r.sent(&segment{time: flights, tcp: true, seq: 0, len: flights})
	}
	spent := 0
	for _, f := range r.flights[r.head:] {
		if f.spent {
			spent++
		}
	}
	if spent != maxRepeated {
		t.Errorf("%d flights are marked, want %d", spent, maxRepeated)
	}
}

// TestRTTSelective: blocks that grow at either end measure what is new in them, once.
func TestRTTSelective(t *testing.T) {
	r := newTestRTT()
	for i := range int64(10) {
		r.sent(&segment{time: i, tcp: true, seq: 100 * i, len: 100})
	}
	r.sent(&segment{time: 20, tcp: true, seq: 300, len: 100}) // again
	tests := []struct {
		block block
		sent  int64
		ok    bool
	}{
		{block{500, 600}, 5, true},
		{block{500, 600}, 0, false},
		{block{500, 800}, 7, true},
		{block{400, 800}, 4, true},
		{block{300, 800}, 3, false}, // sent twice
		{block{150, 800}, 2, true},  // the segment from 100 is not whole
		{block{850, 899}, 0, false},
		{block{-5000, 5000}, 9, true},
		{block{2000, 5000}, 0, false},
	}
	for _, tt := range tests {
		if sent, ok := r.selectively(tt.block); ok != tt.ok || ok && sent != tt.sent {
			t.Errorf("block %v: %d, %v; want %d, %v", tt.block, sent, ok, tt.sent, tt.ok)
		}
	}
	if sent, ok := r.acknowledge(600); ok {
		t.Errorf("an acknowledgement of what a block named measures %d", sent)
	}
}

// TestRTTPartial: each acknowledgement inside a segment of offload is a sample of it.
func TestRTTPartial(t *testing.T) {
	r := newTestRTT()
	r.sent(&segment{time: 1, tcp: true, seq: 0, len: 3000})
	r.sent(&segment{time: 2, tcp: true, seq: 3000, len: 3000, flags: tcp.FIN})
	for _, tt := range []struct {
		ack, sent int64
		ok        bool
	}{{1500, 1, true}, {1500, 0, false}, {3000, 1, true}, {4500, 2, true}, {6001, 2, true}, {6001, 0, false}, {9000, 0, false}, {100, 0, false}} {
		if sent, ok := r.acknowledge(tt.ack); ok != tt.ok || ok && sent != tt.sent {
			t.Errorf("acknowledgement %d: %d, %v; want %d, %v", tt.ack, sent, ok, tt.sent, tt.ok)
		}
	}
}

package contrast

import (
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
)

// TestStallsOfPackets: a segment that is sent again, a window of 0 until it opens, and a full window that no acknowledgement opens for
// half a round trip at the least. What comes at the pace of the link is none, and neither is a second sighting.
func TestStallsOfPackets(t *testing.T) {
	conv := &flow.Conversation{ID: 7}
	const ms = 1_000_000
	const trip = 20 * ms
	for _, tt := range []struct {
		what    string
		packets []flow.Sighting
		times   []int64 // ms
		want    string
	}{
		{"sent again", []flow.Sighting{{TCP: true}, {TCP: true, Analysis: flow.Retransmission, RTO: 300 * ms}}, []int64{0, 350}, "[{7 0 50000000 350000000}]"},
		{"sent again without need", []flow.Sighting{{TCP: true, Analysis: flow.SpuriousRetransmission}}, []int64{10}, "[]"},
		{"sent again after repeated acknowledgements", []flow.Sighting{
			{TCP: true, Dir: 0, Analysis: flow.DuplicateAck}, {TCP: true, Dir: 0, Analysis: flow.DuplicateAck}, {TCP: true, Dir: 1, Analysis: flow.FastRetransmission},
			{TCP: true, Dir: 0, AcksFrame: 9}, {TCP: true, Dir: 1, Analysis: flow.FastRetransmission},
		}, []int64{10, 20, 31, 32, 40}, "[{7 0 10000000 31000000}]"},
		{"window of 0", []flow.Sighting{{TCP: true, Dir: 0, Analysis: flow.ZeroWindow}, {TCP: true, Dir: 1}, {TCP: true, Dir: 0, Analysis: flow.ZeroWindowProbeAck}, {TCP: true, Dir: 0}}, []int64{10, 20, 200, 310}, "[{7 1 10000000 310000000}]"},
		{"window of 0 to the end", []flow.Sighting{{TCP: true, Analysis: flow.ZeroWindow}}, []int64{10}, "[]"},
		{"full window", []flow.Sighting{{TCP: true, Dir: 1, Analysis: flow.WindowFull, InitialRTT: trip}, {TCP: true, Dir: 0}}, []int64{100, 119}, "[{7 1 100000000 119000000}]"},
		{"full window, acknowledged at the pace of the link", []flow.Sighting{{TCP: true, Dir: 1, Analysis: flow.WindowFull, InitialRTT: trip}, {TCP: true, Dir: 0}}, []int64{100, 102}, "[]"},
		{"seen twice", []flow.Sighting{{TCP: true, Duplicate: true, Analysis: flow.Retransmission, RTO: 300 * ms}}, []int64{350}, "[]"},
		{"no segment", []flow.Sighting{{Analysis: flow.Retransmission, RTO: 300 * ms}}, []int64{350}, "[]"},
	} {
		var s Stalls
		for i := range tt.packets {
			s.Add(conv, &tt.packets[i], tt.times[i]*ms)
		}
		if got := fmt.Sprint(s.List); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

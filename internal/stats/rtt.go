package stats

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// Samples are round-trip times in nanoseconds.
type Samples struct {
	Count         int64
	Min, Max, Sum int64 // valid iff Count > 0
}

// Mean is the average of the samples, 0 without any.
func (s *Samples) Mean() int64 {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / s.Count
}

func (s *Samples) add(ns int64) {
	if s.Count == 0 || ns < s.Min {
		s.Min = ns
	}
	if s.Count == 0 || ns > s.Max {
		s.Max = ns
	}
	s.Count++
	s.Sum += ns
}

// A RoundTrip is what one TCP conversation says of the time to the other end.
type RoundTrip struct {
	Conv *flow.Conversation
	// Towards the server and the client, as the handshake splits the round trip at the place of the capture; valid iff Split.
	Server, Client int64
	Split          bool
	// Acks are the times until data was acknowledged, by the end that sent the data.
	Acks [2]Samples
}

// RoundTrips collects the round-trip times of the TCP conversations.
type RoundTrips struct {
	List    []*RoundTrip // of conversations that have any, in order of their first packet
	byConv  map[*flow.Conversation]*RoundTrip
	ackTime func(*flow.Sighting) (int64, bool)
}

// NewRoundTrips collects round-trip times.
func NewRoundTrips() *RoundTrips {
	return &RoundTrips{byConv: map[*flow.Conversation]*RoundTrip{}, ackTime: number("tcp.analysis.ack_rtt")}
}

// Add takes the sample of an acknowledgement.
func (s *RoundTrips) Add(row *Row, timed bool) {
	seen := row.Sighting
	if traffic(row) == nil || !timed || seen == nil || seen.Conv == nil || seen.Conv.Proto != proto.TCP {
		return
	}
	t := s.byConv[seen.Conv]
	if t == nil {
		t = &RoundTrip{Conv: seen.Conv}
		s.byConv[seen.Conv] = t
		s.List = append(s.List, t)
	}
	if ns, ok := s.ackTime(seen); ok {
		t.Acks[1-seen.Dir].add(ns)
	}
}

// Finish adds what the handshakes say, and leaves out conversations without any time.
func (s *RoundTrips) Finish(flow.Conversations) {
	kept := s.List[:0]
	for _, t := range s.List {
		if t.Conv.TCP != nil {
			t.Server, t.Client, t.Split = t.Conv.TCP.RTT()
		}
		if t.Split || t.Acks[0].Count+t.Acks[1].Count > 0 {
			kept = append(kept, t)
		}
	}
	s.List = kept
}

// number reads a field of the analysis as a number. A field that the analysis does not have is never there.
func number(name string) func(*flow.Sighting) (int64, bool) {
	fields := flow.Fields()
	for i := range fields {
		if f := &fields[i]; f.Name == name {
			return func(s *flow.Sighting) (int64, bool) {
				v, ok := f.Get(s)
				return int64(v.U), ok
			}
		}
	}
	return func(*flow.Sighting) (int64, bool) { return 0, false }
}

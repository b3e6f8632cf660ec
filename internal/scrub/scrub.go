// Package scrub replaces what tells people and places apart in packets, and
// leaves what the analysis needs: lengths, times, numbers, flags, states.
//
// What is not known to be harmless is zero. A packet is written anew: its
// bytes begin as zeros, and only those are taken over that a field table
// declares a number, or that a protocol's own rule here replaces. So nothing
// is kept because it was overlooked.
//
//  1. A first pass over all sources hands every message that package stream
//     finds in connections to [Scrubber.Message]. What is left of it is kept by
//     its place in the sequence numbers.
//  2. A second pass hands every packet to [Scrubber.Packet], which writes its
//     headers with replaced addresses, its payload from what the first pass
//     kept, and its checksums.
//
// One [Scrubber] serves all sources of a run: equal names and addresses get
// equal replacements everywhere, and in every run with the same key.
package scrub

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// Policy says what becomes of payload that nothing here understands.
type Policy uint8

const (
	Zero Policy = iota // its bytes become zeros
	Keep               // it stays: whoever asks for it knows what is in it
	Drop               // it is cut off, as a snap length would
)

// A Scrubber replaces. It is not safe for concurrent use.
type Scrubber struct {
	secret    *secret
	policy    Policy
	streams   streams
	counts    map[string]int64
	unknown   map[string]int64 // bytes of payload that nothing understands, by port
	held      int64            // bytes of streams
	datagrams map[datagram][]assembly
	assembled int64 // bytes of datagrams
	out       []byte
	known     []bool
}

// New makes a scrubber with a key of KeyLen bytes.
func New(key []byte, policy Policy) (*Scrubber, error) {
	s, err := newSecret(key)
	if err != nil {
		return nil, err
	}
	return &Scrubber{secret: s, policy: policy, streams: streams{}, counts: map[string]int64{}, unknown: map[string]int64{}, datagrams: map[datagram][]assembly{}}, nil
}

// A Line is a kind of thing that was replaced, or bytes that were not understood, and how often.
type Line struct {
	What  string
	Count int64
}

// Replaced counts what was replaced, by kind; Unknown counts the bytes of payload that nothing understood, by port, most first.
func (s *Scrubber) Replaced() []Line { return sorted(s.counts) }

// Unknown counts the bytes of payload that nothing understood, by transport and port, most first.
func (s *Scrubber) Unknown() []Line { return sorted(s.unknown) }

func sorted(m map[string]int64) (list []Line) {
	for what, n := range m {
		list = append(list, Line{what, n})
	}
	slices.SortFunc(list, func(a, b Line) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.What, b.What)) })
	return list
}

// Message takes what a connection carries: one unit of its protocol.
func (s *Scrubber) Message(m *stream.Message) {
	out := make([]byte, len(m.Data))
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.In != 0 || l.Off >= len(m.Data) {
			continue
		}
		end := min(l.Off+l.Len, len(m.Data))
		s.application(l.ID, m.Data[l.Off:end], out[l.Off:end], &l.Note)
	}
	if len(m.Layers) > 0 {
		if !s.streams.add(m, out, &s.held) {
			s.counts["messages beyond what is kept, zeroed"]++
		}
	}
}

// unknownBytes counts payload that nothing understands.
func (s *Scrubber) unknownBytes(p *packet.Packet, n int) {
	if n == 0 {
		return
	}
	name := "other"
	switch p.Transport {
	case proto.TCP, proto.UDP, proto.SCTP:
		name = fmt.Sprintf("%v port %d", p.Transport, min(p.SrcPort, p.DstPort))
	case proto.None:
	default:
		name = p.Transport.String()
	}
	if len(s.unknown) >= maxPorts && s.unknown[name] == 0 {
		name = "other ports"
	}
	s.unknown[name] += int64(n)
}

// maxPorts bounds the ports that are told apart.
const maxPorts = 256

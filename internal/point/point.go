// Package point compares what several capture points saw of the same traffic:
// which conversations are the same, which packets, how far the clocks are
// apart, what was rewritten on the way, and what left one point and did not
// reach the other.
//
// Each source is a point. One pass over it leaves a print of 48 bytes for each
// packet ([Recorder]); when all sources are read, [Analyse] works on the prints
// alone:
//
//  1. Conversations are paired: those between the same endpoints first, then,
//     where addresses or ports were rewritten, those whose packets have numbers
//     and content that nothing else has ([meet]).
//  2. Inside a pair packets are matched, from what is certain to what only
//     order and clock can tell ([matchPackets]).
//  3. What is certain gives the offset of the clocks, with bounds: no packet
//     arrives before it was sent ([fit]).
//  4. With the clocks, what is left over is counted: lost, or seen only here ([Meeting]).
//  5. All pairs together give one clock for all points ([Timebase]).
//
// A false pair is worse than none. Content that was seen more than once is
// matched only inside a pair of conversations, and only where clock and order leave one answer.
package point

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A Point is a place where traffic was captured.
type Point struct {
	Name   string
	Source int
	// Tick is the step of the clock in nanoseconds, Unit the unit of its times (1, 1,000, 1,000,000); Tick is 0 when the clock is fine.
	Tick, Unit  int64
	First, Last int64 // times of its records; trace.NoTime without
	Packets     int64 // with a network layer
	Untimed     bool
	// More are the sources that go on with Source: files that the recorder wrote one after another.
	More []int
	// Records is how many records the sources have. Named says that somebody gave the name; Series and Number are what a recorder makes names of files of that
	// it writes one after another, "" without; Recorder is what the file says of who wrote it.
	Records  int64
	Named    bool
	Series   string
	Number   int
	Recorder string

	files []file              // when there are several
	heard map[netip.Addr]bool // senders of ARP
}

// Heard reports whether the point saw packets of ARP of the address.
func (p *Point) Heard(a netip.Addr) bool { return p.heard[a] }

// A Result is what the points say together.
type Result struct {
	Points []Point
	Pairs  []Pair // each two points with packets, in order
	// Sampled is, when not 0, how many low bits of a hash are zero for the packets that were compared: 1 in 2^Sampled. The others found no room.
	Sampled int
	// Contradictions are the pairs whose clocks no one clock fits together with the others; what they say is left out of it.
	Contradictions []Contradiction
	// Timebases are by point: see Clock.
	Timebases []Timebase
	// Inside are the points that have both connections of relays.
	Inside []Inside

	convs *flow.Conversations // of the case
}

// Conv is the conversation of a number. The same number gives the same pointer as long as it is in use.
func (r *Result) Conv(number int32) *flow.Conversation { return r.convs.At(int(number)) }

// A Pair is two points, and what both saw.
type Pair struct {
	A, B     int // index into Result.Points
	Meetings []Meeting
	Clock    Clock
	Delay    [2]Delay // of all matched packets from A to B, and from B to A
	// Twice says that both points have the same records at the same times: one capture, given twice.
	Twice bool
	Over  [2]Profile // the same over time
	// Relays are connections that carry the same bytes without being the same; Ambiguous are the connections of A that do so with several of B, or with
	// one of B that has several of A, so that nothing tells which.
	Relays    []Relay
	Ambiguous int
	// Possible are conversations that agree in nothing but the sizes and the order of their packets.
	Possible []Possible
	// Candidates are the conversations of A that B could have seen as they are: between the same hosts; and Contradicted those of them whose endpoints
	// B has, but with other numbers or content.
	Candidates, Contradicted int
	// Halves are conversations of which each point has one direction: one tap, and a file for each way.
	Halves int
	// Alone are conversations of one point with a host that the other shows, none of whose packets it has; 20 at most.
	Alone []Alone
	// Rewrites are each once, the most frequent of a field first. Whatever a way does to nearly all packets (a router lowers the TTL by one) is among them.
	Rewrites []Rewrite
}

// How tells by what two conversations were found to be the same.
type How uint8

const (
	SameEnds    How = iota // endpoints are equal
	SameNumbers            // addresses or ports differ, sequence numbers are equal
	SameContent            // only the content is equal
	SameBytes              // the bytes of the streams are equal: see [Relay]
)

func (h How) String() string { return [...]string{"endpoints", "numbers", "content", "bytes"}[h] }

// A Meeting is a conversation that two points saw.
type Meeting struct {
	A, B    int32 // numbers of the conversation in the case: see [Result.Conv]
	Flipped bool  // end 0 at A is end 1 at B
	How     How
	// Sent says which ends of the conversation sent packets, as A and as B have it: Sent[1][0] is end 0 at B.
	Sent [2][2]bool
	Ways [2]Way // by the sender at A
	// Shift is what was added to the sequence numbers of each side of A on the way to B; 0 for those of most.
	Shift [2]uint32
}

// A Way is one direction of a conversation that two points saw.
type Way struct {
	From Course
	DSCP [2]uint8 // of the first matched packet, at A and B
	// Matched packets are at both points. Lost ones left the first point and were not seen at the second, which covers their time; Only
	// ones were seen at the second point alone. Without a course, Lost are those that only A has. Outside are those that the other point cannot have seen: it did not capture then.
	Matched, Lost, Only, Outside int64
	// LeastLost is the payload of the smallest packet of Lost that has any, MostPassed that of the largest of the others of its point; 0 without one.
	LeastLost, MostPassed uint32
	// Ranges are those of Matched whose bytes the other point has in other segments.
	Ranges int64
	// Altered are at both points, but for their payload, which is as long and not the same: they are neither matched nor lost.
	Altered int64
	// Alike are packets of A and B of which there are several that nothing tells apart, and not as many at both: some are lost, and nobody knows which.
	Alike [2]int64
	TTL   int // that of A minus that of B, of most packets
	Delay Delay
	// Reordered packets arrived after one that was sent later, Extent packets and Late nanoseconds behind it at most. Twice is how
	// many packets more than were sent arrived with the same identification.
	Reordered, Extent, Late int64
	Twice                   int64
	Copied                  bool    // most packets came twice: copies of a recorder, which do not count in Twice
	places                  *Places // nil when it has none: most have
}

// Places are records of a way, the first 20 of each kind.
type Places struct {
	LostAt, OnlyAt []trace.Pos
	AlteredAt      []trace.Pos // at A
	// ReorderedAt are pairs of records at the second point, the earlier and the one that it overtook, TwiceAt those that came twice.
	ReorderedAt, TwiceAt []trace.Pos
	// Foreign are those of Only that are known to come from elsewhere.
	Foreign []Foreign
	// records are those of A and B that are the same packet, missing those of A and of B that the other point lacks; nil unless they are kept.
	records [][2]uint32
	missing [2][]uint32
}

// Places are the records of the way that are named. They are not to be changed.
func (w *Way) Places() *Places {
	if w.places == nil {
		return &none
	}
	return w.places
}

var none Places

// at is where places of the way are noted.
func (w *Way) at() *Places {
	if w.places == nil {
		w.places = new(Places)
	}
	return w.places
}

// Course says which of two points packets of one direction pass first.
type Course uint8

const (
	Unknown Course = iota
	AtoB
	BtoA
)

// Delay is how long matched packets took, in nanoseconds. It is known to the error of the clock.
type Delay struct {
	N             int64
	Min, P50, P95 int64
}

// Alone is a conversation without an answer that only one of two points has.
type Alone struct {
	Conv *flow.Conversation
	At   int   // the point that has it
	Sent int64 // packets of end 0, in the time that the other point covers
	In   []trace.Pos
	// Doubtful says that nothing shows that the other point is on the way: it has no packet of TCP or UDP at all.
	Doubtful bool
	// Stray says that it answers a datagram that went to another address: see reply.other_address.
	Stray bool
}

package flow

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/packet"
)

// A Host is one address of one source, with the evidence of offload and of
// the capture's place that its packets carry.
type Host struct {
	Source             int
	Addr               netip.Addr
	Sent, Received     Quality
	SYNs               int64 // SYN segments sent
	Place              Place // what tells whether the capture was taken at this address
	InitialTTL         int64 // packets sent with a TTL of exactly 64, 128 or 255
	TTLs               [256]bool
	IPChecksumZero     int64
	FirstPartial       Moment // first packet sent with a partial checksum
	FirstPartialLSO    Moment
	FirstLengthZero    Moment
	FirstBad           Moment
	FirstOversized     Moment
	PartialExamples    []Moment // first few packets with a partial checksum, 20 at most
	BadExamples        []Moment
	LengthZeroExamples []Moment
	OversizedExamples  []Moment

	order int64  // place in the source at which it appeared
	index uint32 // in Tracker.order, plus 1
}

// Quality counts the packets of one host in one direction.
type Quality struct {
	Packets    int64
	Checksums  [6]int64 // by packet.Checksum
	LengthZero int64
	Oversized  int64
	MaxFrame   int
	// Large is the transport payload of the oversized packets in bytes, Pieces how many packets the wire carried for them.
	Large, Pieces int64
}

func (q *Quality) oversized(payload int, pieces int64) {
	q.Oversized++
	q.Large += int64(payload)
	q.Pieces += pieces
}

// Partial counts the checksums that only cover the pseudo header, and all that could be verified.
func (q *Quality) Partial() (partial, verified int64) {
	partial = q.Checksums[packet.ChecksumPartial] + q.Checksums[packet.ChecksumPartialLSO]
	return partial, partial + q.Checksums[packet.ChecksumGood] + q.Checksums[packet.ChecksumBad]
}

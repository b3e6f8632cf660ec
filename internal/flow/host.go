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
	index uint32 // in hosts.list, plus 1
}

// hosts are the addresses that some trackers met. Trackers of one goroutine
// share them: what is counted for an address does not depend on who counts.
type hosts struct {
	known map[netip.Addr]*Host
	list  []*Host
}

func newHosts() *hosts { return &hosts{known: map[netip.Addr]*Host{}} }

// at is the host with this address, made when there is none; order is a place in which it is named.
func (hs *hosts) at(source int, a netip.Addr, order int64) *Host {
	h := hs.known[a]
	if h == nil {
		h = &Host{Source: source, Addr: a, order: order, index: uint32(len(hs.list)) + 1}
		hs.list, hs.known[a] = append(hs.list, h), h
	}
	h.order = min(h.order, order)
	return h
}

// ShareHosts makes the tracker count for the hosts of another one, that the
// same goroutine feeds. Call it before the first packet.
func (t *Tracker) ShareHosts(with *Tracker) { t.hosts = with.hosts }

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

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
// They are found by open addressing, as the pairs of a [table] are.
type hosts struct {
	list  []*Host
	slots []slot // by address; the index is that in list, plus 1
	seed  seed
}

func newHosts() *hosts { return &hosts{seed: newSeed()} }

// at is the host with this address, made when there is none; order is a place in which it is named.
func (hs *hosts) at(source int, a netip.Addr, order int64) *Host {
	s := hs.slot(a)
	if s.index == 0 {
		hs.add(s, &Host{Source: source, Addr: a, order: order, index: uint32(len(hs.list)) + 1})
		return hs.list[len(hs.list)-1]
	}
	h := hs.list[s.index-1]
	h.order = min(h.order, order)
	return h
}

// slot is that of an address, with an index of 0 when the address is not there. It is valid until the next call.
func (hs *hosts) slot(a netip.Addr) *slot {
	if len(hs.list) >= len(hs.slots)/4*3 {
		hs.grow()
	}
	hi, lo := words(a)
	x := mix(lo^hs.seed[0], hi^hs.seed[1])
	hash, mask := uint32(x^x>>32), uint32(len(hs.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := &hs.slots[i]; {
		case s.index == 0:
			s.hash = hash
			return s
		case s.hash == hash && hs.list[s.index-1].Addr == a:
			return s
		}
	}
}

// add puts a host into the slot of its address.
func (hs *hosts) add(s *slot, h *Host) {
	hs.list = append(hs.list, h)
	s.index = uint32(len(hs.list))
}

func (hs *hosts) grow() {
	old := hs.slots
	hs.slots = make([]slot, max(firstSlots, 2*len(old)))
	for _, s := range old {
		if s.index == 0 {
			continue
		}
		i := s.hash & uint32(len(hs.slots)-1)
		for hs.slots[i].index != 0 {
			i = (i + 1) & uint32(len(hs.slots)-1)
		}
		hs.slots[i] = s
	}
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

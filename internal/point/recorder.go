package point

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// A Recorder keeps the prints of a source, or of one lane of it. Its memory is bounded: when it is full, it keeps on with half of the packets,
// chosen by a hash of what no device on the way changes, so that two points choose the same ones.
type Recorder struct {
	prints []print
	joined [][]print // those of other lanes, each as it is: a conversation is in one of them
	limit  int
	level  int // prints whose sampling hash ends with so many zeros are kept
	unit   int64
	net    int64 // packets with a network layer
	heard  map[netip.Addr]bool
	// anchors of its streams, and those of the lanes that were joined.
	anchors anchors
	moored  [][]anchor
}

const (
	// leastPrints is how many prints a recorder may have whatever the length of its source: 1.5 MiB.
	leastPrints = 1 << 15
	// maxHeard bounds the senders of ARP that are remembered.
	maxHeard = 1 << 10
	// share is the part of the length of a source that all its recorders may use: a hundredth.
	share = 100
)

// NewRecorder returns the recorder of one of n lanes of a source of so many bytes.
func NewRecorder(bytes int64, n int) *Recorder {
	limit := bytes / share / int64(n) / printSize
	r := &Recorder{limit: int(max(limit, leastPrints)), unit: 1_000_000}
	r.anchors.many = manyAnchors
	r.anchors.limit = int(max(bytes/anchorShare/int64(n)/anchorSize, leastAnchors))
	return r
}

const printSize = 48

// Add takes a packet and what the tracker says of it.
func (r *Recorder) Add(p *packet.Packet, s *flow.Sighting) {
	if !p.Src.IsValid() {
		r.hear(p)
		return
	}
	if s.Duplicate {
		r.again(p, s)
		return
	}
	if s.Conv == nil || p.Flags&packet.Fragment != 0 || p.Flags&packet.TransportMissing != 0 {
		return
	}
	r.net++
	talk := uint32(s.Conv.ID)<<1 | uint32(s.Dir)
	if p.Transport == proto.TCP {
		r.anchors.add(&payload{time: p.Record.Time, talk: talk, seq: p.TCP.Seq, flags: p.TCP.Flags, size: p.PayloadLen, data: p.Payload})
	}
	var q print
	q.fill(p)
	q.talk = talk
	r.keep(&q)
}

// AddTaken takes a frame that the tracker took without decoding it: record and time are those of the frame.
func (r *Recorder) AddTaken(conv *flow.Conversation, record, time int64, s *flow.Taken) {
	r.net++
	talk := uint32(conv.ID)<<1 | uint32(s.Dir)
	r.anchors.add(&payload{time: time, talk: talk, seq: s.Seq, flags: s.Flags, size: len(s.Payload), data: s.Payload})
	var q print
	q.time, q.number, q.talk = time, uint32(record), talk
	q.id, q.ttl, q.dscp, q.size = s.IPID, s.TTL, s.DSCP, uint32(len(s.Payload))
	q.segment(s.Seq, s.Ack, s.Flags, s.Window)
	q.content(s.Payload)
	r.keep(&q)
}

// keep keeps a print, if it is one of those that are kept.
func (r *Recorder) keep(q *print) {
	if r.level > 0 && !q.sampled(r.level) {
		return
	}
	for r.unit > 1 && q.time%r.unit != 0 {
		r.unit /= 1000
	}
	if len(r.prints) == cap(r.prints) {
		r.grow()
	}
	r.prints = append(r.prints, *q)
	if len(r.prints) >= r.limit {
		r.thin(r.level + 1)
	}
}

// grow makes room in few steps, the last of which is the limit: what is left behind is little.
func (r *Recorder) grow() {
	const first, times = 512, 4
	n := min(max(first, times*cap(r.prints)), max(r.limit, len(r.prints)+1))
	r.prints = slices.Grow(r.prints, n-len(r.prints))
}

// hear notes who sends ARP: it shows which hosts are near when none of their packets is there.
func (r *Recorder) hear(p *packet.Packet) {
	for i := range p.N {
		if p.Layers[i].Proto != proto.ARP || len(r.heard) >= maxHeard {
			continue
		}
		b := p.Bytes(i)
		if len(b) < 18 || b[2] != 8 || b[3] != 0 || b[4] != 6 || b[5] != 4 { // IPv4 over addresses of 6 bytes (RFC 826)
			continue
		}
		if a := netip.AddrFrom4([4]byte(b[14:18])); !a.IsUnspecified() {
			r.hears(a)
		}
	}
}

func (r *Recorder) hears(a netip.Addr) {
	if r.heard == nil {
		r.heard = map[netip.Addr]bool{}
	}
	r.heard[a] = true
}

// thin keeps the prints of a level.
func (r *Recorder) thin(level int) {
	for r.level < level {
		r.level++
		kept := r.prints[:0]
		for i := range r.prints {
			if r.prints[i].sampled(r.level) {
				kept = append(kept, r.prints[i])
			}
		}
		r.prints = kept
	}
	if len(r.prints) >= r.limit && r.level < maxLevel {
		r.thin(r.level + 1)
	}
	if len(r.prints) >= r.limit { // all alike: the first ones are as good as others
		r.prints = r.prints[:r.limit/2]
	}
}

// maxLevel is the thinnest sample: 1 of 65,536.
const maxLevel = 16

// Join takes over the prints of a lane; number is the number of its conversations in the case. The lane is used up.
func (r *Recorder) Join(lane *Recorder, number func(int) int) {
	for i := range lane.prints {
		p := &lane.prints[i]
		p.talk = uint32(number(p.conv()))<<1 | p.talk&1
	}
	if len(lane.prints) > 0 {
		r.joined = append(r.joined, lane.prints)
	}
	for i := range lane.anchors.list {
		a := &lane.anchors.list[i]
		a.talk = uint32(number(a.conv()))<<1 | a.talk&1
	}
	if len(lane.anchors.list) > 0 {
		r.moored = append(r.moored, lane.anchors.list)
	}
	r.level, r.unit, r.net = max(r.level, lane.level), min(r.unit, lane.unit), r.net+lane.net
	for a := range lane.heard {
		r.hears(a)
	}
}

// all are the prints, those of each lane apart.
func (r *Recorder) all() [][]print { return append(slices.Clip(r.joined), r.prints) }

// Number makes numbers of conversations unique over a case: those of the source begin at base.
func (r *Recorder) Number(base int) {
	for _, list := range r.all() {
		for i := range list {
			list[i].talk += uint32(base) << 1
		}
	}
	for _, list := range append(slices.Clip(r.moored), r.anchors.list) {
		for i := range list {
			list[i].talk += uint32(base) << 1
		}
	}
}

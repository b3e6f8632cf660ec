package flow

import (
	"hash/maphash"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// sightingWindow is how long, in nanoseconds, after one sighting another
// counts as one of the same packet. A stack hands a packet through in
// microseconds: of 28,000 sightings behind another in a trace of Windows 11
// 24H2 none came between 2 ms and 100 ms later that was one of the same packet.
const sightingWindow = 2_000_000

// groupWindow is the same for packets that the recorder itself says are one:
// it may have been held in a queue.
const groupWindow = 1_000_000_000

const (
	maxPlaces  = 32 // places remembered of one packet; a packet seen at more is still the same
	maxReasons = 4  // reasons remembered of one dropped packet

	// recentSets times recentWays packets are remembered: more than pass a host within the window.
	recentSets = 1 << 11
	recentWays = 4
)

// recent remembers the packets of the last moments by content. It is a cache
// of fixed size: a packet whose place was taken by another is counted anew.
type recent struct {
	seed    maphash.Seed
	id      identity // of the packet at hand
	scratch [8 + headLen]byte
	sets    [recentSets][recentWays]sighted
	rings   [ringCount]pieces
}

// sighted is one packet with the places that saw it.
type sighted struct {
	identity
	group      uint64 // recorder's id, valid iff grouped
	number     uint16
	grouped    bool
	counted    bool // by a sighting that was no drop
	dropped    bool
	n, reasons uint8
	first      trace.Pos
	began      int64 // time of the first sighting
	time       int64 // of the newest
	nth        int32
	places     [maxPlaces]uint32
	reason     [maxReasons]uint32
}

// A verdict says how a packet counts.
type verdict uint8

const (
	fresh   verdict = iota // seen for the first time
	again                  // another sighting of a packet that is counted
	dropped                // the host says that it dropped it: no traffic
)

// sight says whether the packet was seen a moment ago elsewhere in the stack.
//
// The bytes decide ([identity]), because recorders number appearances
// differently: pktmon of Windows 11 24H2 gives a packet another id at every
// component. Two rules keep packets apart that have the same bytes, such as a
// retransmission with the same IP identification or a datagram sent twice:
//
//  1. A packet passes a place once. The same component, edge and direction again is another packet.
//  2. Packets with the same bytes pass a place in the order in which they came: a
//     sighting belongs to the oldest of them that has not been there.
//
// Where the recorder counts appearances, its id goes before both, and for longer.
//
// A drop is different: each endpoint that refuses a multicast packet reports
// one, at the same place. It never starts another packet while there is one.
func (t *Tracker) sight(p *packet.Packet, s *Sighting, now Moment) verdict {
	if t.seen == nil {
		t.seen = &recent{seed: maphash.MakeSeed()}
	}
	m := p.Record.Meta
	t.seen.identify(p, &t.seen.id)
	place := t.seen.place(p.Record)
	e := t.seen.find(m, place, now.Time)
	if e == nil {
		e = t.seen.take(now.Time)
		*e = sighted{
			identity: t.seen.id, group: m.PacketID, number: m.PacketNumber, grouped: m.HasPacketID && m.Appearance > 0,
			first: now.Pos, began: now.Time,
		}
	} else {
		s.Of, s.Since = e.first, now.Time-e.began
	}
	e.add(place, m, now.Time)
	s.Nth = int(e.nth)
	return e.judge(m, s)
}

// judge counts a sighting that e has taken in.
func (e *sighted) judge(m *trace.Meta, s *Sighting) verdict {
	if m.Drop != nil {
		s.DropAgain = e.refused(m.Drop.Reason)
		s.Duplicate = e.nth > 1
		s.FirstDrop, e.dropped = !e.dropped, true
		return dropped
	}
	if !e.counted {
		e.counted = true
		return fresh
	}
	s.Duplicate = true
	return again
}

// refused notes the reason of a drop and reports whether the packet was dropped for it before.
func (e *sighted) refused(reason uint32) bool {
	for _, r := range e.reason[:e.reasons] {
		if r == reason {
			return true
		}
	}
	if e.reasons < maxReasons {
		e.reason[e.reasons] = reason
		e.reasons++
	}
	return false
}

// place is where in the stack a record was made. Directions are told apart: on
// the way through a host that forwards, a packet passes its stack twice.
func (t *recent) place(r *trace.Record) uint32 {
	m := r.Meta
	h := uint32(m.Direction) + uint32(r.Interface+1)*0x9e3779b1
	if m.HasEdge {
		return h ^ (uint32(m.Component)<<16|uint32(m.Edge))*0x85ebca6b
	}
	return h ^ uint32(maphash.String(t.seed, m.Layer))
}

// find is the packet that a sighting belongs to, nil for a new one.
func (t *recent) find(m *trace.Meta, place uint32, now int64) *sighted {
	set := &t.sets[t.id.key%recentSets]
	var found *sighted
	for i := range set {
		e := &set[i]
		unfinished := m.Drop != nil || !e.counted
		if e.nth == 0 || !e.same(&t.id, unfinished) {
			continue
		}
		if e.grouped && m.HasPacketID && e.group == m.PacketID && e.number == m.PacketNumber && near(now, e.time, groupWindow) {
			return e
		}
		if !near(now, e.time, sightingWindow) || t.id.ttl > e.ttl && !unfinished {
			continue
		}
		switch {
		case m.Drop != nil: // of the packet that was there last
			if found == nil || e.time > found.time {
				found = e
			}
		case !e.at(place) && (found == nil || e.first.Number < found.first.Number):
			found = e
		}
	}
	return found
}

// take is the slot of a new packet: an empty one, or that of the packet which was not seen for the longest time.
func (t *recent) take(now int64) *sighted {
	set := &t.sets[t.id.key%recentSets]
	oldest := &set[0]
	for i := range set {
		if set[i].nth == 0 {
			return &set[i]
		}
		if set[i].time < oldest.time {
			oldest = &set[i]
		}
	}
	return oldest
}

// add notes a sighting.
func (e *sighted) add(place uint32, m *trace.Meta, now int64) {
	e.nth++
	e.time = max(e.time, now)
	if e.nth == 1 {
		e.time = now
	}
	if m.Drop == nil && e.n < maxPlaces {
		e.places[e.n] = place
		e.n++
	}
}

func near(a, b, window int64) bool { return max(a, b)-min(a, b) <= window }

func (e *sighted) at(place uint32) bool {
	for _, p := range e.places[:e.n] {
		if p == place {
			return true
		}
	}
	return false
}

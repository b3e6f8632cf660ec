package flow

import (
	"hash/maphash"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// sightingWindow is how long, in nanoseconds, the same bytes seen at another
// layer count as the same packet. A stack hands a packet through in microseconds.
const sightingWindow = 2_000_000

// groupWindow is the same for packets that the recorder itself says are one:
// it may have been held in a queue.
const groupWindow = 1_000_000_000

// maxPlaces bounds the layers remembered of one packet; a packet seen at more is still the same.
const maxPlaces = 24

// recentSlots is a power of two: more packets than pass a host within the window.
const recentSlots = 1 << 13

// recent remembers the packets of the last moments by content. It is a cache
// of fixed size: a packet whose slot was taken by another is counted anew.
type recent struct {
	seed  maphash.Seed
	slots [recentSlots]sighted
}

// sighted is one packet with the places that saw it.
type sighted struct {
	content uint64
	group   uint64 // recorder's id, valid iff grouped
	first   trace.Pos
	time    int64 // of the newest sighting
	places  [maxPlaces]uint32
	n       uint8
	grouped bool
}

// again reports whether the packet is a further sighting of one already
// counted: the same bytes from the network layer on, at another layer or
// interface, within [sightingWindow]; or the same bytes with the recorder's own
// id of the packet. Recorders of hosts number appearances differently, so the
// bytes decide and the id only widens the window.
func (t *Tracker) again(p *packet.Packet, s *Sighting, now Moment) bool {
	ip := network(p)
	if ip < 0 || p.Layers[ip].Assembled {
		ip = 0 // a reassembled datagram: the frame itself is the identity
	}
	if t.seen == nil {
		t.seen = &recent{seed: maphash.MakeSeed()}
	}
	m := p.Record.Meta
	content := maphash.Bytes(t.seen.seed, p.Bytes(ip))
	place := uint32(maphash.String(t.seen.seed, m.Layer)) ^ uint32(p.Record.Interface+1)*0x9e3779b1 ^ uint32(m.Direction)
	e := &t.seen.slots[content%recentSlots]
	sameID := e.grouped && m.HasPacketID && e.group == m.PacketID
	if e.n > 0 && e.content == content && near(now.Time, e.time, sameID) && (sameID || !e.at(place)) {
		s.Of = e.first
		e.time = now.Time
		if e.n < maxPlaces {
			e.places[e.n] = place
			e.n++
		}
		return true
	}
	*e = sighted{content: content, group: m.PacketID, grouped: m.HasPacketID, first: now.Pos, time: now.Time, n: 1}
	e.places[0] = place
	return false
}

func near(a, b int64, grouped bool) bool {
	d := a - b
	if d < 0 {
		d = -d
	}
	if grouped {
		return d <= groupWindow
	}
	return d <= sightingWindow
}

func (e *sighted) at(place uint32) bool {
	for _, p := range e.places[:e.n] {
		if p == place {
			return true
		}
	}
	return false
}

package point

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// initialTTLs are what systems send packets with: 64 most, 128 Windows, 255 devices. A packet with one of them was passed on by nobody.
var initialTTLs = [...]uint8{64, 128, 255}

// host is a point that is the host of the proxy of a relay, -1 when there is none.
func (v *revision) host(r *Relay) int {
	for p := range v.of.Points {
		if p != v.pair.A && p != v.pair.B && v.hosts(p, r) {
			return p
		}
	}
	return -1
}

// hosts reports whether a point has both connections of a relay, and next to it the end that they have at the proxy.
func (v *revision) hosts(p int, r *Relay) bool {
	endA, endB := 1, 0
	if r.Flipped {
		endB = 1
	}
	if r.Ways[0].From == BtoA {
		endA, endB = 1-endA, 1-endB
	}
	return v.near(p, v.pair.A, r.A, endA) && v.near(p, v.pair.B, r.B, endB)
}

// near reports whether point p has a conversation of another point, and the end of it next to it.
func (v *revision) near(p, other int, c *flow.Conversation, end int) bool {
	m := v.meeting(p, other, c)
	if m == nil {
		return false
	}
	at := v.at(p, other, c)
	if m.Flipped {
		end = 1 - end
	}
	return slices.Contains(initialTTLs[:], v.sides[p].sentWith(at, end))
}

// at is a conversation of another point as point p has it, nil when it does not.
func (v *revision) at(p, other int, c *flow.Conversation) *flow.Conversation {
	switch m := v.meeting(p, other, c); {
	case m == nil:
		return nil
	case int(m.A) == c.ID:
		return v.of.Conv(m.B)
	default:
		return v.of.Conv(m.A)
	}
}

// meeting is that of a conversation of another point with point p, nil when there is none.
func (v *revision) meeting(p, other int, c *flow.Conversation) *Meeting {
	list, ok := v.met[[2]int{p, other}]
	if !ok {
		list = map[int]*Meeting{}
		if pair := v.of.Between(p, other); pair != nil {
			for i := range pair.Meetings {
				m := &pair.Meetings[i]
				list[int(m.A)], list[int(m.B)] = m, m
			}
		}
		v.met[[2]int{p, other}] = list
	}
	return list[c.ID]
}

// sentWith is the TTL that the first packet of an end has, 0 when there is none.
func (s *side) sentWith(c *flow.Conversation, end int) uint8 {
	t := s.talk(c)
	if t == nil || len(t.ways[end]) == 0 {
		return 0
	}
	return t.prints[t.ways[end][0]].ttl
}

// talk is that of a conversation, nil when the side has none.
func (s *side) talk(c *flow.Conversation) *talk {
	if k, ok := slices.BinarySearchFunc(s.talks, c.ID, byID); ok {
		return s.talks[k]
	}
	return nil
}

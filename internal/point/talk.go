package point

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// A talk is a conversation with its prints, in order of the records.
type talk struct {
	conv   flow.Outline
	prints []print
	ways   [2][]int32 // prints of each direction
	met    bool
}

// A side is one point with its talks.
type side struct {
	*Point
	convs *flow.Conversations
	talks []*talk // in order of their conversations
	// toward are the endpoints that packets of a talk go to: who answers whom, also from elsewhere.
	toward  map[netip.AddrPort][]*talk
	sampled bool // some of its packets are left out
	anchors [][]anchor
	// Of connections that are not found, for one pair: see [side.spot].
	spots  []spot              // by hash
	moved  map[int]moved       // conversations that are part of an earlier one, by their number
	hashes map[uint32][]uint64 // those of anchors, of each direction of a talk
	keep   bool                // which record is which of another point
}

// gather puts the prints of a recorder into talks. The recorder is used up.
func gather(p *Point, r *Recorder, convs *flow.Conversations) *side {
	s := &side{Point: p, convs: convs, toward: map[netip.AddrPort][]*talk{}, anchors: append(slices.Clip(r.moored), r.anchors.list)}
	var a arranger
	for _, list := range r.all() {
		a.arrange(list)
		s.split(list, convs)
	}
	r.moored, r.anchors.list, r.joined, r.prints = nil, nil, nil, nil
	slices.SortStableFunc(s.talks, func(a, b *talk) int { return cmp.Compare(a.conv.ID, b.conv.ID) })
	s.talks = slices.CompactFunc(s.talks, func(a, b *talk) bool { return a.conv.ID == b.conv.ID && a.take(b) })
	s.reunite()
	for _, t := range s.talks {
		t.split()
		for d := range t.ways {
			if to := t.conv.Ends[1-d]; len(t.ways[d]) > 0 && to.Port() != 0 {
				s.toward[to] = append(s.toward[to], t)
			}
		}
	}
	return s
}

// whole is the conversation of a talk with all that is known of it.
func (s *side) whole(t *talk) *flow.Conversation { return s.convs.At(t.conv.ID) }

// split makes talks of the prints of a lane, which are in order.
func (s *side) split(prints []print, convs *flow.Conversations) {
	for from := 0; from < len(prints); {
		id, to := prints[from].conv(), from
		for to < len(prints) && prints[to].conv() == id {
			to++
		}
		if id < convs.Len() {
			s.talks = append(s.talks, &talk{conv: convs.Outline(id), prints: prints[from:to:to]})
		}
		from = to
	}
}

// stays reports whether no router passes on what the talk has: it has an address of its link (RFC 4291, 2.5.6 and 2.7; RFC 3927), or is about who is on the link
// (ICMPv6 with a hop limit of 255 or 1: neighbour discovery, RFC 4861; MLD, RFC 3810). At another point it is the same only with the same addresses, and
// hosts of different links say the same.
func (t *talk) stays() bool {
	if t.conv.Proto == proto.ICMPv6 && !slices.ContainsFunc(t.prints, func(q print) bool { return q.ttl != 255 && q.ttl != 1 }) {
		return true
	}
	for _, e := range t.conv.Ends {
		if a := e.Addr().Unmap(); a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() {
			return true
		}
	}
	return false
}

// take adds the prints that another lane has of the same conversation: frames in tunnels may come to several.
func (t *talk) take(o *talk) bool {
	t.prints = slices.Concat(t.prints, o.prints)
	slices.SortFunc(t.prints, before)
	return true
}

// split lists the prints of each direction.
func (t *talk) split() {
	var n [2]int
	for i := range t.prints {
		n[t.prints[i].dir()]++
	}
	all := make([]int32, len(t.prints))
	t.ways = [2][]int32{all[:0:n[0]], all[n[0]:n[0]]}
	for i := range t.prints {
		d := t.prints[i].dir()
		t.ways[d] = append(t.ways[d], int32(i))
	}
}

// thin leaves out what a level does not have.
func (s *side) thin(level int) {
	if level == 0 {
		return
	}
	s.sampled = true
	kept := s.talks[:0]
	for _, t := range s.talks {
		prints := t.prints[:0]
		t.ways = [2][]int32{}
		for i := range t.prints {
			if q := &t.prints[i]; q.sampled(level) {
				t.ways[q.dir()] = append(t.ways[q.dir()], int32(len(prints)))
				prints = append(prints, *q)
			}
		}
		if t.prints = prints; len(prints) > 0 {
			kept = append(kept, t)
		}
	}
	s.talks = kept
}

// ends name a pair of endpoints whatever the direction.
type ends struct {
	proto proto.ID
	a, b  netip.AddrPort
}

// endsOf are those of a conversation; flipped says that its second end comes first.
func endsOf(c *flow.Outline) (e ends, flipped bool) {
	e = ends{c.Proto, c.Ends[0], c.Ends[1]}
	if flipped = e.b.Compare(e.a) < 0; flipped {
		e.a, e.b = e.b, e.a
	}
	return e, flipped
}

// byEnds are the talks by their endpoints.
func (s *side) byEnds() map[ends][]*talk {
	m := make(map[ends][]*talk, len(s.talks))
	for _, t := range s.talks {
		e, _ := endsOf(&t.conv)
		m[e] = append(m[e], t)
	}
	return m
}

// hosts are the addresses that packets came from.
func (s *side) hosts() map[netip.Addr]bool {
	m := map[netip.Addr]bool{}
	for _, t := range s.talks {
		for d := range t.ways {
			if len(t.ways[d]) > 0 {
				m[t.conv.Ends[d].Addr()] = true
			}
		}
	}
	return m
}

// questions are the addresses that an endpoint sent datagrams to, by the endpoint and the port there.
type questions map[question][]netip.Addr

type question struct {
	from netip.AddrPort
	to   uint16
}

func (s *side) asked() questions {
	q := questions{}
	for _, t := range s.talks {
		if t.conv.Proto == proto.UDP && len(t.ways[0]) > 0 {
			k := question{t.conv.Ends[0], t.conv.Ends[1].Port()}
			q[k] = append(q[k], t.conv.Ends[1].Addr())
		}
	}
	return q
}

// elsewhere reports whether a conversation is the answer to a datagram that went to another address.
func (q questions) elsewhere(c *flow.Outline) bool {
	if c.Proto != proto.UDP {
		return false
	}
	from := c.Ends[0].Addr()
	return slices.ContainsFunc(q[question{c.Ends[1], c.Ends[0].Port()}], func(a netip.Addr) bool { return a != from })
}

// quiet reports whether the point has no packet of TCP or UDP.
func (s *side) quiet() bool {
	return !slices.ContainsFunc(s.talks, func(t *talk) bool { return t.conv.Proto == proto.TCP || t.conv.Proto == proto.UDP })
}

// any reports whether the point says anything of who is near.
func (s *side) any() bool { return s.Packets > 0 || len(s.heard) > 0 }

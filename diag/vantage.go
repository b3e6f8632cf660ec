package diag

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// Place says where a capture was taken.
type Place uint8

const (
	PlaceUnknown Place = iota // nothing tells, or the evidence disagrees
	PlaceHost                 // on the machine with the addresses
	PlaceNear                 // on the side of the addresses, close to them: a mirror port, a tap, the first router
	PlaceBetween              // on the way, far from both ends
	PlaceBoth                 // both ends are on the recording machine or on its virtual network
)

// A Vantage is where a source was captured, and what shows it. What an address
// sends is seen as it was sent only where it was captured: elsewhere bytes in
// flight and time-outs of the sender are not what the capture shows.
type Vantage struct {
	Place      Place
	Hosts      []*flow.Host // of PlaceHost, PlaceNear and PlaceBoth, in order of appearance
	Confidence Confidence
	Facts      []Fact
	// ByChecksum is true when partial checksums are all that tells: cap.tx_csum_offload says as much.
	ByChecksum bool
}

// At reports whether the capture was taken on the machine with this address.
func (v *Vantage) At(a netip.Addr) bool {
	return (v.Place == PlaceHost || v.Place == PlaceBoth) && slices.ContainsFunc(v.Hosts, func(h *flow.Host) bool { return h.Addr == a })
}

// Vantage is where the source was captured. It is computed once a run.
func (in *Input) Vantage(source int) *Vantage {
	if in.vantages == nil {
		in.vantages = make([]Vantage, len(in.Sources))
		hosts := make([][]*flow.Host, len(in.Sources))
		for _, h := range in.Hosts {
			if h.Sent.Packets > 0 && !h.Addr.IsUnspecified() {
				hosts[h.Source] = append(hosts[h.Source], h)
			}
		}
		for i := range in.vantages {
			in.vantages[i] = vantage(in.Sources[i], hosts[i], in.Tick(i) == 0)
		}
	}
	return &in.vantages[source]
}

const (
	// minDirected is how many packets must bear the recorder's mark: a merged or edited file has few.
	minDirected = 10
	// minTold is how many packets or handshakes must tell the same.
	minTold = 3
)

// vantage weighs the evidence of one source:
//
//  1. On the machine itself: the recorder marks packets as sent, checksums are left to
//     the card, short frames are not padded yet. Nothing may speak against it.
//  2. Near a host: its part of the handshake takes no time.
//  3. Between: both parts take time.
func vantage(info *trace.Info, hosts []*flow.Host, fine bool) Vantage {
	var local, remote, partial []*flow.Host
	var all evidence
	s := summarise(hosts)
	for _, h := range hosts {
		if n, _ := h.Sent.Partial(); n > 0 {
			partial = append(partial, h)
		}
		switch e := weigh(info, h, &s); {
		case e.kinds > 0 && e.against:
			return Vantage{} // the evidence disagrees
		case e.kinds > 0:
			local = append(local, h)
			all.add(&e)
		default:
			remote = append(remote, h)
		}
	}
	switch {
	case len(local) > 0 && all.both:
		return Vantage{PlaceBoth, partial, Likely, all.facts(&s), true}
	case all.kinds == 1 && all.short > 0 && oneFamily(local):
		return Vantage{} // two machines cannot both be the one that recorded: their drivers do not pad
	case len(local) > 0 && len(remote) > 0:
		v := Vantage{PlaceHost, local, Likely, all.facts(&s), all.kinds == 1 && all.partial > 0}
		if all.kinds > 1 || all.marked > 0 {
			v.Confidence = Proven
		}
		return v
	case len(local) > 0 || !fine:
		return Vantage{}
	}
	return bySplit(hosts)
}

// oneFamily reports whether two of the addresses are of one family.
func oneFamily(hosts []*flow.Host) bool {
	seen := map[bool]int{}
	for _, h := range hosts {
		seen[h.Addr.Is4()]++
	}
	return seen[true] > 1 || seen[false] > 1
}

// bySplit judges by the two parts of handshakes alone.
func bySplit(hosts []*flow.Host) Vantage {
	var near []*flow.Host
	var n, of, between, split int64
	for _, h := range hosts {
		p := &h.Place
		total := p.Near + p.Far + p.Between
		between, split = between+p.Between, split+total
		if p.Near >= minTold && p.Near*10 >= total*9 {
			near = append(near, h)
			n, of = n+p.Near, of+total
		}
	}
	switch {
	case len(near) > 0:
		return Vantage{PlaceNear, near, Likely, []Fact{{"handshakes with a tenth of the round trip or less on its side", fmt.Sprintf("%d of %d", n, of)}}, false}
	case between >= 2*minTold && between*10 >= split*9: // each handshake counts at both ends
		return Vantage{PlaceBetween, nil, Likely, []Fact{{"handshakes with a fifth of the round trip or more on both sides", fmt.Sprintf("%d of %d", between/2, split/2)}}, false}
	}
	return Vantage{}
}

// A summary is what all hosts of a source say together.
type summary struct{ padded, incoming int64 }

func summarise(hosts []*flow.Host) (s summary) {
	for _, h := range hosts {
		if h.Place.Short == 0 {
			s.padded += h.Place.Padded
		}
		if h.Place.Outgoing == 0 {
			s.incoming += h.Place.Incoming
		}
	}
	return s
}

// evidence is what speaks for a host as the machine that recorded.
type evidence struct {
	kinds                                 int
	marked, partial, verified, short, own int64
	both                                  bool // it receives partial checksums as well
	against                               bool
}

func weigh(info *trace.Info, h *flow.Host, s *summary) (e evidence) {
	p := &h.Place
	if named(info, h.Addr) {
		e.own, e.kinds, e.marked = 1, 1, 1
	}
	if p.Outgoing >= minDirected && p.Incoming == 0 && s.incoming >= minDirected {
		e.marked, e.kinds = p.Outgoing, e.kinds+1
	}
	partial, verified := h.Sent.Partial()
	if partial >= minTold && partial*10 >= verified*9 && h.Received.Checksums[packet.ChecksumBad] == 0 {
		e.partial, e.verified, e.kinds = partial, verified, e.kinds+1
		received, _ := h.Received.Partial()
		e.both = received > 0
	}
	if p.Short >= minTold && p.Padded == 0 && s.padded >= minTold {
		e.short, e.kinds = p.Short, e.kinds+1
	}
	crossed := h.Sent.Packets >= 3 && h.InitialTTL == 0 && reach(h) > 8
	e.against = p.Incoming > 0 || p.Padded > 0 || crossed || p.Far >= minTold && p.Far > p.Near
	return e
}

// reach is the largest TTL that the host sent.
func reach(h *flow.Host) int {
	for i := len(h.TTLs) - 1; i > 0; i-- {
		if h.TTLs[i] {
			return i
		}
	}
	return 0
}

// named reports whether the source lists the address as one of its own interfaces.
func named(info *trace.Info, a netip.Addr) bool {
	for i := range info.Interfaces {
		for _, text := range info.Interfaces[i].Addresses {
			if p, err := netip.ParsePrefix(text); err == nil && p.Addr() == a {
				return true
			}
			if b, err := netip.ParseAddr(text); err == nil && b.WithZone("") == a.WithZone("") {
				return true
			}
		}
	}
	return false
}

func (e *evidence) add(o *evidence) {
	e.kinds = max(e.kinds, o.kinds)
	e.marked += o.marked
	e.partial, e.verified = e.partial+o.partial, e.verified+o.verified
	e.short += o.short
	e.own += o.own
	e.both = e.both || o.both
}

func (e *evidence) facts(s *summary) (out []Fact) {
	add := func(n int64, name, value string) {
		if n > 0 {
			out = append(out, Fact{name, value})
		}
	}
	add(e.own, "addresses of the recording interfaces", "are among those of the packets")
	add(e.marked-e.own, "packets that the recorder marks as sent by itself", fmt.Sprint(e.marked-e.own))
	also := ", and none received"
	if e.both {
		also = ", and others received"
	}
	add(e.partial, "packets sent with a partial checksum", fmt.Sprintf("%d of %d%s", e.partial, e.verified, also))
	add(e.short, "frames sent that are not padded to 60 bytes", fmt.Sprintf("%d; %d of others are", e.short, s.padded))
	return out
}

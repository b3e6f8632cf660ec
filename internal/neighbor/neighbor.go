// Package neighbor follows how hosts find out who has an address of their
// network: ARP (RFC 826, RFC 5227) and Neighbor Discovery (RFC 4861).
package neighbor

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A MAC is a link-layer address of Ethernet.
type MAC [6]byte

// A Query is one host that asks who has an address.
type Query struct {
	Asker, Target netip.Addr
	Requests      int // all that were captured, copies not counted
	// Silent is the longest row of requests without an answer, and Now the one that stands.
	Silent, Now Row
}

// A Row is requests that follow one another, none of them answered.
type Row struct {
	Times       int
	First, Last flow.Moment
}

// A Station is an address and who says that it is theirs.
type Station struct {
	Addr   netip.Addr
	Claims []Claim // by link-layer address, in order of the first; 4 at most
	// Switches counts the times that another one claimed the address than the one before, within a minute; Examples are the first few messages that did.
	Switches int
	Examples []flow.Moment
	Last     flow.Moment // the last claim
	Answered int         // requests of this address that were answered, as far as captured
	// Received says that the capture has what comes to the address: two others answered it, or one whose frame was padded on the way, while frames
	// from the address are as its own stack made them.
	Received bool
	short    bool       // a message of it is shorter than Ethernet allows: it was recorded where it was made
	answerer netip.Addr // who answered it first
	last     MAC
}

// A Claim is one link-layer address that says it has an address.
type Claim struct {
	MAC         MAC
	Count       int
	First, Last flow.Moment
}

const (
	// copied is how soon after a request the same one is a copy of it: hosts wait for a second (RFC 4861, 10: RETRANS_TIMER; RFC 5227 the same).
	copied = 200 * time.Millisecond
	// rowGap is how long after a request another one is a new attempt.
	rowGap = 5 * time.Second
	// conflict is how close two claims are that contradict each other: caches keep an entry for a minute or so.
	conflict = time.Minute
	// maxKept bounds queries and stations; what is beyond is not followed.
	maxKept     = 16384
	maxClaims   = 4
	maxExamples = 6
)

type queryKey struct {
	vlan          int
	asker, target netip.Addr
}

type stationKey struct {
	vlan int
	addr netip.Addr
}

// A Recorder follows one source. The zero value is ready.
type Recorder struct {
	Queries  []*Query   // in order of appearance
	Stations []*Station // the same
	queries  map[queryKey]*Query
	stations map[stationKey]*Station
}

// Add looks at a packet, in the order of the source. Others than those of the two protocols cost a look at what they are.
func (r *Recorder) Add(p *packet.Packet) {
	switch {
	case p.Transport == proto.ICMPv6:
		if p.ICMPType == solicitation || p.ICMPType == advertisement {
			r.discovery(p)
		}
	case !p.Src.IsValid():
		for i := range p.N {
			if p.Layers[i].Proto == proto.ARP {
				r.arp(p, p.Bytes(i))
				return
			}
		}
	}
}

func moment(p *packet.Packet) flow.Moment { return flow.Moment{Pos: p.Record.Pos, Time: p.Record.Time} }

const (
	arpLen             = 28
	request, reply     = 1, 2
	hardware, internet = 1, 0x0800
)

// arp reads a message for Ethernet and IPv4.
func (r *Recorder) arp(p *packet.Packet, b []byte) {
	if len(b) < arpLen {
		return
	}
	m, be := (*[arpLen]byte)(b), binary.BigEndian
	if be.Uint16(m[0:]) != hardware || be.Uint16(m[2:]) != internet || m[4] != 6 || m[5] != 4 {
		return
	}
	from, to := netip.AddrFrom4([4]byte(m[14:])), netip.AddrFrom4([4]byte(m[24:]))
	if from.IsUnspecified() { // a probe wants no answer
		return
	}
	now := moment(p)
	r.claims(p.VLAN, from, MAC(m[8:]), now)
	short := short(p)
	if s := r.station(p.VLAN, from); s != nil {
		s.short = s.short || short
	}
	switch op := be.Uint16(m[6:]); {
	case from == to: // an announcement
	case op == request:
		r.asks(p.VLAN, from, to, now)
	case op == reply:
		r.answers(p.VLAN, to, from, !short)
	}
}

const (
	solicitation, advertisement = 135, 136
	discoveryLen                = 24
	sourceOption, targetOption  = 1, 2
)

// discovery reads a Neighbor Solicitation or Advertisement (RFC 4861, 4.3 and 4.4).
func (r *Recorder) discovery(p *packet.Packet) {
	for i := range p.N {
		if l := &p.Layers[i]; l.Proto != proto.ICMPv6 || l.Quoted {
			continue
		}
		b := p.Bytes(i)
		if len(b) < discoveryLen || p.TTL != 255 { // another hop limit is from another network
			return
		}
		target, now := netip.AddrFrom16([16]byte(b[8:])), moment(p)
		if p.ICMPType == solicitation {
			if p.Src.IsUnspecified() { // asks whether its own address is free
				return
			}
			if mac, ok := option(b[discoveryLen:], sourceOption); ok {
				r.claims(p.VLAN, p.Src, mac, now)
			}
			r.asks(p.VLAN, p.Src, target, now)
			return
		}
		if mac, ok := option(b[discoveryLen:], targetOption); ok {
			r.claims(p.VLAN, target, mac, now)
		}
		r.answers(p.VLAN, p.Dst, target, false)
		return
	}
}

// short reports whether a frame is shorter than Ethernet allows: it was recorded before the card padded it, or the network is a virtual one.
func short(p *packet.Packet) bool {
	const least = 60
	return p.Record.Link == trace.LinkEthernet && p.Record.WireLen < least
}

// option is a link-layer address among the options (RFC 4861, 4.6.1).
func option(b []byte, kind byte) (mac MAC, ok bool) {
	for len(b) >= 8 && b[1] > 0 && int(b[1])*8 <= len(b) {
		if b[0] == kind && b[1] == 1 {
			return MAC(b[2:8]), true
		}
		b = b[int(b[1])*8:]
	}
	return mac, false
}

// station is the address, made when there is none; nil when there are too many.
func (r *Recorder) station(vlan int, a netip.Addr) *Station {
	k := stationKey{vlan, a}
	s := r.stations[k]
	if s != nil || len(r.Stations) >= maxKept {
		return s
	}
	if r.stations == nil {
		r.stations = map[stationKey]*Station{}
	}
	s = &Station{Addr: a}
	r.stations[k] = s
	r.Stations = append(r.Stations, s)
	return s
}

// claims notes that a link-layer address says that it has an address.
func (r *Recorder) claims(vlan int, a netip.Addr, mac MAC, now flow.Moment) {
	s := r.station(vlan, a)
	if s == nil {
		return
	}
	if s.Last.Seen() && s.last != mac && within(s.Last, now, conflict) {
		if s.Switches++; len(s.Examples) < maxExamples {
			s.Examples = append(s.Examples, s.Last, now)
		}
	}
	s.Last, s.last = now, mac
	i := slices.IndexFunc(s.Claims, func(c Claim) bool { return c.MAC == mac })
	switch {
	case i >= 0:
		s.Claims[i].Count++
		s.Claims[i].Last = now
	case len(s.Claims) < maxClaims:
		s.Claims = append(s.Claims, Claim{mac, 1, now, now})
	}
}

// within reports whether the second moment comes no later than d after the first; without times it does.
func within(a, b flow.Moment, d time.Duration) bool {
	return a.Time == trace.NoTime || b.Time == trace.NoTime || b.Time-a.Time <= int64(d)
}

// asks notes a request.
func (r *Recorder) asks(vlan int, asker, target netip.Addr, now flow.Moment) {
	k := queryKey{vlan, asker, target}
	q := r.queries[k]
	if q == nil {
		if len(r.Queries) >= maxKept {
			return
		}
		if r.queries == nil {
			r.queries = map[queryKey]*Query{}
		}
		q = &Query{Asker: asker, Target: target}
		r.queries[k] = q
		r.Queries = append(r.Queries, q)
	}
	row := &q.Now
	switch {
	case row.Times > 0 && within(row.Last, now, copied):
		return
	case row.Times > 0 && within(row.Last, now, rowGap):
		row.Times++
		row.Last = now
	default:
		q.end()
		*row = Row{1, now, now}
	}
	q.Requests++
}

// answers notes that the target answered the asker: what it asked before was only slow.
func (r *Recorder) answers(vlan int, asker, target netip.Addr, padded bool) {
	q := r.queries[queryKey{vlan, asker, target}]
	if q == nil {
		return
	}
	q.Now = Row{}
	if s := r.station(vlan, asker); s != nil {
		s.Answered++
		if !s.answerer.IsValid() {
			s.answerer = target
		}
		s.Received = s.Received || s.answerer != target || s.short && padded
	}
}

// end closes the row that stands.
func (q *Query) end() {
	if q.Now.Times > q.Silent.Times {
		q.Silent = q.Now
	}
}

// SoFar is what a recorder would say that ended here. The recorder goes on; stations are shared with it.
func (r *Recorder) SoFar() Recorder {
	out := Recorder{Stations: r.Stations, Queries: make([]*Query, len(r.Queries))}
	for i, q := range r.Queries {
		c := *q
		c.end()
		c.Now = Row{}
		out.Queries[i] = &c
	}
	return out
}

// End closes all rows. Call it once, after the last packet.
func (r *Recorder) End() {
	for _, q := range r.Queries {
		q.end()
		q.Now = Row{}
	}
	r.queries, r.stations = nil, nil
}

package arp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/neighbor"
)

//go:embed no_reply.md
var noReplyPage string

// NoReply: nobody answers for an address of the network (L1, L6).
var NoReply = &diag.Rule{ID: "arp.no_reply", Title: "nobody on the network has an address that is asked for", Page: noReplyPage, Run: noReply}

const (
	// minRow is how many requests in a row are an attempt that failed: hosts ask three times (RFC 4861, 10; Linux mcast_solicit).
	minRow = 3
	// scanned is how many addresses without an owner one host asks for that looks around.
	scanned = 8
)

// sought is an address that hosts ask for in vain.
type sought struct {
	target netip.Addr
	list   []*neighbor.Query
}

func noReply(in *diag.Input) (out []diag.Finding) {
	for source, r := range in.Neighbors {
		stations := map[netip.Addr]*neighbor.Station{}
		for _, s := range r.Stations {
			stations[s.Addr] = s
		}
		index := map[netip.Addr]*sought{}
		var order []*sought
		targets := map[netip.Addr]int{} // by who asks
		for _, q := range r.Queries {
			if q.Silent.Times < minRow || !hears(in, source, q.Asker, stations) || alive(q, stations[q.Target]) {
				continue
			}
			if index[q.Target] == nil {
				index[q.Target] = &sought{target: q.Target}
				order = append(order, index[q.Target])
			}
			index[q.Target].list = append(index[q.Target].list, q)
			targets[q.Asker]++
		}
		scans := map[netip.Addr][]*neighbor.Query{}
		var askers []netip.Addr
		for _, s := range order {
			q := s.list[0]
			if len(s.list) > 1 || targets[q.Asker] < scanned {
				out = append(out, s.finding(source, missed(in, source, s, stations[s.target])))
				continue
			}
			if scans[q.Asker] == nil {
				askers = append(askers, q.Asker)
			}
			scans[q.Asker] = append(scans[q.Asker], q)
		}
		for _, a := range askers {
			out = append(out, scan(source, scans[a]))
		}
	}
	return out
}

// hears reports whether an answer to the asker would be in the capture: answers go to it alone.
func hears(in *diag.Input, source int, asker netip.Addr, stations map[netip.Addr]*neighbor.Station) bool {
	s := stations[asker]
	return s != nil && s.Received || in.Vantage(source).At(asker)
}

// alive reports whether the target was heard after it was asked: it is there, and the answer may only be missing here.
func alive(q *neighbor.Query, s *neighbor.Station) bool {
	return s != nil && s.Last.Pos.Number > q.Silent.First.Pos.Number
}

// missed reports whether somebody misses the address: it was there before, it has traffic, or who asks for it has little else to say. Else it may be an
// entry of an old list.
func missed(in *diag.Input, source int, s *sought, target *neighbor.Station) bool {
	if target != nil {
		return true
	}
	for _, q := range s.list {
		sent := int64(0)
		for _, h := range in.Hosts {
			if h.Source == source && h.Addr == q.Asker {
				sent = h.Sent.Packets
			}
		}
		if sent < int64(q.Requests) {
			return true
		}
	}
	between := func(from int, a, b netip.Addr) bool {
		return from == source && (a == s.target || b == s.target) && !diag.ToMany(a) && !diag.ToMany(b)
	}
	for range in.Conversations.Between(between) {
		return true
	}
	return false
}

func (s *sought) finding(source int, missed bool) diag.Finding {
	q := s.list[0]
	requests, row := 0, q.Silent
	var at []flow.Moment
	for _, one := range s.list {
		requests += one.Requests
		at = append(at, one.Silent.First, one.Silent.Last)
		if one.Silent.Times > row.Times {
			row = one.Silent
		}
	}
	who := diag.List(diag.Distinct(s.list, func(q *neighbor.Query) string { return q.Asker.String() }), 3)
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Source: source, Host: s.target.String(), Count: len(s.list), Where: diag.Places(at...), Filter: asked(s.target),
	}
	if !missed {
		f.Severity = diag.Note
	}
	f.Summary = fmt.Sprintf("nobody answers for %v: %s asked %d times with %s", s.target, who, requests, protocol(s.target))
	f.Facts = []diag.Fact{{Name: "requests in a row", Value: fmt.Sprintf("%d in %s", row.Times, diag.Duration(time.Duration(row.Last.Time-row.First.Time)))}}
	f.RuledOut = []string{"a firewall behind the first hop: nothing was sent to the address, because nobody told its link-layer address", "a capture without the answers: others to the same host are in it, or it was taken there"}
	f.Fix = []string{
		fmt.Sprintf("is %v up, and in the same VLAN? Is it the right address?", s.target),
		"is the network mask of who asks right? A host asks on the network only for addresses that it takes for its own network",
		"private VLANs and isolated ports of Wi-Fi keep hosts of one network apart",
	}
	return f
}

// scan is the finding on a host that asks for many.
func scan(source int, list []*neighbor.Query) diag.Finding {
	var at []flow.Moment
	var filters []string
	for _, q := range list[:min(len(list), 20)] {
		at = append(at, q.Silent.First)
		filters = append(filters, asked(q.Target))
	}
	asker := list[0].Asker
	return diag.Finding{
		Severity: diag.Note, Confidence: diag.Likely, Source: source, Host: asker.String(), Count: len(list), Where: diag.Places(at...), Filter: diag.AnyOf(filters...),
		Summary: fmt.Sprintf("%v asked with %s for %s that nobody has: it looks around, or its list of hosts is old", asker, protocol(asker), addresses(len(list))),
		Fix:     []string{fmt.Sprintf("is that wanted? Look at what runs on %v", asker)},
	}
}

// asked is the filter for requests for an address.
func asked(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("arp.dst.proto_ipv4 == %v", a)
	}
	return fmt.Sprintf("icmpv6.nd.ns.target_address == %v", a)
}

func addresses(n int) string {
	if n == 1 {
		return "an address"
	}
	return fmt.Sprintf("%d addresses", n)
}

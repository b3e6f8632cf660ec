package diag

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// A BadRecord is one of several addresses of a name at which a client could never connect to a port, while it could at others.
type BadRecord struct {
	Source int
	Client netip.Addr
	Name   string
	Addrs  []netip.Addr // that the answers gave for the name, in one family
	Bad    netip.AddrPort
	// Asked is the answer that gave the address first.
	Asked Ask
	// Failed are the attempts at the bad address, and Good the other addresses at which the client connected to the port.
	Failed  []*flow.Conversation
	Refused int
	Good    []netip.Addr
	// Works are connections to those, one each.
	Works []*flow.Conversation
}

// minBad is how many attempts show that an address is bad, and not the moment.
const minBad = 2

// BadRecords are those addresses, in order. They are found once a run: they are the finding of dns.bad_record, not of the rules about attempts to connect.
func (in *Input) BadRecords() []*BadRecord {
	if in.badRecords == nil {
		in.badRecords, in.byBadRecord = in.findBadRecords(), map[*flow.Conversation]bool{}
		for _, b := range in.badRecords {
			for _, c := range b.Failed {
				in.byBadRecord[c] = true
			}
		}
		if in.badRecords == nil {
			in.badRecords = []*BadRecord{}
		}
	}
	return in.badRecords
}

// AtBadRecord reports whether a connection is an attempt at one of those.
func (in *Input) AtBadRecord(c *flow.Conversation) bool {
	in.BadRecords()
	return in.byBadRecord[c]
}

// An askedFor is what a client was told of a name, in one family of addresses.
type askedFor struct {
	source int
	client netip.Addr
	name   string
	six    bool
}

// towards is a client and whom it asks.
type towards struct {
	source         int
	client, server netip.Addr
}

func (in *Input) findBadRecords() (out []*BadRecord) {
	told, first := map[askedFor][]netip.Addr{}, map[askedFor]Ask{}
	var order []askedFor
	for _, a := range in.Asks(proto.DNS, proto.DNSStream) {
		for _, addr := range a.Addrs {
			k := askedFor{a.Talk.Source, a.Talk.Client, strings.ToLower(a.Name), !addr.Is4()}
			if told[k] == nil {
				order, first[k] = append(order, k), a
			}
			if !slices.Contains(told[k], addr) {
				told[k] = append(told[k], addr)
			}
		}
	}
	members := map[towards]bool{}
	for k, addrs := range told {
		for _, addr := range addrs {
			if len(addrs) > 1 {
				members[towards{k.source, k.client, addr}] = true
			}
		}
	}
	if len(members) == 0 || !in.anyFailed(members) {
		return nil
	}
	reached := map[towards][]*flow.Conversation{}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return members[towards{source, a, b}] }) {
		if c.TCP != nil && c.TCP.SYN.Seen() {
			k := towards{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()}
			reached[k] = append(reached[k], c)
		}
	}
	seen := map[towards]bool{} // an address that several names have is told once
	for _, k := range order {
		for _, b := range in.badOf(k, told[k], first[k], reached) {
			if at := (towards{k.source, k.client, b.Bad.Addr()}); !seen[at] {
				seen[at] = true
				out = append(out, b)
			}
		}
	}
	return out
}

// anyFailed reports whether an attempt at one of the addresses failed at all: nearly always there is none, and no more need be looked at.
func (in *Input) anyFailed(members map[towards]bool) bool {
	for _, trait := range []flow.Trait{flow.OneSided, flow.Refused, flow.Quoted} {
		for c := range in.Conversations.With(trait) {
			if members[towards{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()}] {
				return true
			}
		}
	}
	return false
}

// badOf are the bad addresses of a name, by the port that was asked.
func (in *Input) badOf(k askedFor, addrs []netip.Addr, a Ask, reached map[towards][]*flow.Conversation) (out []*BadRecord) {
	if len(addrs) < 2 {
		return nil
	}
	worked := map[uint16][]*flow.Conversation{}
	failed := map[netip.AddrPort][]*flow.Conversation{}
	var order []netip.AddrPort
	for _, addr := range addrs {
		done := map[uint16]bool{}
		for _, c := range reached[towards{k.source, k.client, addr}] {
			if at := c.Ends[1]; c.TCP.SYNACK.Seen() || c.TCP.Established {
				if !done[at.Port()] {
					done[at.Port()], worked[at.Port()] = true, append(worked[at.Port()], c)
				}
			} else if in.gaveUp(c) {
				if failed[at] == nil {
					order = append(order, at)
				}
				failed[at] = append(failed[at], c)
			}
		}
	}
	for _, at := range order {
		works := worked[at.Port()]
		if len(failed[at]) < minBad || len(works) == 0 || slices.ContainsFunc(works, func(c *flow.Conversation) bool { return c.Ends[1] == at }) {
			continue
		}
		b := &BadRecord{Source: k.source, Client: k.client, Name: k.name, Addrs: addrs, Bad: at, Asked: a, Failed: failed[at], Works: works}
		for _, c := range b.Failed {
			if c.TCP.Refused {
				b.Refused++
			}
		}
		for _, c := range works {
			b.Good = append(b.Good, c.Ends[1].Addr())
		}
		out = append(out, b)
	}
	return out
}

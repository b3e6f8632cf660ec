package diag

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// Hears reports whether a source has packets to one of the addresses, from whomever. Without any it may have only what they send, and then a missing answer says nothing.
func (in *Input) Hears(source int, to ...netip.Addr) bool {
	return slices.ContainsFunc(in.Hosts, func(h *flow.Host) bool {
		return h.Source == source && h.Received.Packets > 0 && slices.Contains(to, h.Addr)
	})
}

// HearsBeside reports whether another point of each conversation has packets to the client: there answers would be seen.
func (in *Input) HearsBeside(cs []*flow.Conversation) bool {
	for _, c := range cs {
		if !slices.ContainsFunc(in.Twins(c), func(twin *flow.Conversation) bool { return in.Hears(twin.Source, twin.Ends[0].Addr()) }) {
			return false
		}
	}
	return true
}

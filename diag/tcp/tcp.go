// Package tcp holds the diagnoses of TCP connections.
package tcp

import (
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{SYNSilent, SYNRefused, SYNRejected, ResetByApplication, NagleDelack}
}

// maxStreams is how many conversations a filter names; above it, it names the address.
const maxStreams = 40

// streams is the filter for the conversations, or for what the fallback says when they are many.
func streams(cs []*flow.Conversation, fallback string) string {
	if s := diag.StreamFilter(cs); len(cs) <= maxStreams && s != "" {
		return s
	}
	return fallback
}

// established are the connections that a client has with a host, by source and
// both addresses, where one of the attempts was between these two.
func established(in *diag.Input, attempts []*flow.Conversation) map[pair][]*flow.Conversation {
	asked := map[pair]bool{}
	for _, c := range attempts {
		asked[pairOf(c)] = true
	}
	out := map[pair][]*flow.Conversation{}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return asked[pair{source, a, b}] }) {
		if k := pairOf(c); c.TCP.Established && c.Opened {
			out[k] = append(out[k], c)
		}
	}
	return out
}

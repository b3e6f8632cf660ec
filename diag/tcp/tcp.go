// Package tcp holds the diagnoses of TCP connections.
package tcp

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{SYNSilent, SYNRefused, SYNRejected, ResetByApplication}
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

// established are the connections that a client has with a host, by source and both addresses.
func established(in *diag.Input) map[pair][]*flow.Conversation {
	out := map[pair][]*flow.Conversation{}
	for c := range in.Conversations.All() {
		if c.TCP != nil && c.TCP.Established && c.Opened {
			k := pairOf(c)
			out[k] = append(out[k], c)
		}
	}
	return out
}

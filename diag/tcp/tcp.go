// Package tcp holds the diagnoses of TCP connections.
package tcp

import (
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{
		SYNSilent, SYNRefused, RefusedByDevice, SYNRejected, ResetByApplication, NagleDelack, OneFlow, ZeroWindow, ReceiverSlow, LossFast, LossTimer, Bufferbloat,
		SYNRetried, SYNACKLost, OtherISN, Abandoned, Needless, Reorder, WindowLimit, EstablishedSilent, AcceptOverflow, SenderSlow, OptionsStripped, KeepAliveDead, ConnectSlow, Churn,
	}
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

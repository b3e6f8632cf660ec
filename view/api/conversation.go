package api

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
)

// conversation reads a parameter with the number of a conversation, -1 without one.
func (q *query) conversation() int { return q.number("conversation", -1, -1, math.MaxInt32) }

// sideOf is the index of a sender in the final ends, which may have been turned since dir was told.
func sideOf(conv *flow.Conversation, addr netip.Addr, port uint16, dir int) int {
	switch from := netip.AddrPortFrom(addr, port); {
	case conv.Ends[0] == conv.Ends[1]:
		return dir
	case from == conv.Ends[0]:
		return 0
	case from == conv.Ends[1]:
		return 1
	}
	if addr == conv.Ends[0].Addr() && addr != conv.Ends[1].Addr() {
		return 0
	}
	return 1
}

// selected are the records of a conversation and of what is joined to it.
func (a *Analysis) selected(conv *flow.Conversation) *view.Selection {
	a.judging.Lock()
	defer a.judging.Unlock()
	return view.SelectConversation(a.Case, conv)
}

// conversation is the one with a number; with -1 the one that is worth a look.
func (a *Analysis) conversation(n int) (*flow.Conversation, error) {
	all := a.Case.Conversations
	switch {
	case all.Len() == 0:
		return nil, unfit("there is no conversation", "records shows what there is")
	case n >= all.Len():
		return nil, notFound(fmt.Sprintf("there is no conversation %d: they are numbered from 0 to %d", n, all.Len()-1))
	case n < 0:
		return view.ToldOf(a.Case), nil
	}
	return all.At(n), nil
}

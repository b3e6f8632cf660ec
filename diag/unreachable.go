package diag

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/flow"
)

// An Unreachable is an ICMP error that says that a packet was not delivered, by its code.
type Unreachable struct {
	Text       string // "host unreachable (type 3, code 1)"
	Port       bool   // nobody listens, or a filter that pretends so
	Prohibited bool   // somebody decided it: an access list, a firewall, a policy
}

// icmpCode is type and code of an ICMP error.
type icmpCode struct{ kind, code uint8 }

// unreachable4 and unreachable6 are what the codes say (RFC 792, RFC 1812, 5.2.7.1; RFC 4443, 3.1).
var (
	unreachable4 = map[icmpCode]Unreachable{
		{3, 0}:  {Text: "network unreachable"},
		{3, 1}:  {Text: "host unreachable"},
		{3, 2}:  {Text: "protocol unreachable"},
		{3, 3}:  {Text: "port unreachable", Port: true},
		{3, 9}:  {Text: "network administratively prohibited", Prohibited: true},
		{3, 10}: {Text: "host administratively prohibited", Prohibited: true},
		{3, 13}: {Text: "communication administratively prohibited", Prohibited: true},
	}
	unreachable6 = map[icmpCode]Unreachable{
		{1, 0}: {Text: "no route to destination"},
		{1, 1}: {Text: "communication administratively prohibited", Prohibited: true},
		{1, 3}: {Text: "address unreachable"},
		{1, 4}: {Text: "port unreachable", Port: true},
		{1, 5}: {Text: "source address failed policy", Prohibited: true},
		{1, 6}: {Text: "route rejected", Prohibited: true},
	}
)

// UnreachableOf is what the first ICMP error that quotes the conversation says; it is not ok without one, and for errors about something else.
func UnreachableOf(c *flow.Conversation) (u Unreachable, ok bool) {
	if c.ICMP == nil {
		return u, false
	}
	table := unreachable6
	if c.Ends[0].Addr().Is4() {
		table = unreachable4
	}
	k := icmpCode{c.ICMP.Type, c.ICMP.Code}
	u, ok = table[k]
	u.Text = fmt.Sprintf("%s (type %d, code %d)", u.Text, k.kind, k.code)
	return u, ok
}

// UnreachableFilter is Wireshark's filter for such errors of the host.
func UnreachableFilter(e *flow.ICMPError) string {
	kind := "icmpv6.type == 1"
	if e.From.Is4() {
		kind = "icmp.type == 3"
	}
	return AllOf(FromHost(e.From), kind)
}

package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// maxNetMon is how many terms a filter of Network Monitor has.
const maxNetMon = 8

// netMon is Network Monitor's filter for a finding: its conversations; where they are many, the servers that they are with; else the host that it
// names. It is empty for a finding about a whole capture.
func netMon(f *Finding) string {
	for _, term := range []func(*flow.Conversation) string{netMonConversation, netMonServer} {
		var terms []string
		for _, c := range f.Conversations {
			if t := term(c); !slices.Contains(terms, t) {
				terms = append(terms, t)
			}
			if len(terms) > maxNetMon {
				break
			}
		}
		if n := len(terms); n > 0 && n <= maxNetMon {
			return strings.Join(terms, " OR ")
		}
	}
	if a, err := netip.ParseAddr(f.Host); err == nil {
		return netMonAddress(a)
	}
	if len(f.Conversations) > 0 {
		return netMonAddress(f.Conversations[0].Ends[0].Addr())
	}
	return ""
}

func netMonAddress(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		return fmt.Sprintf("IPv4.Address == %v", a)
	}
	return fmt.Sprintf("IPv6.Address == %v", a.WithZone(""))
}

var netMonPorts = map[proto.ID]string{proto.TCP: "TCP.Port", proto.UDP: "UDP.Port"}

func netMonConversation(c *flow.Conversation) string {
	terms := []string{netMonAddress(c.Ends[0].Addr()), netMonAddress(c.Ends[1].Addr())}
	if port := netMonPorts[c.Proto]; port != "" {
		terms = append(terms, fmt.Sprintf("%s == %d", port, c.Ends[0].Port()), fmt.Sprintf("%s == %d", port, c.Ends[1].Port()))
	}
	return "(" + strings.Join(terms, " AND ") + ")"
}

func netMonServer(c *flow.Conversation) string {
	server := c.Ends[serverOf(c)]
	if port := netMonPorts[c.Proto]; port != "" {
		return fmt.Sprintf("(%s AND %s == %d)", netMonAddress(server.Addr()), port, server.Port())
	}
	return netMonAddress(server.Addr())
}

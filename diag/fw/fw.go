// Package fw holds the diagnoses of devices on the way that decide what may
// pass: firewalls, address translation, load balancers, intrusion prevention.
package fw

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{SilentDrop, IdleTimeout, RSTInjected} }

// ordered sorts records by source and number, each once.
func ordered(list []trace.Pos) []trace.Pos {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b trace.Pos) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
	})
	return slices.Compact(list)
}

// between is a Wireshark filter for conversations of one source or of several: by their endpoints.
func between(convs []*flow.Conversation) string {
	const most = 20
	var parts []string
	for _, c := range convs {
		family, port := "ip.addr", "tcp.port"
		if !c.Ends[0].Addr().Is4() {
			family = "ipv6.addr"
		}
		if c.Proto == proto.UDP {
			port = "udp.port"
		}
		one := fmt.Sprintf("%s == %v && %s == %v && %s == %d && %s == %d", family, c.Ends[0].Addr().WithZone(""), family, c.Ends[1].Addr().WithZone(""), port, c.Ends[0].Port(), port, c.Ends[1].Port())
		if !slices.Contains(parts, one) && len(parts) < most {
			parts = append(parts, one)
		}
	}
	return diag.AnyOf(parts...)
}

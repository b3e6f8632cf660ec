// Package path holds the diagnoses of what happens between two capture points.
package path

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{NoMatch, LossLocation, Rewrite, OneWayDelay, Injected, Reorder, Dup, Offset}
}

// ordered sorts records by source and number, each once.
func ordered(list []trace.Pos) []trace.Pos {
	slices.SortFunc(list, func(a, b trace.Pos) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
	})
	return slices.Compact(list)
}

// between is a Wireshark filter for conversations of several sources: by the endpoints that each source has.
func between(convs []*flow.Conversation) string {
	const most = 20
	var parts []string
	for _, c := range convs {
		a, b := c.Ends[0], c.Ends[1]
		one := fmt.Sprintf("%s == %v && %s == %v", family(c), a.Addr().WithZone(""), family(c), b.Addr().WithZone(""))
		switch c.Proto {
		case proto.TCP:
			one += fmt.Sprintf(" && tcp.port == %d && tcp.port == %d", a.Port(), b.Port())
		case proto.UDP:
			one += fmt.Sprintf(" && udp.port == %d && udp.port == %d", a.Port(), b.Port())
		}
		if !slices.Contains(parts, one) && len(parts) < most {
			parts = append(parts, one)
		}
	}
	return diag.AnyOf(parts...)
}

func family(c *flow.Conversation) string {
	if c.Ends[0].Addr().Is4() {
		return "ip.addr"
	}
	return "ipv6.addr"
}

// names are those of the two points of a pair.
func names(r *point.Result, p *point.Pair) (a, b string) {
	return r.Points[p.A].Name, r.Points[p.B].Name
}

// pairs are those of hops, each once.
func pairs(hops []point.Hop) (out []*point.Pair) {
	for i := range hops {
		if p := hops[i].Pair(); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

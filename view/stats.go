package view

import (
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/stats"
)

// StatEnd is an endpoint of a statistic: "10.0.0.1:80", "fe80::1", "00:15:5d:01:02:03".
func StatEnd(level stats.Level, e stats.End) string {
	switch level {
	case stats.Eth:
		return MAC(e.MAC[:])
	case stats.TCP, stats.UDP:
		return netip.AddrPortFrom(e.Addr, e.Port).String()
	}
	return e.Addr.String()
}

// Paths are the nodes of a protocol hierarchy, each before what is inside it: names joined with colons, and the depth from 0.
func Paths(h *stats.Hierarchy) func(yield func(path string, depth int, p *stats.Protocol) bool) {
	return func(yield func(string, int, *stats.Protocol) bool) {
		var visit func(path []string, p *stats.Protocol) bool
		visit = func(path []string, p *stats.Protocol) bool {
			for _, in := range p.Inner {
				inner := append(path, in.ID.String())
				if !yield(strings.Join(inner, ":"), len(path), in) || !visit(inner, in) {
					return false
				}
			}
			return true
		}
		visit(nil, &h.Root)
	}
}

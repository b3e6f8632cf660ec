package arp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/neighbor"
)

//go:embed dup_ip.md
var duplicatePage string

// Duplicate: two hosts have the same address (L2, L6).
var Duplicate = &diag.Rule{ID: "arp.dup_ip", Title: "two hosts claim the same address", Page: duplicatePage, Run: duplicates}

const (
	// minSwitches tells a contradiction from an address that moved: there and back.
	minSwitches = 2
	// proxied is how many addresses a link-layer address has that answers for others (proxy ARP).
	proxied = 5
)

// virtual are the beginnings of link-layer addresses that several hosts share by design: VRRP and CARP (RFC 9568, 7.3), HSRP, GLBP, network load balancing of Windows.
var virtual = [][]byte{
	{0, 0, 0x5e, 0, 1}, {0, 0, 0x5e, 0, 2}, {0, 0, 0x0c, 7, 0xac}, {0, 0, 0x0c, 0x9f, 0xf0}, {0, 5, 0x73, 0xa0, 0}, {0, 7, 0xb4}, {2, 0xbf}, {3, 0xbf},
}

func shared(m neighbor.MAC) bool {
	return m[0]&1 != 0 || slices.ContainsFunc(virtual, func(v []byte) bool { return string(m[:len(v)]) == string(v) })
}

// siblings reports whether two addresses are ports of one card, as a bond of them has.
func siblings(a, b neighbor.MAC) bool { return [5]byte(a[:5]) == [5]byte(b[:5]) }

func duplicates(in *diag.Input) (out []diag.Finding) {
	for source, r := range in.Neighbors {
		owns := map[neighbor.MAC]int{}
		for _, s := range r.Stations {
			for _, c := range s.Claims {
				owns[c.MAC]++
			}
		}
		for _, s := range r.Stations {
			if s.Switches < minSwitches || len(s.Claims) < 2 || intended(s.Claims, owns) {
				continue
			}
			out = append(out, duplicate(source, s))
		}
	}
	return out
}

// intended reports whether one of the claims is made by something that has addresses of others.
func intended(claims []neighbor.Claim, owns map[neighbor.MAC]int) bool {
	if siblings(claims[0].MAC, claims[1].MAC) {
		return true
	}
	return slices.ContainsFunc(claims, func(c neighbor.Claim) bool { return shared(c.MAC) || owns[c.MAC] >= proxied })
}

func duplicate(source int, s *neighbor.Station) diag.Finding {
	var who []string
	for _, c := range s.Claims {
		who = append(who, fmt.Sprintf("%s (%s)", hardware(c.MAC), diag.Count(c.Count, "message")))
	}
	f := diag.Finding{
		Severity: diag.Error, Confidence: diag.Likely, Source: source, Host: s.Addr.String(), Count: s.Switches, Where: diag.Places(s.Examples...), Filter: claimed(s.Addr),
	}
	f.Summary = fmt.Sprintf("%v belongs to %s at once: who has it changed %d times within a minute each", s.Addr, diag.List(who, 4), s.Switches)
	f.RuledOut = []string{
		"an address that moved to another host: that changes once", "a virtual address of routers or a cluster: the link-layer addresses are not of that kind", "proxy ARP: none of them answers for many addresses",
	}
	f.Fix = []string{
		"find both hosts by their link-layer addresses (the table of the switch; the first three bytes name the maker), and give one of them another address",
		"a copied virtual machine, and a fixed address inside the range of the DHCP server, are the usual reasons",
	}
	return f
}

// claimed is the filter for messages in which somebody has the address.
func claimed(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("arp.src.proto_ipv4 == %v", a)
	}
	return fmt.Sprintf("icmpv6.nd.na.target_address == %v || icmpv6.type == 135 && ipv6.src == %v", a, a)
}

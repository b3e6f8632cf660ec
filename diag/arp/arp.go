// Package arp holds the diagnoses of how hosts of a network find one another: ARP, and Neighbor Discovery of IPv6.
package arp

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/neighbor"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{NoReply, Duplicate} }

// protocol is the name of what finds an address.
func protocol(a netip.Addr) string {
	if a.Is4() {
		return "ARP"
	}
	return "Neighbor Discovery"
}

func hardware(m neighbor.MAC) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

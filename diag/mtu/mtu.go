// Package mtu holds the diagnoses of packets that are too large for a link on the way.
package mtu

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{BlackHole, Ignored, Discovered, Incomplete} }

// headers are the least that IP and TCP add to a payload.
const headers = 40

// tooBig is the ICMP error on what a side sent, nil without one.
func tooBig(c *flow.Conversation, dir int) *flow.TooBig {
	if c.ICMP == nil || c.ICMP.TooBig == nil || c.ICMP.TooBig.Dir != dir {
		return nil
	}
	return c.ICMP.TooBig
}

// Package capture judges the capture itself. Its rules run first: what they
// find can silence rules that would take an artefact for a fault.
package capture

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{DropsReported, Midstream, TxChecksumOffload, LengthZero, LargeSegments, PIDUnreliable}
}

func positions(ms []flow.Moment) []trace.Pos {
	out := make([]trace.Pos, 0, len(ms))
	for _, m := range ms {
		out = append(out, m.Pos)
	}
	return out
}

// ipFilter is Wireshark's filter for what a host sent.
func ipFilter(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("ip.src == %v", a)
	}
	return fmt.Sprintf("ipv6.src == %v", a)
}

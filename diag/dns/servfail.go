package dns

import (
	_ "embed"

	"github.com/wiretale/wiretale/diag"
)

//go:embed servfail.md
var servFailPage string

// ServFail: a name server could not find an answer (D2).
var ServFail = &diag.Rule{ID: "dns.servfail", Title: "a name server could not find an answer (SERVFAIL)", Page: servFailPage, Requests: true, Run: servFail}

func servFail(in *diag.Input) (out []diag.Finding) {
	groups, h := failures(in, "SERVFAIL")
	for _, g := range groups {
		f := failure(in, h, g, "it could not find an answer")
		f.Fix = []string{
			"ask the servers that it asks: its forwarders, or those of the zone (dig +trace); one of them is silent or answers wrongly",
			"ask with checking disabled (dig +cd): an answer then says that DNSSEC of the zone is broken",
		}
		f.Record = []diag.RecordAt{{Addr: g[0].talk.Server.Addr(), Question: "whom does it ask, and what do they answer?", Asks: []uint16{53}}}
		out = append(out, f)
	}
	return out
}

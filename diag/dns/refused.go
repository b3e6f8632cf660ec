package dns

import (
	_ "embed"

	"github.com/wiretale/wiretale/diag"
)

//go:embed refused.md
var refusedPage string

// Refused: a name server refuses queries (D2).
var Refused = &diag.Rule{ID: "dns.refused", Title: "a name server refuses queries (REFUSED)", Page: refusedPage, Requests: true, Run: refused}

func refused(in *diag.Input) (out []diag.Finding) {
	groups, h := failures(in, "REFUSED")
	for _, g := range groups {
		f := failure(in, h, g, "it does not serve these clients, or not this zone")
		f.Fix = []string{
			"is it the right server for these names? One that has only its own zones refuses all others",
			"may these clients use it? Look at its lists of who may ask and recurse (allow-query, allow-recursion)",
		}
		out = append(out, f)
	}
	return out
}

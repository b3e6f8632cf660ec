package dns

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed other_source.md
var otherSourcePage string

// OtherSource: a query is answered from an address that was not asked (D7).
var OtherSource = &diag.Rule{ID: "dns.other_source", Title: "a name server answers from an address that was not asked", Page: otherSourcePage, Requests: true, Run: otherSource}

func otherSource(in *diag.Input) (out []diag.Finding) {
	for _, d := range in.Detours() {
		if d.Protocol != proto.DNS {
			continue
		}
		f := d.Finding()
		f.Confidence = diag.Proven // number, question and port are equal
		were := "were"
		if d.Answered == 1 {
			were = "was"
		}
		f.Summary = fmt.Sprintf("%d of %s of %v to %v %s answered by %v, not by the address that was asked%s",
			d.Answered, diag.Count(d.Of, "query"), d.Client, d.Asked, were, d.From.Addr(), d.Arrival())
		f.RuledOut = append(f.RuledOut, "an answer to another query: it has the number and the name of this one, and goes to its port")
		f.Fix = []string{
			fmt.Sprintf("let the server answer from the address that was asked: bind it to %v (listen-on, interface), not to all addresses", d.Asked.Addr()),
			"behind a NAT or the address of a service (kube-proxy) look for the translation of the answer that is missing",
		}
		out = append(out, f)
	}
	return out
}

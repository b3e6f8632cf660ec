package ssrp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed other_address.md
var otherAddressPage string

// OtherAddress: SQL Browser answers from an address that was not asked (M2).
var OtherAddress = &diag.Rule{ID: "ssrp.other_address", Title: "SQL Browser answers from an address that was not asked", Page: otherAddressPage, Requests: true, Run: otherAddress}

func otherAddress(in *diag.Input) (out []diag.Finding) {
	for _, d := range in.Detours() {
		if d.Protocol != proto.SSRP {
			continue
		}
		f := d.Finding()
		if d.Without != "" { // the client got none of them
			in.Charge(&f, waits(d.Questions))
		}
		queries, were := "queries", "were"
		if d.Of == 1 {
			queries = "query"
		}
		if d.Answered == 1 {
			were = "was"
		}
		f.Summary = fmt.Sprintf("%d of %d SQL Browser %s of %v to %v %s answered by %v, not by the address that was asked%s",
			d.Answered, d.Of, queries, d.Client, d.Asked, were, d.From.Addr(), d.Arrival())
		f.RuledOut = append(f.RuledOut, "a Browser that does not run, or does not know the instance: it answered")
		f.Fix = []string{
			fmt.Sprintf("let stateful devices pass UDP from %v to the clients, and from every other node of the cluster: to them it is no answer", d.From),
			"or use a version of SQL Browser that answers from the address that was asked (that of SQL Server 2008 does so on a cluster)",
			byName,
		}
		f.Record = []diag.RecordAt{{Question: "does the answer come to the client?"}}
		out = append(out, f)
	}
	return out
}

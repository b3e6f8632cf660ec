package reply

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed other_address.md
var otherAddressPage string

// OtherAddress: a datagram is answered from an address that was not asked (X3). Where messages of SSRP or DNS say that the one answers the other,
// ssrp.other_address and dns.other_source have the finding.
var OtherAddress = &diag.Rule{ID: "reply.other_address", Title: "a reply comes from an address that was not asked", Page: otherAddressPage, Run: otherAddress}

func otherAddress(in *diag.Input) (out []diag.Finding) {
	for _, d := range in.Detours() {
		if d.Protocol == proto.SSRP || d.Protocol == proto.DNS {
			continue
		}
		f := d.Finding()
		f.Summary = fmt.Sprintf("%d of %s of %v to %v %s answered by %v, not by the address that was asked%s",
			d.Answered, diag.Count(d.Of, "query"), d.Client, d.Asked, was(d.Answered), d.From.Addr(), d.Arrival())
		f.Fix = []string{
			fmt.Sprintf("let the service answer from the address that was asked (bind it to %v, or a newer version of it)", d.Asked.Addr()),
			fmt.Sprintf("or let stateful devices pass UDP from %v to the clients: to them it is no answer", d.From),
		}
		out = append(out, f)
	}
	return out
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

package krb

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/kerberos"
)

//go:embed etype.md
var eTypePage string

// EType: client and server have no encryption type in common (K5).
var EType = &diag.Rule{ID: "krb.etype", Title: "client and key distribution centre have no encryption type in common", Page: eTypePage, Requests: true, Run: eType}

func eType(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	got := diag.Latest(all, func(a diag.Ask) (holder, bool) { return serviceOf(a), granted(a.Request) })
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (kdc, bool) {
		return kdcOf(a), failed(a.Request, noEType) && got[serviceOf(a)] <= a.Asked.Time
	}) {
		f := in.FindingOn(g, kerberosLayer)
		f.Severity = diag.Error
		f.Summary = fmt.Sprintf("%v refused %s %s: it has no key of the encryption types that the client offers", g[0].Talk.Server, diag.Count(len(g), "request"), of(services(g), g))
		if offered := kinds(g); offered != "" {
			f.Summary += ": " + offered
		}
		said(&f, g)
		f.RuledOut = []string{"a try with a few types first: no later request of the same client for the same service succeeded"}
		f.Fix = []string{
			"look at msDS-SupportedEncryptionTypes of the account, and at the policy of the domain controllers and of the client",
			"set the password of the account anew: an account whose password is older than the domain's support for AES has no keys for it",
		}
		out = append(out, f)
	}
	return out
}

var kindNames = proto.Names(kerberos.KindTerm)

// kinds are the encryption types that requests offer, each once, in order.
func kinds(list []diag.Ask) string {
	var terms []proto.Term
	for _, a := range list {
		terms = append(terms, a.Terms...)
	}
	const most = 8
	return diag.List(diag.Distinct(terms, func(t proto.Term) string {
		switch {
		case t.Name != kerberos.KindTerm:
			return ""
		case kindNames[t.Value] != "":
			return strings.TrimPrefix(kindNames[t.Value], "eTYPE-")
		}
		return fmt.Sprint(int64(t.Value))
	}), most)
}

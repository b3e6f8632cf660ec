package krb

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed spn_unknown.md
var spnUnknownPage string

// SPNUnknown: the key distribution centre does not know a service by the name that the client uses (K1).
var SPNUnknown = &diag.Rule{ID: "krb.spn_unknown", Title: "a service has no principal by the name that is used for it", Page: spnUnknownPage, Requests: true, Run: spnUnknown}

func spnUnknown(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	got := diag.Latest(all, func(a diag.Ask) (holder, bool) { return serviceOf(a), granted(a.Request) })
	type missing struct {
		kdc
		name string
	}
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (missing, bool) {
		return missing{kdcOf(a), service(a)}, a.Command == "TGS-REQ" && failed(a.Request, serviceUnknown) && got[serviceOf(a)] <= a.Asked.Time
	}) {
		f := in.FindingOn(g, kerberosLayer)
		f.Severity = diag.Warning
		f.Summary = fmt.Sprintf("%v knows no service %s, which %s asked a ticket for: there is no Kerberos with it", g[0].Talk.Server, g[0].Name, diag.ClientsOf(g))
		if len(g) > 1 {
			f.Summary += fmt.Sprintf(" (%s)", diag.Count(len(g), "request"))
		}
		said(&f, g)
		f.RuledOut = []string{"a try before the right realm or name: no later ticket for the same service was given to the same client"}
		f.Fix = []string{
			"look whether an account has the name: setspn -Q " + spn(g[0].Name) + "; if none has, add it to the account that the service runs as: setspn -S",
			"use the real name of the host in the URL or path: an alias (CNAME) or an address needs a name of its own",
		}
		out = append(out, f)
	}
	return out
}

// spn is the name of a service without its realm, as it was asked for.
func spn(name string) string {
	for i := range name {
		if name[i] == '@' {
			return name[:i]
		}
	}
	return name
}

package krb

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed preauth_failed.md
var preauthFailedPage string

// PreauthFailed: the secret of an account is wrong (K3).
var PreauthFailed = &diag.Rule{ID: "krb.preauth_failed", Title: "a log on by Kerberos fails: the secret is wrong", Page: preauthFailedPage, Requests: true, Run: preauth}

func preauth(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	got := diag.Latest(all, func(a diag.Ask) (holder, bool) { return accountOf(a), a.Command == authenticates && granted(a.Request) })
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (kdc, bool) { return kdcOf(a), failed(a.Request, preauthFailed) }) {
		f := in.FindingOn(g, kerberosLayer)
		f.Severity = diag.Error
		f.Summary = fmt.Sprintf("%v refused %s %s: the password or key is wrong (%s)", g[0].Talk.Server, diag.Count(len(g), "logon"), of(accounts(g), g), g[0].Status)
		if accepted(g, got) {
			f.Severity = diag.Note
			f.Summary += "; later it was right"
		}
		said(&f, g)
		f.RuledOut = []string{"the first step of a log on: KRB5KDC_ERR_PREAUTH_REQUIRED (25) is not counted", "the clocks: they have an error of their own"}
		f.Fix = []string{
			"set the password anew where it is stored, and make the keytab of a service anew: each change of the password makes the old one wrong",
			"after a change of the password, look whether all domain controllers have it",
		}
		out = append(out, f)
	}
	return out
}

// accepted reports whether every account of a list got its ticket later, from the same client.
func accepted(list []diag.Ask, got map[holder]int64) bool {
	for _, a := range list {
		if got[accountOf(a)] <= a.Asked.Time {
			return false
		}
	}
	return true
}

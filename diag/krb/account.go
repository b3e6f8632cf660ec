package krb

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed account.md
var accountPage string

// Account: an account cannot log on, whatever its secret is (K4).
var Account = &diag.Rule{ID: "krb.account", Title: "an account cannot log on by Kerberos", Page: accountPage, Requests: true, Run: accountFault}

// states are what errors say of an account.
var states = map[uint32]struct{ says, fix string }{
	clientUnknown: {"there is no such account", "check the name and the realm: a name of another domain needs its suffix"},
	clientRevoked: {"the account is disabled, locked, expired, or may not log on at this time", "look at the account: is it disabled, locked out (event 4740 names the computer that tries), expired, or outside its hours?"},
	keyExpired:    {"the password has expired", "change the password"},
}

func accountFault(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	got := diag.Latest(all, func(a diag.Ask) (holder, bool) { return accountOf(a), a.Command == authenticates && granted(a.Request) })
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (kdc, bool) {
		fault := a.Command == authenticates && failed(a.Request, clientUnknown, clientRevoked, keyExpired)
		return kdcOf(a), fault && got[accountOf(a)] <= a.Asked.Time
	}) {
		state := states[g[0].Code]
		f := in.FindingOn(g, kerberosLayer)
		f.Severity = diag.Error
		f.Summary = fmt.Sprintf("%v refused %s %s: %s (%s)", g[0].Talk.Server, diag.Count(len(g), "logon"), of(accounts(g), g), state.says, g[0].Status)
		if n := len(diag.Distinct(g, account)); n >= manyNames && g[0].Code == clientUnknown {
			f.Summary += fmt.Sprintf("; %d names: somebody looks which accounts there are", n)
			f.Fix = append(f.Fix, "look at the program that asks on "+diag.ClientsOf(g))
		}
		said(&f, g)
		f.RuledOut = []string{"another realm that was tried first: no later log on of the same account and client succeeded"}
		f.Fix = append([]string{state.fix}, f.Fix...)
		out = append(out, f)
	}
	return out
}

// manyNames are more than one client mistypes.
const manyNames = 10

package ldap

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
)

//go:embed strong_auth.md
var strongAuthPage string

// StrongAuth: a directory server demands signing, TLS, or a log on that is bound to its TLS (K11).
var StrongAuth = &diag.Rule{ID: "ldap.strong_auth", Title: "a directory server demands a protected connection", Page: strongAuthPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.snaplen"}, Run: strongAuth}

func strongAuth(in *diag.Input) (out []diag.Finding) {
	type demand struct {
		source int
		server netip.AddrPort
		code   uint32
	}
	type pair struct {
		source int
		client netip.Addr
		server netip.Addr
	}
	pairOf := func(a diag.Ask) pair { return pair{a.Talk.Source, a.Talk.Client, a.Talk.Server.Addr()} }
	all := asks(in)
	accepted := diag.Latest(all, func(a diag.Ask) (pair, bool) {
		return pairOf(a), a.Command == bindCommand && a.Answered() && a.Code == 0 && a.Name != ""
	})
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (demand, bool) {
		return demand{a.Talk.Source, a.Talk.Server, a.Code}, wantsProtection(a.Request) && accepted[pairOf(a)] <= a.Asked.Time
	}) {
		f := in.FindingOn(g, "ldap")
		f.Severity = diag.Error
		what := "it takes them only signed or in TLS"
		f.Fix = []string{"let the client use LDAPS (port 636) or StartTLS, or sign with SASL; the policy of the server is \"LDAP server signing requirements\""}
		if g[0].Code == invalidCredentials {
			what = "it takes logons in TLS only when they are bound to it (channel binding)"
			f.Fix = []string{"update the client so that it sends a channel binding token; the policy of the server is \"LDAP server channel binding token requirements\"", "does a proxy end the TLS in between? Then the bindings differ"}
		}
		f.Summary = fmt.Sprintf("%v refused %s of %s with %s (%d): %s", g[0].Talk.Server, diag.Count(len(g), "request"), diag.ClientsOf(g), g[0].Status, g[0].Code, what)
		if g[0].Text != "" {
			f.Facts = append(f.Facts, diag.Fact{Name: "the server says", Value: g[0].Text})
		}
		f.RuledOut = []string{"the name and the password: the server did not judge them"}
		out = append(out, f)
	}
	return out
}

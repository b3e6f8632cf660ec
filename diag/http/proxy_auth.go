package http

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed proxy_auth.md
var proxyAuthPage string

// ProxyAuth: a proxy asks for credentials again and again (H6).
var ProxyAuth = &diag.Rule{ID: "http.proxy_auth", Title: "a proxy asks for credentials again and again", Page: proxyAuthPage, Requests: true, Run: proxyAuth}

// steps is how many refusals in a row are more than a log on has: NTLM needs two.
const steps = 3

func proxyAuth(in *diag.Input) (out []diag.Finding) {
	for _, g := range diag.GroupsOf(asks(in), func(a diag.Ask) (client, bool) { return clientOf(a, ""), a.Answered() }) {
		var list []diag.Ask
		for _, target := range diag.GroupsOf(g, func(a diag.Ask) (string, bool) { return what(a), true }) {
			list = append(list, refused(target)...)
		}
		if len(list) == 0 {
			continue
		}
		f := in.FindingOn(list, fmt.Sprintf("http.request || http.response.code == %d", proxyRequired))
		f.Severity = diag.Warning
		f.Summary = fmt.Sprintf("the proxy %v refused %s of %s with 407, one after another: %s", list[0].Talk.Server, diag.Count(len(list), "request"), list[0].Talk.Client, names(list))
		in.Charge(&f, diag.Took(list))
		f.RuledOut = []string{"the first step of a log on, and the second of NTLM: three or more for the same target, with none let through between"}
		f.Fix = []string{
			"look at the user's name and password, and at what kinds of authentication proxy and client know",
			"for Kerberos the proxy needs a service principal (HTTP/name) by the name that the client has for it",
		}
		out = append(out, f)
	}
	return out
}

// refused are the requests for one target in the longest row of those that the proxy refused; none when that is what a log on takes.
func refused(list []diag.Ask) (longest []diag.Ask) {
	from := 0
	for i, a := range list {
		if a.Code != proxyRequired {
			from = i + 1
		} else if row := list[from : i+1]; len(row) > len(longest) {
			longest = row
		}
	}
	if len(longest) < steps {
		return nil
	}
	return longest
}

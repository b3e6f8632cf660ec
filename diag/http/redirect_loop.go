package http

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
)

//go:embed redirect_loop.md
var redirectLoopPage string

// RedirectLoop: a client is sent round and round (H7).
var RedirectLoop = &diag.Rule{ID: "http.redirect_loop", Title: "a client is redirected in a circle", Page: redirectLoopPage, Requests: true, Run: redirectLoop}

const (
	// hops is how many redirections a loop has at least, and rounds how often it comes to one target.
	hops   = 5
	rounds = 3
	// soon is how soon a client follows a redirection.
	soon = 2 * time.Second
)

func redirectLoop(in *diag.Input) (out []diag.Finding) {
	for _, g := range diag.GroupsOf(asks(in), func(a diag.Ask) (client, bool) {
		c := clientOf(a, "")
		c.server = a.Talk.Server
		return c, a.Answered()
	}) {
		list := circle(g)
		if list == nil {
			continue
		}
		f := in.FindingOn(list, "http")
		f.Severity = diag.Error
		f.Summary = fmt.Sprintf("%v sent %v in a circle: %s over %s", list[0].Talk.Server, list[0].Talk.Client, diag.Count(len(list), "redirection"), names(list))
		in.Charge(&f, diag.Took(list))
		f.RuledOut = []string{"a chain of single sign-on: that ends, and comes to no target three times"}
		f.Fix = []string{
			"does a proxy or load balancer end the TLS? Then the application thinks that it was asked over HTTP, and redirects to HTTPS for ever: pass X-Forwarded-Proto and let the application trust it",
			"is the cookie of the log on taken? Look at its domain, path, Secure and SameSite",
		}
		out = append(out, f)
	}
	return out
}

// circle is the longest row of redirections that follow one another, when it comes to one target often enough; else nil.
func circle(list []diag.Ask) (longest []diag.Ask) {
	from := 0
	for i, a := range list {
		if i > from && time.Duration(a.Asked.Time-list[i-1].Last.Time) > soon {
			from = i
		}
		if !redirect(a.Code) {
			from = i + 1
		} else if row := list[from : i+1]; len(row) > len(longest) {
			longest = row
		}
	}
	times, most := map[string]int{}, 0
	for _, a := range longest {
		times[what(a)]++
		most = max(most, times[what(a)])
	}
	if len(longest) < hops || most < rounds {
		return nil
	}
	return longest
}

package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed cert_name.md
var namePage string

// Name: the certificate is for another name (S5).
var Name = &diag.Rule{ID: "tls.cert.name", Title: "the certificate is for another name", Page: namePage, Handshakes: true}

func init() { Name.Run = runName }

// isMisnamed reports whether the certificate does not cover the name that the client asked for, and the client refused it, or left without having
// used the connection. A name that hides another one says nothing.
func isMisnamed(o *opening) bool {
	leaf := o.Leaf()
	if leaf == nil || o.Name == "" || o.Inner || leaf.Covers(o.Name) {
		return false
	}
	a := o.Fatal()
	return a != nil && !a.Server && ofCertificate(a.Code) || a == nil && o.unused()
}

func runName(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		name, subject string
	}
	for _, g := range diag.Groups(faults(in, Name, name), func(o *opening) key { return key{o.endpoint(), o.Name, o.Leaf().Subject.String()} }) {
		first := g[0]
		f := base(in, g)
		f.Summary = fmt.Sprintf("%s asked for %s and %v gave a certificate for %s", clients(g), first.Name, first.server(), diag.List(first.Leaf().For(), 4))
		if n := count(g, func(o *opening) bool { return o.Fatal() != nil }); n > 0 {
			f.Summary += fmt.Sprintf("; %s ended with an alert of the client", diag.Count(n, "connection"))
		} else {
			f.Confidence = diag.Likely
			f.Summary += fmt.Sprintf("; %s ended before the client sent anything", diag.Count(len(g), "connection"))
		}
		f.Fix = []string{
			"use the name that the certificate is for, or get a certificate that has " + first.Name + " among its alternative names",
			"check which site the server takes for this name: one that it does not know gets the default certificate",
		}
		out = append(out, f)
	}
	return out
}

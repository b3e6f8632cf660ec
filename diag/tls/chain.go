package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed cert_chain.md
var chainPage string

// Chain: the server does not send the certificate of its issuer (S6).
var Chain = &diag.Rule{ID: "tls.cert.chain", Title: "the server does not send the intermediate certificate", Page: chainPage, Handshakes: true}

func init() { Chain.Run = runChain }

// lacksIssuer reports whether no certificate that was sent is that of the leaf's issuer, and the client refused the leaf because it does not know
// who vouches for it. Some say that the certificate is bad, or unknown, instead.
func lacksIssuer(o *opening) bool {
	leaf, a := o.Leaf(), o.Fatal()
	if leaf == nil || leaf.SelfIssued() || !leaf.Issuer.Is() || o.Holes || a == nil || a.Server {
		return false
	}
	for _, c := range o.Chains[1][1:] {
		if leaf.IssuedBy(c) {
			return false
		}
	}
	return a.Code == alertUnknownCA || a.Code == alertCertificateUnknown || a.Code == alertBadCertificate
}

func runChain(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		subject string
	}
	for _, g := range diag.Groups(faults(in, Chain, chain), func(o *opening) key { return key{o.endpoint(), o.Leaf().Subject.String()} }) {
		first := g[0]
		leaf := first.Leaf()
		f := base(in, g)
		f.Confidence = diag.Likely
		f.Summary = fmt.Sprintf("%s sends its certificate (%s) without that of its issuer (%s), and %s refused it: %s in %s",
			named(first), leaf.Subject, leaf.Issuer, clients(g), alertText(first.Fatal()), diag.Count(len(g), "connection"))
		f.Fix = []string{"let the server send the whole chain: its own certificate, then those of the intermediate authorities"}
		if len(leaf.Issuers) > 0 {
			f.Fix = append(f.Fix, "the certificate of the issuer is at "+leaf.Issuers[0])
		}
		f.RuledOut = []string{"an expired certificate: it is valid at the time of the capture"}
		if first.Name != "" && leaf.Covers(first.Name) {
			f.RuledOut = append(f.RuledOut, "a wrong name: the certificate is for "+first.Name)
		}
		if n := accepted(in, first, leaf.Subject.String()); n > 0 {
			f.Facts = append(f.Facts, diag.Fact{Name: "connections that went on with the same certificate", Value: fmt.Sprint(n)})
		}
		out = append(out, f)
	}
	return out
}

// accepted is how many connections went on with the same certificate of the same server.
func accepted(in *diag.Input, like *opening, subject string) (n int) {
	for _, h := range in.Handshakes {
		if leaf := h.Leaf(); h.Done && leaf != nil && leaf.Subject.String() == subject && open(in, h).endpoint() == like.endpoint() {
			n++
		}
	}
	return n
}

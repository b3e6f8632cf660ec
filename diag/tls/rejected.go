package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed cert_rejected.md
var rejectedPage string

// Rejected: one side does not take the certificate of the other (S3).
var Rejected = &diag.Rule{ID: "tls.cert.rejected", Title: "a certificate is rejected", Page: rejectedPage, Handshakes: true}

func init() { Rejected.Run = runRejected }

// reasons are what an alert about a certificate means, and what to do.
var reasons = map[byte][2]string{
	alertHandshakeFailure:   {"something in it, or its issuer", "compare the certificate with the authorities that the server asked for"},
	alertBadCertificate:     {"its signature, its form, or its name", "look at the log of the side that rejects: the alert says no more"},
	43:                      {"its kind, or what it may be used for", "compare key usage and kind of key with what the side that rejects takes"},
	44:                      {"its issuer has revoked it", "get another certificate"},
	alertExpired:            {"its dates, which the time of the capture lies between", "check the clock of the side that rejects"},
	alertCertificateUnknown: {"something that the alert does not tell", "look at the log of the side that rejects"},
	alertUnknownCA:          {"its issuer is none that the side trusts", "add the root certificate of the issuer to the trust of the side that rejects, or take an issuer that it trusts"},
	alertAccessDenied:       {"it is valid, and its owner has no right", "look at what the server allows to this certificate"},
}

func runRejected(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		server bool
		code   byte
		leaf   string
	}
	for _, g := range diag.Groups(faults(in, Rejected, rejected), func(o *opening) key {
		k := key{endpoint: o.endpoint()}
		if a := o.Fatal(); a != nil {
			k.server, k.code = a.Server, a.Code
		}
		if c := subject(o); c != nil {
			k.leaf = c.String()
		}
		return k
	}) {
		out = append(out, rejection(in, g))
	}
	return out
}

// subject is the certificate that is rejected, nil when it was not seen.
func subject(o *opening) fmt.Stringer {
	chain := o.Chains[1]
	if a := o.Fatal(); a != nil && a.Server {
		chain = o.Chains[0]
	}
	if len(chain) == 0 {
		return nil
	}
	return chain[0].Subject
}

func rejection(in *diag.Input, g []*opening) diag.Finding {
	first := g[0]
	f := base(in, g)
	a := first.Fatal()
	if a == nil {
		f.Confidence = diag.Possible
		f.Summary = fmt.Sprintf("%s of %s to %s: the client answered the server's certificate with an encrypted record of the size of an alert and ended, as it does when it rejects it",
			diag.Count(len(g), "connection"), clients(g), named(first))
		f.Fix = []string{"look at what the client says of the certificate of " + named(first)}
		f.NextCapture = []string{"with a key log of the client (SSLKEYLOGFILE): it tells the alert and the certificate"}
		return f
	}
	whose := "the server's certificate"
	who, at := clients(g), named(first)
	if a.Server {
		whose = "the client's certificate"
		who, at = named(first), clients(g)
	}
	f.Summary = fmt.Sprintf("%s rejects %s (with %s, %s): %s", who, whose, at, diag.Count(len(g), "connection"), tls.AlertName(a.Code))
	if c := subject(first); c != nil {
		f.Summary += fmt.Sprintf("; it is %s", c)
	}
	if reason, ok := reasons[a.Code]; ok {
		f.Facts = append(f.Facts, diag.Fact{Name: "what it does not take", Value: reason[0]})
		f.Fix = []string{reason[1]}
	} else {
		f.Fix = []string{"look at the log of the side that rejects"}
	}
	if !a.Server && first.Leaf() != nil && first.Name != "" && first.Leaf().Covers(first.Name) {
		f.RuledOut = append(f.RuledOut, "a wrong name: the certificate is for "+first.Name)
	}
	if !a.Server && first.Leaf() == nil {
		f.NextCapture = []string{"with a key log of the client (SSLKEYLOGFILE): the certificate of TLS 1.3 is encrypted"}
	}
	if !a.Server && first.Leaf() != nil && first.Leaf().SelfIssued() {
		f.Facts = append(f.Facts, diag.Fact{Name: "issuer", Value: "the certificate vouches for itself: only clients that were given it take it"})
	}
	return f
}

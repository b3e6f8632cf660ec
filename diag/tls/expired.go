package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/certificate"
)

//go:embed cert_expired.md
var expiredPage string

// Expired: a certificate is not valid at the time of the capture (S4).
var Expired = &diag.Rule{ID: "tls.cert.expired", Title: "a certificate is expired, or not valid yet", Page: expiredPage, Handshakes: true, WithheldBy: []string{"cap.time.backwards"}}

func init() { Expired.Run = runExpired } // Run names the rule: a literal would be a cycle

// isExpired is the first certificate of the server that is not valid at the time of the handshake, nil when all are, or the time is not known.
// Roots do not count: clients have their own.
func isExpired(in *diag.Input, o *opening) *certificate.Certificate {
	at, ok := o.time(in)
	if !ok {
		return nil
	}
	for i, c := range o.Chains[1] {
		if !c.Valid(at) && (i == 0 || !c.SelfIssued()) {
			return c
		}
	}
	return nil
}

func runExpired(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		c *certificate.Certificate
	}
	for _, g := range diag.Groups(faults(in, Expired, expired), func(o *opening) key { return key{o.endpoint(), isExpired(in, o)} }) {
		first := g[0]
		c := isExpired(in, first)
		if c == nil {
			out = append(out, saidToBeExpired(in, g))
			continue
		}
		at, _ := first.time(in)
		f := base(in, g)
		what := fmt.Sprintf("expired on %s", day(c.NotAfter))
		if at.Before(c.NotBefore) {
			what = fmt.Sprintf("is valid only from %s on", day(c.NotBefore))
		}
		refused := count(g, func(o *opening) bool { return o.Fatal() != nil || o.unused() })
		f.Summary = fmt.Sprintf("the certificate of %s %s (captured on %s): %s", named(first), what, day(at), c.Subject)
		if c != first.Leaf() {
			f.Summary = fmt.Sprintf("a certificate in the chain of %s %s (captured on %s): %s", named(first), what, day(at), c.Subject)
		}
		switch {
		case refused > 0:
			f.Summary += fmt.Sprintf("; %s of %s ended for it, or so it looks", diag.Count(refused, "connection"), clients(g))
		default:
			f.Severity, f.Cost = diag.Note, 0
			f.Summary += fmt.Sprintf("; %s in %s went on all the same", clients(g), diag.Count(len(g), "connection"))
		}
		if count(g, func(o *opening) bool { a := o.Fatal(); return a != nil && !a.Server && ofCertificate(a.Code) }) == 0 {
			f.Confidence = diag.Likely
		}
		f.Fix = []string{"renew the certificate on the server, and let it reload it", "check that the clock of the machine that captured is right: the dates were held against it"}
		out = append(out, f)
	}
	return out
}

// saidToBeExpired is for a certificate that is encrypted, of which the client says that it is expired.
func saidToBeExpired(in *diag.Input, g []*opening) diag.Finding {
	f := base(in, g)
	f.Summary = fmt.Sprintf("%s says that the certificate of %s is expired, in %s; it is encrypted", clients(g), named(g[0]), diag.Count(len(g), "connection"))
	f.Fix = []string{"look at the dates of the server's certificate, and renew it", "when it is valid, look at the clock of the client"}
	f.NextCapture = []string{"with a key log of the client (SSLKEYLOGFILE): it shows the certificate"}
	return f
}

func count(list []*opening, is func(*opening) bool) (n int) {
	for _, o := range list {
		if is(o) {
			n++
		}
	}
	return n
}

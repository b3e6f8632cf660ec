package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed client_cert.md
var clientCertificatePage string

// ClientCertificate: the server wants a certificate of the client, which has none (S8).
var ClientCertificate = &diag.Rule{ID: "tls.client_cert", Title: "the server wants a certificate that the client does not give", Page: clientCertificatePage, Handshakes: true}

func init() { ClientCertificate.Run = runClientCertificate }

func runClientCertificate(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		code byte
		seen bool
	}
	for _, g := range diag.Groups(faults(in, ClientCertificate, clientCertificate), func(o *opening) key {
		k := key{endpoint: o.endpoint(), seen: o.Asked}
		if a := o.Fatal(); a != nil {
			k.code = a.Code
		}
		return k
	}) {
		first := g[0]
		f := base(in, g)
		f.Summary = fmt.Sprintf("%s asked %s for a certificate in %s and got none: ", named(first), clients(g), diag.Count(len(g), "handshake"))
		switch a := first.Fatal(); {
		case a != nil:
			f.Summary += "it ended with " + tls.AlertName(a.Code)
		case first.Asked:
			f.Confidence = diag.Likely
			f.Summary += "it closed the connection"
		default:
			f.Confidence = diag.Possible
			f.Summary = fmt.Sprintf("%s of %s to %s: the client sent what has the size of an empty certificate, and the server ended with the size of an alert; so it looks when a certificate is wanted",
				diag.Count(len(g), "handshake"), clients(g), named(first))
			f.NextCapture = []string{"with a key log of the client (SSLKEYLOGFILE): it tells what the server asked for, and its alert"}
		}
		if len(first.Of) > 0 {
			f.Facts = append([]diag.Fact{{Name: "issuers that the server takes", Value: diag.List(first.Of, 8)}}, f.Facts...)
			f.Fix = append(f.Fix, "give the client a certificate of one of the issuers that the server names, for client authentication, with its private key")
		} else {
			f.Fix = append(f.Fix, "give the client a certificate for client authentication, with its private key; the server names no issuers")
		}
		f.RuledOut = []string{"the network: both sides answered"}
		out = append(out, f)
	}
	return out
}

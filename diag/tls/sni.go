package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed sni.md
var sniPage string

// SNI: the server does not know the name, or gets none (S7).
var SNI = &diag.Rule{ID: "tls.sni", Title: "the server has no site for the name that the client asks for", Page: sniPage, Handshakes: true}

func init() { SNI.Run = runSNI }

// namedElsewhere reports whether the same server took a client that asked for a name.
func namedElsewhere(in *diag.Input, o *opening) bool {
	for _, h := range in.Handshakes {
		if h.Named && h.Version != 0 && h.Fatal() == nil && open(in, h).endpoint() == o.endpoint() {
			return true
		}
	}
	return false
}

func runSNI(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		name string
	}
	for _, g := range diag.Groups(faults(in, SNI, sni), func(o *opening) key { return key{o.endpoint(), o.Name} }) {
		first := g[0]
		f := base(in, g)
		said := tls.AlertName(first.Fatal().Code)
		if first.Named {
			f.Summary = fmt.Sprintf("%v has no site for the name %s, which %s asked for in %s: %s", first.server(), first.Name, clients(g), diag.Count(len(g), "handshake"), said)
			f.Fix = []string{"check the name in the address, and add it to the sites of the server"}
		} else {
			f.Summary = fmt.Sprintf("%v refused %s of %s without a name: %s", first.server(), diag.Count(len(g), "handshake"), clients(g), said)
			f.Fix = []string{"let the client ask for a name (SNI): use the host's name instead of its address, or a newer client", "or give the server a default site"}
		}
		if first.Fatal().Code != alertUnrecognizedName {
			f.Confidence = diag.Likely
		}
		if first.Inner {
			f.Facts = append(f.Facts, diag.Fact{Name: "name", Value: "the hello may hide another one (ECH): the name is the public one"})
		}
		f.RuledOut = []string{"the network: the server answered"}
		out = append(out, f)
	}
	return out
}

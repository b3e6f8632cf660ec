package tls

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed version.md
var versionPage string

// Version: one side does not speak the versions of the other (S2).
var Version = &diag.Rule{ID: "tls.version", Title: "client and server have no version of TLS in common", Page: versionPage, Handshakes: true}

func init() { Version.Run = runVersion }

func runVersion(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		server bool
		code   byte
		newest uint16
	}
	for _, g := range diag.Groups(faults(in, Version, version), func(o *opening) key {
		a := o.Fatal()
		return key{o.endpoint(), a.Server, a.Code, o.Newest}
	}) {
		first := g[0]
		a := first.Fatal()
		f := base(in, g)
		offer := diag.List(versionsOf(first), 3)
		if offer == "" {
			offer = "a hello of SSL 2.0"
		}
		switch {
		case a.Code == alertFallback:
			f.Summary = fmt.Sprintf("%s refused %s of %s: the client came back with an older version (%s), and the server speaks a newer one", named(first), diag.Count(len(g), "handshake"), clients(g), offer)
			f.Fix = []string{"look at why the first attempt of the client failed: it made the client try an older version"}
		case a.Server:
			f.Summary = fmt.Sprintf("%s refused %s of %s: the client offers %s", named(first), diag.Count(len(g), "handshake"), clients(g), offer)
			f.Fix = []string{"allow a version of TLS on the server that the client speaks, or bring the client up to date"}
		default:
			f.Summary = fmt.Sprintf("%s refused what %s chose in %s: %s, and it offers %s", clients(g), named(first), diag.Count(len(g), "handshake"), tls.VersionName(first.Version), offer)
			f.Fix = []string{"allow a newer version of TLS on the server"}
		}
		if seen := spoken(in, first); len(seen) > 0 {
			f.Facts = append([]diag.Fact{{Name: "versions that the server chose in other connections", Value: diag.List(each(seen, tls.VersionName), 5)}}, f.Facts...)
		}
		f.Facts = append(offers(first)[:min(1, len(offers(first)))], f.Facts...)
		f.RuledOut = []string{"the network: the other side answered"}
		f.Fix = append(f.Fix, "Windows: the versions are in SCHANNEL\\Protocols of the registry; OpenSSL: MinProtocol and the security level")
		out = append(out, f)
	}
	return out
}

// spoken are the versions that the same server chose in other connections, the oldest first.
func spoken(in *diag.Input, o *opening) (out []uint16) {
	for _, h := range in.Handshakes {
		if h.At[handshake.ServerHello].Seen() && h.Conv != o.Conv && open(in, h).endpoint() == o.endpoint() {
			out = add(out, h.Version)
		}
	}
	slices.Sort(out)
	return out
}

package tls

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed alert_handshake_failure.md
var noCommonPage string

// NoCommon: client and server find no parameters in common (S1).
var NoCommon = &diag.Rule{ID: "tls.alert.handshake_failure", Title: "client and server agree on no parameters", Page: noCommonPage, Handshakes: true, DoubtedBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { NoCommon.Run = runNoCommon }

func runNoCommon(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		server bool
		code   byte
		name   string
	}
	for _, g := range diag.Groups(faults(in, NoCommon, noCommon), func(o *opening) key {
		a := o.Fatal()
		return key{o.endpoint(), a.Server, a.Code, o.Name}
	}) {
		first := g[0]
		a := first.Fatal()
		f := base(in, g)
		who := "the server"
		if !a.Server {
			who = "the client"
		}
		f.Summary = fmt.Sprintf("%s of %s to %s ended: %s says %s, ", diag.Count(len(g), "handshake"), clients(g), named(first), who, tls.AlertName(a.Code))
		if first.Version == 0 {
			f.Summary += "as nothing that the client offers suits it"
		} else {
			f.Confidence = diag.Likely
			f.Summary += fmt.Sprintf("after the server had chosen %s with %s", tls.VersionName(first.Version), tls.SuiteName(first.Suite))
		}
		f.Facts = slices.Concat(offers(first), taken(in, first), f.Facts)
		f.RuledOut = []string{"the network: the other side answered"}
		f.Fix = []string{"compare the versions, cipher suites and groups that both allow, and allow one on both", "the server's log says which of them it missed"}
		if a.Code == alertNoProtocol {
			f.Fix = []string{"the server speaks none of the protocols that the client offers (ALPN): allow one on both"}
		}
		out = append(out, f)
	}
	return out
}

// offers is what a client offers, as facts.
func offers(o *opening) (out []diag.Fact) {
	add := func(name string, list []string) {
		if len(list) > 0 {
			out = append(out, diag.Fact{Name: name, Value: diag.List(list, 12)})
		}
	}
	add("versions that the client offers", versionsOf(o))
	add("suites that the client offers", each(o.Suites, tls.SuiteName))
	add("groups that the client offers", each(o.Groups, group))
	add("protocols that the client offers", o.Protocol)
	return out
}

func versionsOf(o *opening) []string {
	switch {
	case o.Oldest != 0 && o.Oldest != o.Newest:
		return []string{tls.VersionName(o.Oldest) + " to " + tls.VersionName(o.Newest)}
	case o.Oldest != 0:
		return []string{tls.VersionName(o.Newest)}
	case o.Newest != 0:
		return []string{tls.VersionName(o.Newest) + " and older ones"}
	}
	return nil
}

func group(n uint16) string {
	if name := tls.GroupName(n); name != "" {
		return name
	}
	return fmt.Sprintf("group %d", n)
}

func each(list []uint16, name func(uint16) string) (out []string) {
	for _, n := range list {
		out = append(out, name(n))
	}
	return out
}

// taken is what the same server chose in other connections, and whether the client offers any of it.
func taken(in *diag.Input, o *opening) (out []diag.Fact) {
	var suites, versions, groups []uint16
	for _, h := range in.Handshakes {
		if h.At[handshake.ServerHello].Seen() && h.Conv != o.Conv && open(in, h).endpoint() == o.endpoint() {
			suites, versions = add(suites, h.Suite), add(versions, h.Version)
			if h.Group != 0 {
				groups = add(groups, h.Group)
			}
		}
	}
	if len(suites) == 0 {
		return nil
	}
	out = append(out, diag.Fact{Name: "chosen by the server in other connections", Value: diag.List(append(each(versions, tls.VersionName), each(suites, tls.SuiteName)...), 12)})
	if !slices.ContainsFunc(suites, func(s uint16) bool { return slices.Contains(o.Suites, s) }) {
		out = append(out, diag.Fact{Name: "suites in common with those", Value: "none"})
	}
	if len(groups) > 0 && !slices.ContainsFunc(groups, func(g uint16) bool { return slices.Contains(o.Groups, g) }) {
		out = append(out, diag.Fact{Name: "groups in common with those", Value: "none"})
	}
	return out
}

// add adds a number that the list has not.
func add(list []uint16, n uint16) []uint16 {
	if slices.Contains(list, n) {
		return list
	}
	return append(list, n)
}

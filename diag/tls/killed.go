package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
)

//go:embed ch_killed.md
var killedPage string

// Killed: the connection is cut right behind the ClientHello (S9).
var Killed = &diag.Rule{ID: "tls.ch_killed", Title: "connections are cut right after the Client Hello", Page: killedPage, Handshakes: true, WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { Killed.Run = runKilled }

func runKilled(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		name string
	}
	for _, g := range diag.Groups(faults(in, Killed, killed), func(o *opening) key { return key{o.endpoint(), o.Name} }) {
		first := g[0]
		f := base(in, g)
		f.Confidence = diag.Possible
		end, _ := first.ended()
		how := "closed"
		if first.conv().TCP.RST.Seen() && end == first.conv().TCP.RST {
			how = "reset"
		}
		after := ""
		if d, ok := in.Elapsed(first.moment(first.At[handshake.HelloEnds]), end); ok {
			after = " " + diag.Duration(d) + " after it"
		}
		f.Summary = fmt.Sprintf("%s of %s to %s ended with the Client Hello: %s%s in the name of the server, which said nothing", diag.Count(len(g), "connection"), clients(g), named(first), how, after)
		if other := answered(in, first); other != nil {
			f.Confidence = diag.Likely
			f.Summary += fmt.Sprintf("; it answered when asked for %s", nameOr(other))
			f.Facts = append(f.Facts, diag.Fact{Name: "answered, in frame", Value: fmt.Sprint(other.At[handshake.ServerHello].Number)})
			f.Fix = []string{"look for something on the way, or in front of the server, that decides by the name: a filter, a proxy, rules of the load balancer"}
			if other.Name == first.Name && other.Newest != first.Newest {
				f.Fix = []string{"the server, or something in front of it, decides by the version that the client offers: compare what both offered"}
			}
		} else {
			f.Fix = []string{"check that the service at this port speaks TLS, and that the load balancer has a server behind it", "try another name at the same address, and the same name from another place: if only the name decides, something on the way filters"}
		}
		if first.conv().TCP.RST.Seen() {
			f.Fix = append(f.Fix, "record at the server as well: a reset that it did not send was made on the way")
			f.Record = []diag.RecordAt{{Addr: first.server().Addr(), Question: "who ends the connection?"}}
		}
		out = append(out, f)
	}
	return out
}

// answered is another handshake of the same server that it answered, with another name or other versions; nil without one.
func answered(in *diag.Input, o *opening) *opening {
	for _, h := range in.Handshakes {
		if h.Version == 0 || !h.Hello || h.Name == o.Name && h.Newest == o.Newest {
			continue
		}
		if other := open(in, h); other.endpoint() == o.endpoint() {
			return other
		}
	}
	return nil
}

// nameOr is the name that a client asks for, in words.
func nameOr(o *opening) string {
	if o.Name == "" {
		return "no name"
	}
	return o.Name
}

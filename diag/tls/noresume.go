package tls

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
)

//go:embed no_resume.md
var noResumePage string

// NoResume: the server never takes up a session that the client offers to go on with (S14).
var NoResume = &diag.Rule{ID: "tls.no_resume", Title: "sessions are never resumed: each connection has a full handshake", Page: noResumePage, Handshakes: true}

func init() { NoResume.Run = runNoResume }

// leastRefused is how many offers in a row make a pattern.
const leastRefused = 10

func runNoResume(in *diag.Input) (out []diag.Finding) {
	type pair struct {
		endpoint
		client netip.Addr
		name   string
	}
	var list []*opening
	resumed := map[pair]bool{}
	pairOf := func(o *opening) pair { return pair{o.endpoint(), o.client(), o.Name} }
	for _, h := range in.Handshakes {
		if !h.GoesOn || !h.At[handshake.ServerHello].Seen() || h.Fatal() != nil {
			continue
		}
		o := open(in, h)
		if h.Resumed {
			resumed[pairOf(o)] = true
			continue
		}
		list = append(list, o)
	}
	for _, g := range diag.Groups(list, pairOf) {
		first := g[0]
		if len(g) < leastRefused || resumed[pairOf(first)] || in.Withhold(NoResume, first.conv()) {
			continue
		}
		f := note(in, g, mostNoted)
		f.Severity, f.Confidence = diag.Note, diag.Likely
		f.Summary = fmt.Sprintf("%s offered in %s to go on with an earlier session, and %s accepted none: each had a full handshake", clients(g), diag.Count(len(g), "handshake"), named(first))
		if server, client, ok := first.conv().TCP.RTT(); ok {
			f.Facts = append([]diag.Fact{{Name: "round trip, which a full handshake before TLS 1.3 has one more of", Value: diag.Duration(time.Duration(server + client))}}, f.Facts...)
		}
		f.RuledOut = []string{"a client that does not offer it: it does in each of these"}
		f.Fix = []string{"let all servers behind the address share the keys of their tickets, or their cache of sessions", "check that the server keeps sessions long enough, and that a load balancer sends a client to the same server"}
		out = append(out, f)
	}
	return out
}

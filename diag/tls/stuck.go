package tls

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
)

//go:embed ch_stuck.md
var stuckPage string

// Stuck: a ClientHello of more than one segment does not get through (S10).
var Stuck = &diag.Rule{ID: "tls.ch_stuck", Title: "large Client Hellos do not get through", Page: stuckPage, Handshakes: true, WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { Stuck.Run = runStuck }

func runStuck(in *diag.Input) (out []diag.Finding) {
	for _, g := range diag.Groups(faults(in, Stuck, stuck), (*opening).endpoint) {
		first := g[0]
		f := base(in, g)
		f.Confidence = diag.Likely
		f.Summary = fmt.Sprintf("%s of %s to %s got stuck: the Client Hello of %d bytes needs more than one segment, and not all of it got through", diag.Count(len(g), "connection"), clients(g), named(first), first.Size)
		if first.Cut {
			f.Facts = append(f.Facts, diag.Fact{Name: "hello", Value: "only a part of it is in the capture"})
		}
		if n := first.conv().Dir[first.Client].Retransmissions; n > 0 {
			f.Facts = append(f.Facts, diag.Fact{Name: "segments that the client sent again in the first of them", Value: fmt.Sprint(n)})
		}
		if small := smaller(in, first); small != nil {
			f.Summary += fmt.Sprintf("; one of %d bytes was answered", small.Size)
			f.Facts = append(f.Facts, diag.Fact{Name: "answered, in frame", Value: fmt.Sprint(small.At[handshake.ServerHello].Number)})
		} else {
			f.Confidence = diag.Possible
		}
		f.Fix = []string{
			"look for a link on the way that takes smaller packets and does not say so: clamp the MSS, or let ICMP \"packet too big\" through",
			"look for a box on the way that reads the name from the first segment alone: update it",
			"to tell: let the client offer no key share of ML-KEM, which makes the hello longer than a segment",
		}
		out = append(out, f)
	}
	return out
}

// smaller is another handshake with the server, with a hello that fits one segment, that was answered; nil without one.
func smaller(in *diag.Input, o *opening) *opening {
	for _, h := range in.Handshakes {
		if h.Version == 0 || !h.Hello || h.Size >= o.Size {
			continue
		}
		if other := open(in, h); other.endpoint() == o.endpoint() && !diag.LargeHello(other.Handshake, other.conv()) {
			return other
		}
	}
	return nil
}

package smb

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed neg_hang.md
var negHangPage string

// NegotiateHangs: a file server takes NEGOTIATE and does not answer it (B10).
var NegotiateHangs = &diag.Rule{ID: "smb.neg_hang", Title: "the file server takes the first request and never answers", Page: negHangPage, Requests: true, WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { NegotiateHangs.Run = negotiateHangs } // Run names the rule: a literal would be a cycle

// hangs is how many connections are a pattern.
const hangs = 3

func negotiateHangs(in *diag.Input) (out []diag.Finding) {
	type server struct {
		source int
		addr   netip.Addr
	}
	answers := map[server]int{}
	for _, t := range talks(in) {
		for _, r := range t.Requests {
			if r.First.Seen() {
				answers[server{t.Source, t.Server.Addr()}]++
			}
		}
	}
	for _, g := range diag.Groups(in.Unnegotiated(), func(u diag.Unnegotiated) server { return server{u.Conv.Source, u.Conv.Ends[1].Addr()} }) {
		if !in.Withhold(NegotiateHangs, g[0].Conv) {
			out = append(out, hanging(in, g, answers[server{g[0].Conv.Source, g[0].Conv.Ends[1].Addr()}]))
		}
	}
	return out
}

func hanging(in *diag.Input, list []diag.Unnegotiated, answers int) diag.Finding {
	c := list[0].Conv
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Possible, Source: c.Source, Host: c.Ends[1].Addr().String(), Count: len(list)}
	var where []flow.Moment
	var waits []diag.Interval
	var longest time.Duration
	for _, u := range list {
		f.Conversations = append(f.Conversations, u.Conv)
		where, waits = append(where, u.Asked, u.End), append(waits, diag.Interval{From: u.Asked, To: u.End, Conv: u.Conv})
		d, _ := in.Elapsed(u.Asked, u.End)
		longest = max(longest, d)
	}
	in.Charge(&f, waits)
	if len(list) >= hangs {
		f.Confidence = diag.Likely
	}
	f.Where = diag.Places(where...)
	f.Filter = diag.AnyOf(diag.Streams(f.Conversations, diag.EndpointFilter(c.Ends[1], c)), diag.Frames(where...))
	from := diag.List(diag.Distinct(f.Conversations, func(c *flow.Conversation) string { return c.Ends[0].Addr().String() }), 3)
	f.Summary = fmt.Sprintf("%v took the NEGOTIATE of %s in %s and answered nothing for up to %s, until the connection was closed", c.Ends[1], from, diag.Count(len(list), "connection"), diag.Duration(longest))
	f.Facts = []diag.Fact{{Name: "answers of this server to other requests of SMB", Value: fmt.Sprint(answers)}}
	f.RuledOut = []string{"loss on the way there: the server's stack acknowledged the request", "a closed port or a filter: the connection was made"}
	f.Fix = []string{
		fmt.Sprintf("on %v: update or remove, to test it, what stands in the way of SMB there: an antivirus, a filter driver", c.Ends[1].Addr()),
		"is the Server service stuck, or the machine out of processor or memory? Other services of it would be silent as well",
	}
	f.Record = []diag.RecordAt{{Addr: c.Ends[1].Addr(), Question: "does the request arrive, and does the server answer it there?"}}
	return f
}

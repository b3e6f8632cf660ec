package ssrp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed no_reply.md
var noReplyPage string

// NoReply: SQL Browser does not answer (M1).
var NoReply = &diag.Rule{
	ID: "ssrp.no_reply", Title: "SQL Browser does not answer", Page: noReplyPage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"},
}

func init() { NoReply.Run = noReply } // Run names the rule: a literal would be a cycle

// minSure is how many queries without an answer are a pattern.
const minSure = 3

// noReply makes a finding of each client and Browser. A Browser that answers other queries of the capture runs: what it is silent about is an instance
// that it does not know (ssrp.no_instance), unless it told of it at another time.
func noReply(in *diag.Input) (out []diag.Finding) {
	known := map[asked]map[string]bool{}
	for _, t := range talks(in) {
		for _, r := range t.Requests {
			if k := (asked{t.Source, t.Server}); r.Answered() {
				if known[k] == nil {
					known[k] = map[string]bool{}
				}
				known[k][r.Command+"\x00"+r.Name] = true
			}
		}
	}
	for _, t := range talks(in) {
		list := in.Unanswered(t, patience)
		if names := known[asked{t.Source, t.Server}]; names != nil {
			list = slices.DeleteFunc(list, func(r *request.Request) bool { return !names[r.Command+"\x00"+r.Name] })
		}
		list = slices.DeleteFunc(list, func(r *request.Request) bool { return in.Withhold(NoReply, in.Conversations.At(r.Conv)) })
		if len(list) > 0 {
			out = append(out, silence(in, t, list))
		}
	}
	return out
}

// asked is a Browser in a source.
type asked struct {
	source int
	server netip.AddrPort
}

func silence(in *diag.Input, t *diag.Talk, list []*request.Request) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Possible, Source: t.Source, Host: t.Server.Addr().String(), Count: len(list),
		Where: shown(t.Source, list), Filter: t.Filter(), Conversations: conversations(in, list),
	}
	in.Charge(&f, waits(list))
	what := "any of " + diag.Count(len(list), "query")
	if len(list) == 1 {
		what = "the query"
	}
	f.Summary = fmt.Sprintf("SQL Browser at %v does not answer %s of %v", t.Server, what, t.Client)
	if n := answered(t); n > 0 {
		f.Summary = fmt.Sprintf("SQL Browser at %v does not answer %d of %d queries of %v", t.Server, len(list), n+len(list), t.Client)
	}
	if names := instances(list); len(names) > 0 {
		f.Summary += fmt.Sprintf(" for instance %s", diag.List(quoted(names), 3))
	}
	f.Facts = []diag.Fact{{Name: "ports that the client asked from", Value: fmt.Sprint(len(f.Conversations))}}
	f.RuledOut = []string{"an answer from another address: none came to the client's port"}
	f.Fix = []string{
		"is SQL Browser running, and does every firewall on the way pass UDP 1434 and its answers?",
		"is the name of the instance right? The Browser says nothing about one that it does not know, or that is hidden",
		byName,
	}
	f.Record = []diag.RecordAt{{Question: "does the query arrive at the server, and does an answer leave it?"}}
	switch seen := seenAt(in, f.Conversations); {
	case rejected(f.Conversations) != nil:
		c := rejected(f.Conversations)
		f.Severity, f.Confidence = diag.Error, diag.Proven
		f.Summary += fmt.Sprintf(": %v says that nobody can be reached there (ICMP type %d code %d)", c.ICMP.From, c.ICMP.Type, c.ICMP.Code)
		f.Fix[0] = "start SQL Browser on the host, or allow UDP 1434 where the ICMP error comes from"
	case seen:
		f.Severity, f.Confidence = diag.Error, diag.Likely
		if in.HearsBeside(f.Conversations) {
			f.Confidence = diag.Proven
		}
		f.Summary += "; the queries are at the other point too: they arrived, and no answer left"
		f.RuledOut = append(f.RuledOut, "loss of the queries: both points have them")
	case len(list) >= minSure && answered(t) == 0:
		f.Confidence = diag.Likely
	}
	return f
}

// answered counts the answers of a talk.
func answered(t *diag.Talk) (n int) {
	for _, r := range t.Requests {
		if r.First.Seen() {
			n++
		}
	}
	return n
}

// rejected is a conversation that an ICMP error quotes, nil without one.
func rejected(cs []*flow.Conversation) *flow.Conversation {
	for _, c := range cs {
		if c.ICMP != nil {
			return c
		}
	}
	return nil
}

// seenAt reports whether all conversations are at another point as well.
func seenAt(in *diag.Input, cs []*flow.Conversation) bool {
	return !slices.ContainsFunc(cs, func(c *flow.Conversation) bool { return len(in.Twins(c)) == 0 })
}

func quoted(names []string) (out []string) {
	for _, n := range names {
		out = append(out, fmt.Sprintf("%q", n))
	}
	return out
}

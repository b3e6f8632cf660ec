package smb

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed session_setup.md
var sessionSetupPage string

// SessionSetup: a client could not authenticate at a file server, or waited long for it (B11).
var SessionSetup = &diag.Rule{ID: "smb.session_setup", Title: "authentication at the file server fails or is slow", Page: sessionSetupPage, Requests: true, Run: sessionSetup}

const (
	moreProcessing = "STATUS_MORE_PROCESSING_REQUIRED"
	// leastSetup is how long an authentication may take without a word.
	leastSetup = time.Second
	// kerberosPort is where a client gets its tickets, and before is how long ago that may have been.
	kerberosPort = 88
	before       = 2 * time.Second
)

// A setup is one authentication: its steps, the last of which says how it ended.
type setup struct {
	talk  *diag.Talk
	steps []*request.Request
}

func (s *setup) last() *request.Request { return s.steps[len(s.steps)-1] }

// failed reports whether it ended with a failure.
func (s *setup) failed() bool { return s.last().Failed && s.last().Status != moreProcessing }

// setups are the authentications of a talk, in order. One that did not end in the capture is none.
func setups(t *diag.Talk) (out []*setup) {
	open := map[int]*setup{} // by conversation
	for _, r := range t.Requests {
		if r.Command != setupCommand || !r.Answered() {
			continue
		}
		s := open[r.Conv]
		if s == nil {
			s = &setup{talk: t}
			open[r.Conv] = s
		}
		s.steps = append(s.steps, r)
		if r.Status != moreProcessing {
			out = append(out, s)
			delete(open, r.Conv)
		}
	}
	return out
}

type setupKey struct {
	source         int
	client, server netip.Addr
	status         string // of a failure; "" for those that were slow
}

// sessionSetup makes one finding of each client, server and status, and one of those that were slow.
func sessionSetup(in *diag.Input) (out []diag.Finding) {
	index := map[setupKey][]*setup{}
	var order []setupKey
	other := map[setupKey]bool{} // another one of the client succeeded
	for _, t := range talks(in) {
		all := setups(t)
		for _, s := range all {
			k := setupKey{t.Source, t.Client, t.Server.Addr(), ""}
			switch d, ok := in.Elapsed(t.Moment(s.steps[0].Asked), t.Moment(s.last().Last)); {
			case s.failed():
				k.status = s.last().Status
			case !ok || d < leastSetup:
				continue
			}
			if index[k] == nil {
				order = append(order, k)
			}
			index[k] = append(index[k], s)
			other[k] = other[k] || slices.ContainsFunc(all, func(s *setup) bool { return !s.failed() })
		}
	}
	for _, k := range order {
		if k.status != "" {
			out = append(out, failing(in, k, index[k], other[k]))
		} else if f, ok := late(in, k, index[k]); ok {
			out = append(out, f)
		}
	}
	return out
}

// common is what both kinds of finding have.
func common(in *diag.Input, k setupKey, list []*setup) diag.Finding {
	var convs []*flow.Conversation
	var steps []*request.Request
	for _, s := range list {
		steps = append(steps, s.steps...)
		if c := in.Conversations.At(s.last().Conv); !slices.Contains(convs, c) {
			convs = append(convs, c)
		}
	}
	return diag.Finding{
		Confidence: diag.Proven, Count: len(list), Source: k.source, Host: k.server.String(), Conversations: convs, Where: shown(k.source, steps),
		Filter: diag.AllOf(diag.Streams(convs, diag.EndpointFilter(list[0].talk.Server, convs[0])), "smb2.cmd == 1"),
	}
}

func failing(in *diag.Input, k setupKey, list []*setup, other bool) diag.Finding {
	f := common(in, k, list)
	f.Severity = diag.Error
	f.Summary = fmt.Sprintf("%v refused to authenticate %v with %s", k.server, k.client, k.status)
	if len(list) > 1 {
		f.Summary += fmt.Sprintf(", %d times", len(list))
	}
	if other {
		f.Severity = diag.Note
		f.Summary += "; another session of the client was authenticated"
	}
	if tickets := refusedTickets(in, k, list); len(tickets) > 0 {
		f.Summary += "; its Kerberos requests failed just before: " + diag.List(tickets, named)
	}
	if what, ok := refusals[k.status]; ok {
		f.Facts = append(f.Facts, diag.Fact{Name: k.status, Value: what.says})
		f.Fix = []string{what.fix}
	}
	f.RuledOut = []string{"a step of an authentication: " + moreProcessing + " is not counted"}
	f.Fix = append(f.Fix,
		"look at the security log of the server at that time: it has the account and the reason",
		"check the name that the client uses for the server (an alias needs an SPN of its own), the clocks of both, and what kinds of authentication are allowed")
	return f
}

// refusedTickets are the failures of what the client asked a domain controller for just before.
func refusedTickets(in *diag.Input, k setupKey, list []*setup) (out []string) {
	for _, t := range in.Talks() {
		if t.Server.Port() != kerberosPort || t.Client != k.client || t.Source != k.source {
			continue
		}
		for _, r := range t.Requests {
			near := slices.ContainsFunc(list, func(s *setup) bool {
				d := time.Duration(s.steps[0].Asked.Time - r.Last.Time)
				return d >= 0 && d < before
			})
			if r.Answered() && r.Failed && near && !slices.Contains(out, r.Status) {
				out = append(out, r.Status)
			}
		}
	}
	return out
}

// late describes authentications that took long.
func late(in *diag.Input, k setupKey, list []*setup) (f diag.Finding, ok bool) {
	var waits []diag.Interval
	var longest time.Duration
	for _, s := range list {
		from, to := s.talk.Moment(s.steps[0].Asked), s.talk.Moment(s.last().Last)
		waits = append(waits, diag.Interval{From: from, To: to})
		longest = max(longest, time.Duration(to.Time-from.Time))
	}
	cost, ok := in.Waited(waits)
	if !ok {
		return f, false
	}
	f = common(in, k, list)
	f.Severity, f.Cost, f.Lost = diag.Warning, cost, waits
	f.Summary = fmt.Sprintf("%v needed %s to authenticate %v", k.server, diag.Duration(cost), k.client)
	if len(list) > 1 {
		f.Summary += fmt.Sprintf(" in %d sessions, %s at most", len(list), diag.Duration(longest))
	}
	worst, _ := diag.Slowest(list[0].steps, 1)[0].Service()
	f.Facts = []diag.Fact{{Name: "longest step", Value: diag.Duration(time.Duration(worst))}}
	f.Fix = []string{
		"look at the server's way to its domain controllers: with NTLM it asks one for each session, with Kerberos it may have to look groups up",
		"capture at the server: it shows whom it asks meanwhile",
	}
	return f, true
}

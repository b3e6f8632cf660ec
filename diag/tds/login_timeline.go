package tds

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/login"
)

//go:embed login_timeline.md
var loginTimelinePage string

// LoginTimeline: a login to SQL Server is slow, or stops (M7).
var LoginTimeline = &diag.Rule{ID: "tds.login_timeline", Title: "a login to SQL Server is slow, or stops on the way", Page: loginTimelinePage, Requests: true, DoubtedBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}, Run: loginTimeline}

const (
	// leastSlow is how long a login takes that somebody notices. Pools open connections while a user waits.
	leastSlow = time.Second
	// patience is how long a step must be missing at the end of the capture to be one that stopped.
	patience = 5 * time.Second
)

// advice is what a step that takes long says.
var advice = [login.Steps]string{
	login.Accept:        "look at the network and at the server's queue of connections: nothing of SQL Server takes part",
	login.PreLogin:      "look at the client: the connection is there, and it does not begin",
	login.PreLoginAck:   "look at the server: no free worker, too little memory, or not SQL Server at this port",
	login.ClientHello:   "look at the client: it has what it needs to begin with TLS",
	login.ServerHello:   "look at the server: its certificate and key, and what it checks for TLS",
	login.KeyExchange:   "look at what the client checks in the certificate: a list of revoked ones that it cannot fetch takes 15 s each time",
	login.CipherChange:  "look at the server: it computes keys, or checks a certificate of the client",
	login.Credentials:   "look at the client: it asks for a ticket or a token (Kerberos, a domain controller, Entra) before it logs in",
	login.Ticket:        "look at the client's way to its domain controller: it gets a ticket",
	login.NTLMChallenge: "look at the server: it prepares SSPI",
	login.NTLMResponse:  "look at the client: it computes the response, or asks for credentials",
	login.Accepted:      "look at the server's way to its domain controllers, at logon triggers, and at the database that is opened",
	login.Refused:       "look at the server's way to its domain controllers, and at logon triggers",
}

// delay is what one cause makes: a server, and the step that took longest or was never reached.
type delay struct {
	endpoint
	step    login.Step
	stopped bool
}

func loginTimeline(in *diag.Input) (out []diag.Finding) {
	for _, g := range diag.GroupsOf(logins(in), func(l *login.Login) (delay, bool) {
		if s, ok := stops(in, l); ok {
			return delay{endpointOf(l), s, true}, true
		}
		d, ok := in.Elapsed(interval(l).From, interval(l).To)
		return delay{endpointOf(l), l.Longest(), false}, ok && d >= leastSlow && l.Answered() && l.Conv.TCP.SYN.Seen()
	}) {
		if s, ok := stops(in, g[0]); ok {
			out = append(out, stopped(in, g, s))
		} else {
			out = append(out, slow(in, g))
		}
	}
	return out
}

// stops is the last step of a login that has no answer, although a side ended the connection or the capture goes on for long enough.
func stops(in *diag.Input, l *login.Login) (last login.Step, ok bool) {
	last, ok = l.Last()
	if !ok || l.Answered() && l.Alert == "" || l.Used || last == login.Accept {
		return last, false
	}
	if end, _ := diag.Ending(l.Conv); end.Seen() {
		return last, true
	}
	d, timed := in.Elapsed(l.Conv.Last, in.End(source(l)))
	return last, timed && d >= patience
}

func slow(in *diag.Input, list []*login.Login) diag.Finding {
	worst := slices.MaxFunc(list, func(a, b *login.Login) int { return int(whole(a) - whole(b)) })
	s := worst.Longest()
	took, _ := worst.Took(s)
	f := base(in, list, worst)
	f.Severity, f.Confidence = diag.Warning, diag.Likely
	f.Summary = fmt.Sprintf("%s of %s to %v took %s at most, %s of it until the %s (%s)",
		diag.Count(len(list), "login"), diag.List(clients(list), 3), worst.Conv.Ends[1], diag.Duration(whole(worst)), diag.Duration(time.Duration(took)), s, sideOf(s))
	f.Fix = []string{advice[s]}
	if n := repairs(worst.Conv); n > 0 {
		f.Confidence = diag.Possible
		f.Facts = append(f.Facts, diag.Fact{Name: "segments that were sent again in this connection", Value: fmt.Sprint(n)})
		f.Fix = append([]string{"look for the loss first: segments of this connection were sent again"}, f.Fix...)
	} else {
		f.RuledOut = append(f.RuledOut, "loss: no segment of this connection was sent again")
	}
	if server, client, ok := worst.Conv.TCP.RTT(); ok {
		f.RuledOut = append(f.RuledOut, "the way: its round trip is "+diag.Duration(time.Duration(server+client)))
	}
	return f
}

func stopped(in *diag.Input, list []*login.Login, last login.Step) diag.Finding {
	first := list[0]
	f := base(in, list, first)
	f.Severity, f.Confidence = diag.Error, diag.Proven
	f.Summary = fmt.Sprintf("%s of %s to %v stopped after the %s", diag.Count(len(list), "login"), diag.List(clients(list), 3), first.Conv.Ends[1], last)
	if last.ByClient() {
		f.Summary += ": the server did not go on"
		f.Fix = []string{"look at the server at that second: its error log, its workers, what it waits for"}
	} else {
		f.Summary += ": the client did not go on"
		f.Fix = []string{"look at the client: what its driver says, the certificate that it got, its own time limit"}
	}
	if first.Alert != "" {
		f.Summary = fmt.Sprintf("%s of %s to %v stopped in the TLS handshake: the server answered with %s", diag.Count(len(list), "login"), diag.List(clients(list), 3), first.Conv.Ends[1], first.Alert)
		f.Fix = []string{"compare the versions and cipher suites of TLS that client and server allow, and look at the certificate of the server"}
	}
	if end, side := diag.Ending(first.Conv); end.Seen() {
		after := ""
		if d, ok := in.Elapsed(moment(first, first.At[last]), end); ok {
			after = " " + diag.Duration(d) + " later"
		}
		f.Summary += fmt.Sprintf("; %s closed%s", sides[side], after)
	} else {
		f.Confidence = diag.Likely
		f.Summary += "; nobody closed until the capture ended"
	}
	if n := repairs(first.Conv); n > 0 {
		f.Confidence = diag.Likely
		f.Facts = append(f.Facts, diag.Fact{Name: "segments that were sent again in this connection", Value: fmt.Sprint(n)})
	}
	return f
}

func base(in *diag.Input, list []*login.Login, shown *login.Login) diag.Finding {
	f := diag.Finding{
		Source: source(shown), Host: shown.Conv.Ends[1].Addr().String(), Count: len(list), Conversations: conversations(list), Where: proof(list),
		Filter: filter(list), Facts: timeline(shown), Record: []diag.RecordAt{{Addr: shown.Conv.Ends[1].Addr(), Question: "what does it ask its domain controllers and name servers meanwhile?", Asks: []uint16{88, 389, 53}}},
	}
	in.Charge(&f, intervals(list))
	return f
}

func whole(l *login.Login) time.Duration {
	ns, _ := l.Whole()
	return time.Duration(ns)
}

func repairs(c *flow.Conversation) int64 { return c.Dir[0].Retransmissions + c.Dir[1].Retransmissions }

// sideOf is the side that a step waits for.
func sideOf(s login.Step) string {
	if s.ByClient() {
		return "of the client"
	}
	return "of the server"
}

package tds

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/login"
)

//go:embed login_error.md
var loginErrorPage string

// LoginError: SQL Server refuses a login (M8).
var LoginError = &diag.Rule{ID: "tds.login_error", Title: "SQL Server refuses a login", Page: loginErrorPage, Requests: true, Run: loginError}

// refusal is what one cause makes: a server that refuses with one error. Those that cannot be read have none.
type refusal struct {
	endpoint
	code  uint32
	state uint64
	shut  bool
}

func loginError(in *diag.Input) (out []diag.Finding) {
	all := logins(in)
	last := map[who]*login.Login{}
	for _, l := range all {
		if l.At[login.Accepted].Seen() && l.Used {
			last[whoOf(l)] = l
		}
	}
	for _, g := range diag.GroupsOf(all, func(l *login.Login) (refusal, bool) {
		k := refusal{endpoint: endpointOf(l), code: l.Code, state: l.State, shut: shutBehind(in, l)}
		return k, l.Code != 0 || k.shut
	}) {
		if g[0].Code == 0 {
			out = append(out, shut(in, g))
		} else {
			out = append(out, refused(in, last, g))
		}
	}
	return out
}

func refused(in *diag.Input, accepted map[who]*login.Login, list []*login.Login) diag.Finding {
	first := list[0]
	f := diag.Finding{
		Severity: diag.Error, Confidence: diag.Proven, Source: source(first), Host: first.Conv.Ends[1].Addr().String(), Count: len(list),
		Conversations: conversations(list), Where: proof(list), Filter: filter(list),
	}
	in.Charge(&f, intervals(list))
	m, known := meanings[first.Code]
	if !known {
		m = meaning{"it says why", "look the number up, and look at the error log of the server at that second"}
	}
	f.Summary = fmt.Sprintf("%v refused %s of %s with error %d, state %d: %s", first.Conv.Ends[1], diag.Count(len(list), "login"), diag.List(clients(list), 3), first.Code, first.State, m.says)
	if reason := states[first.State]; reason != "" && first.Code == 18456 {
		f.Summary += ", " + reason
	}
	if first.Text != "" {
		f.Summary += fmt.Sprintf(": %q", first.Text)
	}
	f.Facts = append([]diag.Fact{{Name: "class", Value: fmt.Sprint(first.Class)}}, timeline(first)...)
	if first.Database != "" {
		f.Facts = append(f.Facts, diag.Fact{Name: "database asked for", Value: first.Database})
	}
	f.RuledOut = []string{"the network: the server answered the login"}
	f.Fix = []string{m.fix, "look at the error log of the server (ERRORLOG) at that second: it has the state and the reason"}
	if later := succeeded(accepted, list); later != nil {
		f.Severity = diag.Warning
		f.Facts = append(f.Facts, diag.Fact{Name: "a later login was accepted, in frame", Value: fmt.Sprint(later.At[login.Accepted].Number)})
	}
	return f
}

// succeeded is a login of one of the clients to the same server that was accepted after the last refusal; nil without one.
func succeeded(accepted map[who]*login.Login, list []*login.Login) *login.Login {
	last := list[len(list)-1]
	for _, l := range list {
		if a := accepted[whoOf(l)]; a != nil && a.At[login.Accepted].Number > last.At[login.Refused].Number {
			return a
		}
	}
	return nil
}

// who is a client of a server.
type who struct {
	endpoint
	client netip.Addr
}

func whoOf(l *login.Login) who { return who{endpointOf(l), l.Conv.Ends[0].Addr()} }

// soonShut is how soon after the login a server closes that refuses it.
const soonShut = 5 * time.Second

// shutBehind reports whether the answer to a login cannot be read, the client sent nothing after the login, and the server closed: so a refusal looks when it is encrypted.
func shutBehind(in *diag.Input, l *login.Login) bool {
	end, side := diag.Ending(l.Conv)
	if !l.Encrypted || l.Used || !end.Seen() || side != 1 || l.Conv.TCP.Sides[0].LastNew.Pos.Number > l.At[login.Accepted].Number {
		return false
	}
	d, ok := in.Elapsed(moment(l, l.At[login.Accepted]), end)
	return ok && d <= soonShut
}

func shut(in *diag.Input, list []*login.Login) diag.Finding {
	first := list[0]
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Possible, Source: source(first), Host: first.Conv.Ends[1].Addr().String(), Count: len(list),
		Conversations: conversations(list), Where: proof(list), Filter: filter(list), Facts: timeline(first),
	}
	in.Charge(&f, intervals(list))
	if len(list) >= 3 {
		f.Confidence = diag.Likely
	}
	f.Summary = fmt.Sprintf("%v answered %s of %s and closed, before the client sent anything more: refused, it seems; the answer is encrypted", first.Conv.Ends[1], diag.Count(len(list), "login"), diag.List(clients(list), 3))
	f.RuledOut = []string{"the network: the server answered the login", "a client that had enough: the server closed first"}
	f.Fix = []string{"look at the error log of the server (ERRORLOG) at that second: it has the number, the state and the reason"}
	return f
}

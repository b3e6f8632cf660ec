// Package tds holds the diagnoses of connections of SQL Server: how they are opened, and queries that are taken back.
package tds

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{LoginTimeline, LoginError, Cancelled, RedirectBlocked} }

// logins are those of the case, in order of their first request.
func logins(in *diag.Input) []*login.Login { return login.Of(in.Requests, in.Conversations.At) }

func source(l *login.Login) int { return l.Conv.Source }

func moment(l *login.Login, m request.Mark) flow.Moment {
	return flow.Moment{Pos: trace.Pos{Source: source(l), Number: m.Number}, Time: m.Time}
}

// interval is the time from the SYN to the last step, or to the end that a side made.
func interval(l *login.Login) diag.Interval {
	last, _ := l.Last()
	to := moment(l, l.At[last])
	if end, _ := diag.Ending(l.Conv); end.Seen() && !l.Answered() {
		to = end
	}
	return diag.Interval{From: moment(l, l.Begin), To: to}
}

// sides are the words for the ends of a connection.
var sides = [2]string{"the client", "the server"}

// timeline is the steps of a login as facts, with the record, the time since the step before, and who sent it.
func timeline(l *login.Login) (out []diag.Fact) {
	for s := range login.Steps {
		if !l.At[s].Seen() {
			continue
		}
		who := sides[1]
		if s.ByClient() {
			who = sides[0]
		}
		text := fmt.Sprintf("frame %d, %s", l.At[s].Number, who)
		if ns, ok := l.Took(s); ok {
			text = fmt.Sprintf("frame %d, %s after %s", l.At[s].Number, who, diag.Duration(time.Duration(ns)))
		}
		title := s.String()
		if s == login.Accepted && l.Encrypted {
			title = "answer to the login, encrypted"
		}
		out = append(out, diag.Fact{Name: s.Code() + " " + title, Value: text})
	}
	if end, side := diag.Ending(l.Conv); end.Seen() {
		out = append(out, diag.Fact{Name: "closed by", Value: fmt.Sprintf("%s in frame %d", sides[side], end.Pos.Number)})
	}
	return out
}

// proof are the records of the steps of some logins, in order, 20 at most.
func proof(list []*login.Login) (out []trace.Pos) {
	const most = 20
	for _, l := range list {
		if len(out) >= most {
			break
		}
		for s := range login.Steps {
			if l.At[s].Seen() {
				out = append(out, moment(l, l.At[s]).Pos)
			}
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

// conversations are those of logins.
func conversations(list []*login.Login) (out []*flow.Conversation) {
	for _, l := range list {
		out = append(out, l.Conv)
	}
	return out
}

// clients are the addresses that logged in, in order, each once.
func clients(list []*login.Login) []string {
	return diag.Distinct(list, func(l *login.Login) string { return l.Conv.Ends[0].Addr().String() })
}

// filter shows the connections.
func filter(list []*login.Login) string {
	cs := conversations(list)
	return diag.Streams(cs, diag.EndpointFilter(cs[0].Ends[1], cs[0]))
}

// endpoint is a server in a source.
type endpoint struct {
	source int
	server netip.AddrPort
}

func endpointOf(l *login.Login) endpoint { return endpoint{source(l), l.Conv.Ends[1]} }

func intervals(list []*login.Login) (out []diag.Interval) {
	for _, l := range list {
		out = append(out, interval(l))
	}
	return out
}

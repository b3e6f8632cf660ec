package http

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
)

//go:embed errors.md
var errorsPage string

// Errors: a server answers requests with errors (H2).
var Errors = &diag.Rule{ID: "http.errors", Title: "a web server answers with errors", Page: errorsPage, Requests: true, Handshakes: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported", "cap.snaplen"}, Run: failures}

// A client is one of a server in a source.
type client struct {
	source int
	addr   netip.Addr
	server netip.AddrPort
	name   string
}

func clientOf(a diag.Ask, name string) client {
	return client{a.Talk.Source, a.Talk.Client, a.Talk.Server, name}
}

// grave are the errors of clients that a user feels, with what to do; others are notes.
var grave = map[uint32]string{
	403: "look at the rights of the user, and at filters in front of the application",
	408: "look for a client or a path that sends its request too slowly",
	413: "raise the limit of the server for bodies, or send less",
	429: "ask less often, or raise the limit of the server",
	431: "make the header smaller (cookies, Kerberos tickets of users in many groups), or raise the limit of the server",
}

func failures(in *diag.Input) (out []diag.Finding) {
	all := asks(in)
	let := diag.Latest(all, func(a diag.Ask) (client, bool) { return clientOf(a, a.Name), a.Answered() && a.Code != unauthorized })
	total := map[netip.AddrPort]int{}
	for _, a := range all {
		if a.Answered() {
			total[a.Talk.Server]++
		}
	}
	type failing struct {
		source int
		server netip.AddrPort
		code   uint32
	}
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (failing, bool) {
		fails := a.Answered() && a.Failed && a.Code != proxyRequired && !in.IsBehind(a.Request)
		switch {
		case a.Code == unauthorized: // the first step of a log on, where the next one is let in
			fails = fails && let[clientOf(a, a.Name)] <= a.Asked.Time
		case a.Code == notFound:
			fails = fails && !optional(a)
		case a.Code == http.StatusBadRequest: // one side speaks TLS, and the other does not: see tls.not_tls
			fails = fails && in.HandshakeOf(in.Conversations.At(a.Conv)) == nil
		}
		return failing{a.Talk.Source, a.Talk.Server, a.Code}, fails
	}) {
		out = append(out, failure(in, g, total[g[0].Talk.Server]))
	}
	return out
}

// optional reports whether programs ask for something without need.
func optional(a diag.Ask) bool {
	p := strings.ToLower(path(a))
	return slices.ContainsFunc([]string{"/favicon.ico", "/robots.txt", "/wpad.dat"}, func(end string) bool { return strings.HasSuffix(p, end) }) || strings.Contains(p, "apple-touch-icon")
}

func failure(in *diag.Input, list []diag.Ask, total int) diag.Finding {
	first, code := list[0], list[0].Code
	f := in.FindingOn(list, fmt.Sprintf("http.request || http.response.code == %d", code))
	f.Severity = diag.Note
	status := strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(int(code))))
	f.Summary = fmt.Sprintf("%v answered %d of %s with %s: %s", first.Talk.Server, len(list), diag.Count(total, "HTTP request"), status, names(list))
	f.Facts = []diag.Fact{{Name: "first in frame", Value: fmt.Sprint(first.Last.Number)}, {Name: "clients", Value: diag.ClientsOf(list)}}
	f.RuledOut = []string{"the network: the answers came"}
	f.Fix = []string{"look at the log of the application at those times"}
	switch fix, felt := grave[code]; {
	case code >= serverError:
		f.Severity = diag.Warning
		f.RuledOut = append(f.RuledOut, "the client: the server says that the fault is its own")
	case felt:
		f.Severity, f.Fix = diag.Warning, []string{fix}
	case code == unauthorized:
		f.Severity = diag.Warning
		f.RuledOut = append(f.RuledOut, "the first step of a log on: the same client was not let in later")
		f.Fix = []string{"look at the user's name and password, and at what kinds of authentication both sides know"}
	}
	return f
}

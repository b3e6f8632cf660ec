package krb

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

//go:embed no_kdc.md
var noKDCPage string

// NoKDC: a key distribution centre does not answer over UDP (K8).
var NoKDC = &diag.Rule{ID: "krb.no_kdc", Title: "a key distribution centre does not answer", Page: noKDCPage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"}}

func init() { NoKDC.Run = noKDC } // Run names the rule: a literal would be a cycle

const (
	// tries are how many datagrams without an answer are no loss.
	tries = 3
	// silence is how long an answer must have been missing.
	silence = 2 * time.Second
	// instead is how soon a client asks another server after the last try.
	instead = 10 * time.Second
)

func noKDC(in *diag.Input) (out []diag.Finding) {
	type server struct {
		source int
		addr   netip.Addr
	}
	all := asks(in)
	serverOf := func(a diag.Ask) server { return server{a.Talk.Source, a.Talk.Server.Addr()} }
	answered := diag.Latest(all, func(a diag.Ask) (server, bool) { return serverOf(a), a.First.Seen() })
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (server, bool) {
		_, ever := answered[serverOf(a)]
		return serverOf(a), !ever && a.Talk.Protocol == proto.Kerberos && !diag.ToMany(a.Talk.Server.Addr()) && !in.Withhold(NoKDC, in.Conversations.At(a.Conv))
	}) {
		if f, ok := silent(in, all, g); ok {
			out = append(out, f)
		}
	}
	return out
}

func silent(in *diag.Input, all, list []diag.Ask) (f diag.Finding, ok bool) {
	sent := 0
	for _, a := range list {
		sent += 1 + int(a.Repeats)
	}
	first := list[0].Talk
	begin, end := first.Moment(list[0].Asked), last(list)
	waited, timed := in.Elapsed(begin, in.End(first.Source))
	if sent < tries || timed && (waited < silence || end.Time-begin.Time < int64(silence)/2) {
		return f, false
	}
	f = in.FindingOn(list, kerberosLayer)
	f.Severity = diag.Error
	if !in.Hears(first.Source, first.Client) {
		f.Confidence = min(f.Confidence, diag.Likely)
	}
	f.Summary = fmt.Sprintf("%v answers none of %s of %s over UDP", first.Server, diag.Count(sent, "request"), diag.ClientsOf(list))
	if other, found := another(all, list, end); found {
		f.Severity = diag.Warning
		end = other.Talk.Moment(other.Asked)
		f.Summary += fmt.Sprintf("; then %v answers", other.Talk.Server.Addr())
	}
	in.Charge(&f, []diag.Interval{{From: begin, To: end}})
	f.RuledOut = []string{"a lost datagram: none of them was answered, and the server answers no other one in this capture"}
	f.Fix = []string{"is the domain controller up, and does port 88 pass? Take one that is gone out of DNS (SRV records _kerberos._udp and _kerberos._tcp) and of the client's configuration"}
	f.Record = []diag.RecordAt{{Addr: first.Server.Addr(), Question: "do the requests arrive, and does an answer leave?"}}
	return f, true
}

// last is the last time that one of the questions was asked.
func last(list []diag.Ask) (m flow.Moment) {
	for _, a := range list {
		for _, at := range [...]request.Mark{a.Asked, a.Again} {
			if at.Seen() && (!m.Seen() || at.Time > m.Time) {
				m = a.Talk.Moment(at)
			}
		}
	}
	return m
}

// another is the first request of the same client that another server answers soon after.
func another(all, list []diag.Ask, end flow.Moment) (found diag.Ask, ok bool) {
	for _, a := range all {
		since := time.Duration(a.Asked.Time - list[0].Asked.Time)
		late := time.Duration(a.Asked.Time - end.Time)
		if a.Talk.Source != list[0].Talk.Source || a.Talk.Client != list[0].Talk.Client || !a.First.Seen() || since <= 0 || late > instead {
			continue
		}
		if late > 0 && (!ok || a.Asked.Time < found.Asked.Time) {
			found, ok = a, true
		}
	}
	return found, ok
}

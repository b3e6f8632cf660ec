package tds

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed redirect_blocked.md
var redirectBlockedPage string

// RedirectBlocked: SQL Server routes a login to where the client cannot connect (M10).
var RedirectBlocked = &diag.Rule{ID: "tds.redirect_blocked", Title: "the server that SQL Server routes a login to cannot be reached", Page: redirectBlockedPage, Requests: true, WithheldBy: []string{"cap.oneway"}, Run: redirectBlocked}

func redirectBlocked(in *diag.Input) (out []diag.Finding) {
	for _, u := range in.ClosedPorts(proto.TDS) {
		f := u.Finding(in)
		by := u.By[0]
		f.Summary = fmt.Sprintf("%v accepted the login of %s and routed it to %s (%v), which %s", by.Talk.Server, u.Clients(), by.Answer.Text, u.Server, u.Outcome())
		if by.Guessed {
			f.Confidence = diag.Likely
		}
		f.RuledOut = []string{
			"the first server and the login: it was accepted there",
			"an attempt for another reason: it follows the routing within a minute, and none to that port succeeded",
		}
		f.Fix = []string{
			fmt.Sprintf("let TCP %d to %v pass wherever TCP %d to the first server does", u.Server.Port(), u.Server.Addr(), by.Talk.Server.Port()),
			"read-only routing of an availability group: READ_ONLY_ROUTING_URL of the replica must name a host and a port that clients reach; Azure SQL with the policy Redirect needs ports 11000 to 11999 (or the policy Proxy)",
		}
		if u.Refused > 0 {
			f.Fix[0] = fmt.Sprintf("does the instance at %v run, and does it listen on port %d?", u.Server.Addr(), u.Server.Port())
		}
		f.Record = []diag.RecordAt{{Addr: u.Server.Addr()}}
		f.Filter = u.Filter(fmt.Sprintf("tcp.port == %d", by.Talk.Server.Port()))
		if by.Talk.Server.Addr() != u.Server.Addr() {
			f.Filter = diag.AnyOf(f.Filter, diag.EndpointFilter(by.Talk.Server, by.Talk.Conversations[0]))
		}
		out = append(out, f)
	}
	return out
}

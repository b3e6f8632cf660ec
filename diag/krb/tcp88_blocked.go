package krb

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed tcp88_blocked.md
var tcpBlockedPage string

// TCPBlocked: a ticket is too long for a datagram, and TCP is blocked (K6).
var TCPBlocked = &diag.Rule{ID: "krb.tcp88_blocked", Title: "a ticket is too long for UDP, and TCP port 88 cannot be reached", Page: tcpBlockedPage, Requests: true, Run: tcpBlocked}

func tcpBlocked(in *diag.Input) (out []diag.Finding) {
	for _, u := range in.ClosedPorts(proto.Kerberos) {
		f := u.Finding(in)
		f.Summary = fmt.Sprintf("the answer of %v to %s is too long for UDP, and it sent them to TCP port %d, which %s", u.By[0].Talk.Server.Addr(), u.Clients(), u.Server.Port(), u.Outcome())
		f.RuledOut = []string{"a domain controller that is down: it answered over UDP", "a ticket that was got over TCP: no connection to that port succeeded"}
		f.Fix = []string{"let TCP port 88 pass, on the path and at the domain controller: a firewall that has UDP only fails for users with many groups", "until then, a user in fewer groups has a shorter ticket"}
		f.Record = []diag.RecordAt{{Addr: u.Server.Addr()}}
		f.Filter = u.Filter("udp.port == 88")
		out = append(out, f)
	}
	return out
}

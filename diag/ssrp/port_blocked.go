package ssrp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed port_blocked.md
var portBlockedPage string

// PortBlocked: SQL Browser names a port at which the client cannot connect (M3).
var PortBlocked = &diag.Rule{ID: "ssrp.port_blocked", Title: "the port that SQL Browser names cannot be reached", Page: portBlockedPage, Requests: true, Run: portBlocked}

func portBlocked(in *diag.Input) (out []diag.Finding) {
	for _, u := range in.ClosedPorts(proto.SSRP) {
		f := u.Finding(in)
		instance := ""
		if name := u.By[0].Answer.Name; name != "" {
			instance = fmt.Sprintf(" for instance %q", name)
		}
		port := u.Server.Port()
		f.Summary = fmt.Sprintf("SQL Browser at %v sent %s to port %d%s, which %s", u.By[0].Talk.Server, u.Clients(), port, instance, u.Outcome())
		f.RuledOut = []string{"SQL Browser and its port: it answered", "an older answer: the attempts follow it within a minute, and none to that port succeeded"}
		f.Fix = []string{fmt.Sprintf("give the instance a fixed port and let TCP %d pass where the attempts end: a dynamic port changes with each start", port)}
		if u.Refused > 0 {
			f.Fix = []string{"is the instance running, with TCP enabled, and on this port? Restart SQL Browser when it tells an old one"}
		}
		f.Record = []diag.RecordAt{{Addr: u.Server.Addr()}}
		f.Filter = u.Filter("udp.port == 1434")
		out = append(out, f)
	}
	return out
}

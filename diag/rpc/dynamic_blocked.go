package rpc

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed dynamic_blocked.md
var dynamicBlockedPage string

// DynamicBlocked: the endpoint mapper names a port at which the client cannot connect (K15).
var DynamicBlocked = &diag.Rule{ID: "rpc.dynamic_blocked", Title: "the port that the endpoint mapper names cannot be reached", Page: dynamicBlockedPage, Requests: true, Run: dynamicBlocked}

func dynamicBlocked(in *diag.Input) (out []diag.Finding) {
	for _, u := range in.ClosedPorts(proto.DCERPC) {
		f := u.Finding(in)
		port := u.Server.Port()
		f.Summary = fmt.Sprintf("the endpoint mapper at %v sent %s to port %d, which %s", u.By[0].Talk.Server, u.Clients(), port, u.Outcome())
		f.RuledOut = []string{"the endpoint mapper and its port: it answered", "an older answer: the attempts follow it within a minute, and none to that port succeeded"}
		f.Fix = []string{
			"let the dynamic ports of RPC pass where the attempts end (TCP 49152 to 65535 on Windows since Vista), or give the service a fixed port and let that pass",
		}
		if u.Refused > 0 {
			f.Fix = []string{"is the service running? The endpoint mapper may name a port of one that has stopped; restart it"}
		}
		f.Record = []diag.RecordAt{{Addr: u.Server.Addr()}}
		f.Filter = u.Filter(fmt.Sprintf("tcp.port == %d", u.By[0].Talk.Server.Port()))
		out = append(out, f)
	}
	return out
}

package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed port_exhaustion.md
var exhaustionPage string

// PortExhaustion: the host has no port left to connect from (E14).
var PortExhaustion = &diag.Rule{ID: "host.port_exhaustion", Title: "no local port is left to connect from", Page: exhaustionPage, Run: portExhaustion}

// outOfPorts reports whether the stack had no port left for a call that leaves the choice of the port to it.
func outOfPorts(c *session.Call) bool {
	return failedWith(c, statusTooManyAddresses) && (isConnect(c) || c.Role == session.RoleBind && c.Address.Port() == 0)
}

func portExhaustion(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	for _, list := range diag.GroupsOf(in.Session.Calls, func(c *session.Call) (int, bool) { return c.Socket.Source, outOfPorts(c) }) {
		out = append(out, exhausted(in, list))
	}
	return out
}

func exhausted(in *diag.Input, list []*session.Call) diag.Finding {
	source := list[0].Socket.Source
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Proven, Source: source, Count: len(list), Where: exits(list)}
	who := diag.Distinct(list, func(c *session.Call) string { return owner(c.Socket.Process) })
	if len(who) == 1 {
		f.Process = list[0].Socket.Process
	}
	f.Summary = fmt.Sprintf("the host had no port left for %s of %s: %s", diag.Count(len(list), "call"), diag.List(who, 3), list[0].StatusName())
	if to := targets(list); len(to) > 0 {
		f.Summary += ", to " + diag.List(to, 3)
	}
	if holders := holding(in.Session.Sockets, source, list[0].Exit); len(holders) > 0 {
		f.Facts = []diag.Fact{{Name: "open sockets that the trace knows of at the first of them", Value: diag.List(holders, 5)}}
	}
	f.RuledOut = []string{"a port that somebody else has: the calls left the choice of the port to the stack", "the network: the calls failed on this host"}
	f.Fix = []string{
		"find the process that holds the ports (netstat -anoq; Get-NetTCPConnection | group OwningProcess, State): connections that are never closed, or opened and closed for each request",
		"let it keep its connections and use them again (a pool, HTTP keep-alive)",
		"widen the range for the time being: netsh int ipv4 show dynamicport tcp, netsh int ipv4 set dynamicport tcp start=10000 num=55536",
	}
	if list[0].System == session.Linux {
		f.Fix = []string{
			"find the process that holds the ports (ss -tanp, ss -s): connections that are never closed, or opened and closed for each request, which stay in TIME-WAIT",
			"let it keep its connections and use them again (a pool, HTTP keep-alive)",
			"widen the range for the time being: sysctl net.ipv4.ip_local_port_range",
		}
	}
	return f
}

// targets are the addresses that calls were to connect to, each once.
func targets(list []*session.Call) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(c *session.Call) bool { return !isConnect(c) || !c.Address.IsValid() })
	return diag.Distinct(list, func(c *session.Call) string { return c.Address.String() })
}

// holding are the processes with the sockets that they have open at a moment, the most first.
func holding(list []*session.Socket, source int, at flow.Moment) (out []string) {
	count := map[*session.Process]int{}
	var order []*session.Process
	for _, s := range list {
		if s.Source != source || s.Listening || after(s.Opened, at) || s.Closed.Seen() && !after(s.Closed, at) {
			continue
		}
		if count[s.Process] == 0 {
			order = append(order, s.Process)
		}
		count[s.Process]++
	}
	slices.SortStableFunc(order, func(a, b *session.Process) int { return cmp.Compare(count[b], count[a]) })
	for _, p := range order {
		out = append(out, fmt.Sprintf("%d of %s", count[p], owner(p)))
	}
	return out
}

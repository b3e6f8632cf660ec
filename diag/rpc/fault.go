package rpc

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed fault.md
var faultPage string

// Fault: a server refuses remote procedure calls (K16).
var Fault = &diag.Rule{ID: "rpc.fault", Title: "a server refuses remote procedure calls", Page: faultPage, Requests: true, Run: fault}

// A meaning is what a status says to a user.
type meaning struct{ says, fix string }

// statuses are those of faults (C706, appendix E; [MS-RPCE] 3.1.1.5.5; [MS-ERREF] 2.2). Those that are not listed are results of the called procedure.
var statuses = map[uint32]meaning{
	0x00000005: {"access is denied", "look at the rights of the account that the client uses, and at what the interface demands: signing, encryption, a kind of authentication"},
	0x00000721: {"the protection of the message is wrong", "look at the clocks, at the keys of both computers, and at devices that change packets"},
	0x000006be: {"the call failed at the server", "look at the log of the service"},
	0x000006f7: {"the server does not understand the arguments", "look at the versions of client and server"},
	0x1c010002: {"the interface has no such operation", "look at the versions of client and server"},
	0x1c010003: {"nobody serves the interface there", "is the service running? Start it, and look whether the endpoint mapper names another port"},
	0x1c010014: {"the server is too busy", "look at the load of the server"},
	0x1c00001a: {"the context of the client is gone", "the service was restarted, or forgot the client: let it begin again"},
	0x1c00001d: {"the server demands more protection", "let the client sign or encrypt its calls (packet integrity, packet privacy); look at the policy of the server"},
}

// bindFault is what a refused bind means.
var bindFault = meaning{"it does not offer the interface on this port, or not in this way", "is the service running, and is the port that of this interface? Look at the authentication that the client asks for"}

func fault(in *diag.Input) (out []diag.Finding) {
	type refusal struct {
		source int
		server netip.AddrPort
		status string
	}
	type call struct {
		source         int
		client, server netip.Addr
		command, name  string
	}
	callOf := func(a diag.Ask) call {
		return call{a.Talk.Source, a.Talk.Client, a.Talk.Server.Addr(), a.Command, a.Name}
	}
	all := in.Asks(proto.DCERPC)
	done := diag.Latest(all, func(a diag.Ask) (call, bool) { return callOf(a), a.Answered() && !a.Failed })
	for _, g := range diag.GroupsOf(all, func(a diag.Ask) (refusal, bool) {
		k := refusal{a.Talk.Source, a.Talk.Server, a.Status}
		_, known := meaningOf(a)
		return k, a.Answered() && a.Failed && known && done[callOf(a)] <= a.Asked.Time
	}) {
		m, _ := meaningOf(g[0])
		f := in.FindingOn(g, "dcerpc")
		f.Severity = diag.Warning
		f.Summary = fmt.Sprintf("%v refused %s of %s with %s: %s", g[0].Talk.Server, diag.Count(len(g), "call"), diag.ClientsOf(g), g[0].Status, m.says)
		if names := diag.NamesOf(g, func(a diag.Ask) string { return a.Name }); names != "" {
			f.Summary += ": " + names
		}
		f.RuledOut = []string{"a first try: no later call of the same client to the same procedure succeeded"}
		f.Fix = []string{m.fix}
		out = append(out, f)
	}
	return out
}

// meaningOf is what a failure means; false for one that is the result of a procedure.
func meaningOf(a diag.Ask) (meaning, bool) {
	if a.Command == "Bind" || a.Command == "Alter Context" {
		return bindFault, a.Name != ""
	}
	m, ok := statuses[a.Code]
	return m, ok
}

// Package ssrp holds the diagnoses of SQL Server Browser, which tells clients
// where an instance of SQL Server listens ([MC-SQLR]).
package ssrp

import (
	"cmp"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{NoReply, OtherAddress, PortBlocked, NoInstance, Slow} }

// talks are those of the protocol, by client and server.
func talks(in *diag.Input) (out []*diag.Talk) {
	for _, t := range in.Talks() {
		if t.Protocol == proto.SSRP {
			out = append(out, t)
		}
	}
	return out
}

// patience is how long a client waits for an answer (SqlClient).
const patience = time.Second

// waits are the times in which the client of some queries of one source waited for nothing: from each to the next, a second at most.
func waits(list []*request.Request) []diag.Interval {
	if len(list) == 0 {
		return nil
	}
	return (&diag.Talk{Source: list[0].Source}).Waits(list, patience)
}

// instances are the names of instances that queries ask for, in order, each once.
func instances(list []*request.Request) []string {
	return diag.Distinct(list, func(r *request.Request) string { return r.Name })
}

// conversations are those of queries, each once.
func conversations(in *diag.Input, list []*request.Request) (out []*flow.Conversation) {
	known := map[int]bool{}
	for _, r := range list {
		if !known[r.Conv] {
			known[r.Conv] = true
			out = append(out, in.Conversations.At(r.Conv))
		}
	}
	return out
}

// shown are the records of the first bytes of questions and answers, in order, as many as a finding has.
func shown(source int, list []*request.Request) (out []trace.Pos) {
	const most = 10
	for _, r := range list[:min(len(list), most)] {
		for _, m := range [...]request.Mark{r.Asked, r.First} {
			if m.Seen() {
				out = append(out, trace.Pos{Source: source, Number: m.Number})
			}
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

// byName is what to do when nobody need ask: it helps against every fault of the Browser.
const byName = "or name the port of the instance in the connection (tcp:host,port, or an alias): then SQL Browser is not asked"

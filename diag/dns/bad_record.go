package dns

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed bad_record.md
var badRecordPage string

// BadRecord: one of several addresses of a name is dead (D11).
var BadRecord = &diag.Rule{ID: "dns.bad_record", Title: "one of several addresses of a name is dead", Page: badRecordPage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"}}

func init() { BadRecord.Run = badRecord } // Run names the rule: a literal would be a cycle

func badRecord(in *diag.Input) (out []diag.Finding) {
	type member struct {
		source int
		bad    netip.AddrPort
	}
	for _, g := range diag.GroupsOf(in.BadRecords(), func(b *diag.BadRecord) (member, bool) {
		return member{b.Source, b.Bad}, !in.Withhold(BadRecord, b.Failed[0])
	}) {
		out = append(out, dead(in, g))
	}
	return out
}

func dead(in *diag.Input, list []*diag.BadRecord) diag.Finding {
	first := list[0]
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Likely, Source: first.Source, Host: first.Bad.Addr().String()}
	var where []flow.Moment
	var waits []diag.Interval
	refused := 0
	for _, b := range list {
		where = append(where, b.Asked.Talk.Moment(b.Asked.First))
		for _, c := range b.Failed {
			end := c.TCP.LastSYN
			switch {
			case c.TCP.RST.Seen():
				end = c.TCP.RST
			case c.ICMP != nil:
				end = c.ICMP.At
			}
			where, waits = append(where, c.TCP.SYN, end), append(waits, diag.Interval{From: c.TCP.SYN, To: end, Conv: c})
		}
		f.Conversations, f.Count, refused = append(f.Conversations, b.Failed...), f.Count+len(b.Failed), refused+b.Refused
		where = append(where, b.Works[0].TCP.SYN)
	}
	in.Charge(&f, waits)
	f.Where = diag.Places(where...)
	f.Filter = diag.AnyOf(diag.Streams(f.Conversations, diag.EndpointFilter(first.Bad, first.Failed[0])), diag.Frames(where...))
	how, others := "did not answer", "did"
	if refused == f.Count {
		how, others = "refused", "did not"
	}
	clients := diag.List(diag.Distinct(list, func(b *diag.BadRecord) string { return b.Client.String() }), 3)
	good := diag.Distinct(first.Good, netip.Addr.String)
	connect := "connect"
	if len(good) == 1 {
		connect = "connects"
	}
	f.Summary = fmt.Sprintf("%v, one of the %d addresses of %s, %s %d of %s of %s to connect to port %d, while the others %s: %s %s",
		first.Bad.Addr(), len(first.Addrs), first.Name, how, f.Count, diag.Count(f.Count, "attempt"), clients, first.Bad.Port(), others, diag.List(good, 3), connect)
	f.Facts = []diag.Fact{{Name: "refused", Value: fmt.Sprintf("%d of %d", refused, f.Count)}, {Name: "told by", Value: fmt.Sprintf("%v in frame %d", first.Asked.Talk.Server, first.Asked.First.Number)}}
	f.RuledOut = []string{"a service that is down: other addresses of the name answer on the same port", "the moment: no attempt at this address worked in the capture"}
	f.Fix = []string{
		fmt.Sprintf("look at %v: does the service run there, does a firewall pass the port from here? If it is gone, take its record out of DNS", first.Bad),
		"let a check of the service put addresses into DNS and take them out, or put a load balancer in front",
		"clients that try addresses one after the other wait for each dead one: those of SQL Server have MultiSubnetFailover=True, which tries all at once",
	}
	return f
}

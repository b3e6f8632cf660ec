package host

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
)

//go:embed no_endpoint.md
var noEndpointPage string

// NoEndpoint: packets come for a port that nobody listens on (E5).
var NoEndpoint = &diag.Rule{ID: "host.no_endpoint", Title: "packets come for a port that nobody listens on", Page: noEndpointPage, Run: noEndpoint}

// scanned is how many ports of a host that nobody listens on are a scan when one other host asks for them.
const scanned = 20

// nobodyListens reports whether a drop is of an attempt to reach a port that has no socket.
func nobodyListens(d *session.Drop) bool {
	if !diag.NoSocket(d.Reason) || d.Packets == 0 {
		return false
	}
	to := targetOf(d)
	if !to.IsValid() || to.Addr().IsMulticast() || to.Addr() == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	if c := d.Conv; c != nil {
		return c.Ends[1] == to && (c.Proto == proto.UDP || c.TCP != nil && !c.TCP.Established)
	}
	return d.SYNs > 0
}

// targetOf is what a dropped packet was sent to, as far as it is known.
func targetOf(d *session.Drop) netip.AddrPort {
	if d.To.IsValid() || d.Conv == nil {
		return d.To
	}
	return d.Conv.Ends[1]
}

func noEndpoint(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	type place struct {
		source int
		to     netip.AddrPort
	}
	groups := diag.GroupsOf(in.Session.Drops, func(d *session.Drop) (place, bool) {
		return place{d.Source, targetOf(d)}, nobodyListens(d)
	})
	many := len(groups) >= scanned
	for _, list := range groups {
		f := unheard(in, list)
		if many {
			f.Severity, f.Cost, f.Lost = diag.Note, 0, nil
		}
		out = append(out, f)
	}
	return out
}

func unheard(in *diag.Input, list []*session.Drop) diag.Finding {
	to := targetOf(list[0])
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Proven, Source: list[0].Source, Host: to.Addr().String()}
	n, where := packets(list)
	f.Count, f.Where = countOf(n), where
	var waits []diag.Interval
	var clients []string
	for _, d := range list {
		from := d.From
		if c := d.Conv; c != nil {
			from = c.Ends[0]
			if !slices.Contains(f.Conversations, c) {
				f.Conversations = append(f.Conversations, c)
			}
			if t := c.TCP; t != nil {
				end := t.LastSYN
				if t.RST.Seen() {
					end = t.RST
					f.Where = append(f.Where, t.RST.Pos)
				}
				waits = append(waits, diag.Interval{From: t.SYN, To: end})
			}
		}
		if a := from.Addr().String(); from.IsValid() && !slices.Contains(clients, a) {
			clients = append(clients, a)
		}
	}
	f.Summary = fmt.Sprintf("nobody listens on %v: the host refused %s of %s (%s)", to, diag.Count(n, "packet"), diag.List(clients, 3), list[0].Reason)
	slices.SortFunc(f.Where, inOrder)
	f.Where = slices.Compact(f.Where)
	in.Charge(&f, waits)
	if at := elsewhereListening(in.Session, list[0].Source, to); len(at) > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "sockets that listen on this port at another address", Value: diag.List(at, 3)})
	}
	f.RuledOut = []string{"a firewall or a loss: the packets came up to the stack, which had no socket for them"}
	f.Fix = []string{"start the service, or look at the address and port that it listens on: ss -lntup, netstat -ano"}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}

// elsewhereListening are the sockets that listen on the port of a target and not on its address.
func elsewhereListening(s *session.Session, source int, to netip.AddrPort) (out []string) {
	for _, k := range s.Sockets {
		if k.Source == source && k.Listening && !k.Closed.Seen() && k.Local.Port() == to.Port() && k.Local.Addr() != to.Addr() {
			out = append(out, fmt.Sprintf("%v of %s", k.Local, owner(k.Process)))
		}
	}
	return out
}

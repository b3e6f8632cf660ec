package tls

import (
	_ "embed"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

//go:embed revocation_wait.md
var revocationPage string

// RevocationWait: a side waits for what tells of revoked certificates before it goes on (S13).
var RevocationWait = &diag.Rule{
	ID: "tls.revocation_wait", Title: "a handshake waits for a list of revoked certificates", Page: revocationPage, Handshakes: true, Requests: true,
	WithheldBy: []string{"cap.time.backwards", "cap.time.coarse", "cap.gaps"},
}

func init() { RevocationWait.Run = runRevocation }

// A lookup is something that a host asked others while it may have checked a certificate.
type lookup struct {
	by       netip.Addr
	source   int
	from, to flow.Moment // to is not seen when no answer came
	host     string      // that it is about: a name, or an address
	what     string      // in words
	conv     *flow.Conversation
}

// lookups are those of an analysis by who asks.
type lookups struct{ all []lookup }

// lookupsOf are the questions for names, the requests for lists and the connections that were never made.
func lookupsOf(in *diag.Input) (out *lookups) {
	out = &lookups{}
	if !slices.ContainsFunc(in.Handshakes, maySlow) {
		return out
	}
	names := map[netip.Addr]string{}
	for i := range in.Requests {
		r := &in.Requests[i]
		for _, a := range r.Addrs {
			names[a] = strings.TrimSuffix(strings.ToLower(r.Name), ".")
		}
	}
	for i := range in.Requests {
		r := &in.Requests[i]
		if r.Protocol != proto.DNS && r.Protocol != proto.DNSStream && r.Protocol != proto.HTTP {
			continue
		}
		c := in.Conversations.At(r.Conv)
		l := lookup{by: c.Ends[r.Dir].Addr(), source: c.Source, from: at(c, r.Asked), conv: c}
		if r.First.Seen() {
			l.to = at(c, r.First)
		}
		if r.Protocol == proto.HTTP {
			l.host, l.what = names[c.Ends[1-r.Dir].Addr()], "an HTTP request to "+c.Ends[1-r.Dir].String()
			if l.host == "" {
				l.host = c.Ends[1-r.Dir].Addr().String()
			} else {
				l.what = "an HTTP request to " + l.host
			}
		} else {
			l.host = strings.TrimSuffix(strings.ToLower(r.Name), ".")
			l.what = "a DNS query for " + l.host
		}
		out.all = append(out.all, l)
	}
	for c := range in.Conversations.With(flow.OneSided) {
		host := names[c.Ends[1].Addr()]
		if c.TCP == nil || host == "" {
			continue
		}
		out.all = append(out.all, lookup{by: c.Ends[0].Addr(), source: c.Source, from: c.First, host: host, what: fmt.Sprintf("connections to %s (%v)", host, c.Ends[1]), conv: c})
	}
	return out
}

func at(c *flow.Conversation, m request.Mark) flow.Moment {
	return flow.Moment{Pos: trace.Pos{Source: c.Source, Number: m.Number}, Time: m.Time}
}

// during is a lookup of the side that is waited for, about a host that tells of revoked certificates, that began in the wait and took most of it; nil without one.
// An answer that came long before the side went on delayed nothing.
func (l *lookups) during(in *diag.Input, o *opening) *lookup {
	w, took, ok := longest(in, o)
	if !ok || w.from == handshake.HelloEnds {
		return nil
	}
	by, chain := o.client(), o.Chains[1]
	if w.server {
		by, chain = o.server().Addr(), o.Chains[0]
	}
	hosts := revocationHosts(chain)
	from, to := o.moment(o.At[w.from]), o.moment(o.At[w.to])
	for i := range l.all {
		one := &l.all[i]
		if one.by != by || one.source != o.Source || one.from.Time < from.Time || one.from.Time > to.Time || !tells(one.host, hosts) {
			continue
		}
		end := to
		if one.to.Seen() && one.to.Time < to.Time {
			end = one.to
		}
		if d, timed := in.Elapsed(one.from, end); timed && d*2 >= took {
			return one
		}
	}
	return nil
}

// revocationHosts are the hosts that certificates name for it.
func revocationHosts(chain []*certificate.Certificate) (out []string) {
	for _, c := range chain {
		for _, list := range [][]string{c.OCSP, c.CRLs} {
			for _, text := range list {
				if u, err := url.Parse(text); err == nil && u.Host != "" {
					out = append(out, strings.ToLower(u.Hostname()))
				}
			}
		}
	}
	return out
}

// tells reports whether a host is one of those that the certificates name, or, where none was seen, has the name of one.
func tells(host string, hosts []string) bool {
	if len(hosts) > 0 {
		return slices.Contains(hosts, host)
	}
	first, _, _ := strings.Cut(host, ".")
	return strings.HasPrefix(first, "ocsp") || strings.HasPrefix(first, "crl") || strings.HasPrefix(first, "status")
}

func runRevocation(in *diag.Input) (out []diag.Finding) {
	all := lookupsOf(in)
	type key struct {
		endpoint
		host string
	}
	list := slices.DeleteFunc(slowOnes(in, RevocationWait), func(o *opening) bool { return all.during(in, o) == nil })
	for _, g := range diag.Groups(list, func(o *opening) key { return key{o.endpoint(), all.during(in, o).host} }) {
		first := g[0]
		l := all.during(in, first)
		w, took, _ := longest(in, first)
		f := base(in, g)
		f.Severity, f.Confidence = diag.Warning, diag.Likely
		who := "the client"
		if w.server {
			who = "the server"
		}
		outcome := "which got no answer until then"
		if l.to.Seen() {
			outcome = "whose answer took as long"
		}
		f.Summary = fmt.Sprintf("%s of %s to %s: %s went on only after %s; meanwhile it waited for %s, %s", diag.Count(len(g), "handshake"), clients(g), named(first), who, diag.Duration(took), l.what, outcome)
		if len(revocationHosts(first.Chains[1]))+len(revocationHosts(first.Chains[0])) == 0 {
			f.Confidence = diag.Possible
			f.Facts = append(f.Facts, diag.Fact{Name: "host", Value: "the certificate was not seen: that it names this host follows from the host's name"})
		}
		f.Where = append(f.Where, l.from.Pos)
		f.Conversations = append(f.Conversations, l.conv)
		slices.SortFunc(f.Where, func(a, b trace.Pos) int { return int(a.Number - b.Number) })
		f.Filter = diag.AnyOf(f.Filter, diag.FrameFilter([]trace.Pos{l.from.Pos}))
		var times []diag.Interval
		for _, o := range g {
			times = append(times, diag.Interval{From: o.moment(o.At[w.from]), To: o.moment(o.At[w.to])})
		}
		f.Cost, _ = in.Waited(times)
		f.RuledOut = []string{"loss: no segment was sent again before that step ended", "the network between client and server: its round trip is " + diag.Duration(first.way(w.server))}
		f.Fix = []string{
			"let " + who + " reach " + l.host + " (port 80), also through the proxy that it uses",
			"or let the server staple the answer of OCSP, so that nobody has to ask",
		}
		out = append(out, f)
	}
	return out
}

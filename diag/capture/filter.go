package capture

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

//go:embed filter.md
var filterPage string

// Filter: a capture filter hides evidence (Q14).
var Filter = &diag.Rule{ID: "cap.filter", Title: "a capture filter hides evidence", Page: filterPage, Quality: true, Run: captureFilter}

const (
	// minBusy is how long, and busyRate how many packets a second, a network without ARP, ICMP and DNS is odd:
	// a host asks for its gateway's address anew within a minute.
	minBusy  = time.Minute
	busyRate = 10
)

// helpers are the packets that explain the others: of each kind, whether there is one.
type helpers struct {
	source               int
	arp, icmp, dns, cast bool
	hosts                int
}

// missing names the kinds that are not there.
func (h *helpers) missing() (out []string) {
	for _, k := range []struct {
		name string
		have bool
	}{{"ICMP", h.icmp}, {"DNS", h.dns}, {"ARP", h.arp}} {
		if !k.have {
			out = append(out, k.name)
		}
	}
	return out
}

// hiddenBy names the kinds that are not there and that all the filters leave out.
func (h *helpers) hiddenBy(filters []string) (out []string) {
	icmp, dns, arp := !h.icmp, !h.dns, !h.arp
	for _, f := range filters {
		i, d, a := hidden(f)
		icmp, dns, arp = icmp && i, dns && d, arp && a
	}
	return (&helpers{icmp: !icmp, dns: !dns, arp: !arp}).missing()
}

func captureFilter(in *diag.Input) []diag.Finding {
	suspects := map[int]*helpers{} // sources worth a look at all their conversations
	for i, s := range in.Sources {
		if len(filtersOf(s)) > 0 || busy(in, i) {
			suspects[i] = &helpers{source: i}
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	for i := range in.Recordings {
		if h := suspects[in.Recordings[i].Source]; h != nil {
			h.arp = h.arp || in.Recordings[i].NoNetwork > 0
		}
	}
	for _, host := range in.Hosts {
		if h := suspects[host.Source]; h != nil {
			h.host(host)
		}
	}
	for c := range in.Conversations.All() {
		if len(suspects) == 0 {
			break
		}
		if h := suspects[c.Source]; h != nil {
			h.add(c)
			if h.innocent(in) {
				delete(suspects, c.Source)
			}
		}
	}
	var out []diag.Finding
	for i, s := range in.Sources {
		h := suspects[i]
		if h == nil || !inTrouble(in, i) {
			continue
		}
		if f, ok := h.finding(in, s); ok {
			out = append(out, f)
		}
	}
	return out
}

func (h *helpers) host(host *flow.Host) {
	a := host.Addr
	h.cast = h.cast || a.IsMulticast() || a.Is4() && a.As4()[3] == 255
	if host.Sent.Packets > 0 {
		h.hosts++
	}
}

// innocent reports whether nothing is missing, or nothing that counts without a filter: then no further look is needed.
func (h *helpers) innocent(in *diag.Input) bool {
	missing := len(h.missing())
	return missing == 0 || len(filtersOf(in.Sources[h.source])) == 0 && (missing < 3 || h.cast)
}

func (h *helpers) add(c *flow.Conversation) {
	switch c.Proto {
	case proto.ICMP, proto.ICMPv6:
		h.icmp = true
	}
	for _, e := range c.Ends {
		h.dns = h.dns || e.Port() == 53
	}
	h.icmp = h.icmp || c.ICMP != nil
}

func (h *helpers) finding(in *diag.Input, s *trace.Info) (f diag.Finding, ok bool) {
	list, missing := filtersOf(s), h.missing()
	if len(list) > 0 {
		missing = h.hiddenBy(list)
	}
	f = diag.Finding{Severity: diag.Note, Source: h.source}
	switch {
	case len(missing) == 0 || h.hosts == 0:
		return f, false
	case len(list) > 0:
		f.Confidence = diag.Proven
		f.Summary = fmt.Sprintf("recorded with the filter %q: that there is no %s in it says nothing", strings.Join(list, "; "), strings.Join(missing, ", no "))
		f.Why = fmt.Sprintf("recorded with the filter %q", strings.Join(list, "; "))
	case len(missing) == 3 && !h.cast && h.hosts > 1 && busy(in, h.source):
		first, last := in.Spans[h.source].First, in.Spans[h.source].Last
		n := packetsOf(in, h.source)
		f.Confidence = diag.Possible
		f.Summary = fmt.Sprintf("no ARP, no ICMP, no DNS and no broadcast in %d packets over %s: a capture filter, or an extract of a larger capture, may hide the reason of a fault",
			n, diag.Duration(time.Duration(last-first)))
		f.Why = "a capture filter may hide ICMP and DNS"
	default:
		return f, false
	}
	f.Fix = []string{"record ICMP, DNS and ARP as well"}
	f.NextCapture = []string{"tcpdump -w next.pcap 'arp or icmp or icmp6 or port 53 or (YOUR FILTER)'"}
	return f, true
}

// inTrouble reports whether something in the source asks for a reason: a filter that hides nothing that anybody needs is no news.
func inTrouble(in *diag.Input, source int) bool {
	for c := range in.Conversations.With(flow.Troubled | flow.OneSided | flow.Reset) {
		if c.Source != source {
			continue
		}
		lost := c.Dir[0].Retransmissions + c.Dir[1].Retransmissions + c.Dir[0].Gaps + c.Dir[1].Gaps
		if lost > 0 || c.Dir[0].Packets == 0 || c.Dir[1].Packets == 0 || c.TCP.RST.Seen() {
			return true
		}
	}
	return false
}

// hidden are the kinds of helpers that a capture filter leaves out (pcap-filter(7), and what pktmon prints of its
// filters). A filter that names what it does not want, or a host, or alternatives to a port, is not read further: it hides little.
func hidden(filter string) (icmp, dns, arp bool) {
	words := strings.FieldsFunc(strings.ToLower(filter), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '!' })
	has := func(any ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
	}
	ports, transport := has("port", "ports", "portrange"), has("tcp", "udp", "sctp")
	switch {
	case strings.Contains(filter, "!") || has("not", "ether", "mac", "vlan") || !ports && !transport:
		return false, false, false
	case has("or") && has("host", "net"):
		return false, false, false
	}
	named := has("53", "domain")
	return !has("icmp", "icmp6"), !named && (ports || !has("udp")), !has("arp")
}

// filtersOf are the filters that a source says it was recorded with.
func filtersOf(s *trace.Info) []string {
	list := slices.Clone(s.Filters)
	for i := range s.Interfaces {
		if f := s.Interfaces[i].Filter; f != "" && !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// busy reports whether a source of Ethernet frames has so many packets for so long that ARP, ICMP or DNS must come by.
func busy(in *diag.Input, source int) bool {
	s := in.Sources[source]
	span := in.Spans[source]
	if s.Session != nil || s.Untimed || span.First == trace.NoTime || slices.ContainsFunc(s.Interfaces, func(i trace.Interface) bool { return i.Link != trace.LinkEthernet }) {
		return false
	}
	seconds := (span.Last - span.First) / int64(time.Second)
	return seconds >= int64(minBusy/time.Second) && packetsOf(in, source)/busyRate >= seconds
}

func packetsOf(in *diag.Input, source int) (n int64) {
	for i := range in.Recordings {
		if in.Recordings[i].Source == source {
			n += in.Recordings[i].Packets
		}
	}
	return n
}
